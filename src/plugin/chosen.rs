//! Which requests a command changes: by name, or by selector.

use super::failure::Failure;
use super::output::NAME_PREFIX;
use super::requests::{self, Selection};
use super::target::{Place, Target};
use super::view::View;
use crate::crd::schema::OBJECT_NAME_CHARACTERS_MAX;
use std::collections::BTreeSet;

/// What kubectl writes before the name of a request, and people type.
const KINDS: [&str; 4] = [NAME_PREFIX, "restockrequests", "restockrequest", "rr"];

/// Requests, as they are named on the command line.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Chosen {
    /// Names of requests; or choose them with -l or --field-selector
    #[arg(value_name = "NAME", value_parser = name, required_unless_present_any = ["selector", "field_selector"],
        conflicts_with_all = ["selector", "field_selector"])]
    pub(super) names: Vec<String>,
    #[command(flatten)]
    pub(super) selection: Selection,
}

/// The name of a request, also as `-o name` has it. One that no object can have is refused here:
/// the API server would take it for a path.
pub(super) fn name(text: &str) -> Result<String, String> {
    let name = match text.split_once('/') {
        None => text,
        Some((kind, name)) if KINDS.contains(&kind) => name,
        Some(_) => return Err("only restock requests are meant here".to_owned()),
    };
    let is_outer = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_name = name.starts_with(is_outer)
        && name.ends_with(is_outer)
        && name.len() <= OBJECT_NAME_CHARACTERS_MAX as usize
        && name.chars().all(|c| is_outer(c) || matches!(c, '-' | '.'));
    match is_name {
        true => Ok(name.to_owned()),
        false => Err("a name has small letters, digits, - and . only".to_owned()),
    }
}

impl Chosen {
    /// Whether it is one, by its name.
    pub(super) const fn is_one(&self) -> bool {
        self.names.len() == 1 && !self.selection.is_given()
    }

    /// The cluster, and namespace and name of each.
    pub(super) async fn look_up(
        &self,
        target: &Target,
    ) -> Result<(Place, Vec<(String, String)>), Failure> {
        if self.selection.is_given() {
            let place = target.place().await?;
            let named = |view: View| (view.namespace(), view.name());
            let selected = requests::all(&place, &self.selection, named).await?;
            return Ok((place, selected));
        }
        let (place, namespace) = target.namespace_of_names().await?;
        // One that is named twice is one.
        let mut seen = BTreeSet::new();
        let names = self.names.iter().filter(|name| seen.insert(*name));
        let named = names.map(|name| (namespace.clone(), name.clone()));
        Ok((place, named.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::output::full_name;

    #[test]
    fn a_name_is_taken_as_it_is_printed() {
        for text in ["rr-a.b", "rr/rr-a.b", "restockrequests/rr-a.b"] {
            assert_eq!(name(text).unwrap(), "rr-a.b");
        }
        assert_eq!(name(&full_name("by-hand")).unwrap(), "by-hand");
        let long = "a".repeat(OBJECT_NAME_CHARACTERS_MAX as usize + 1);
        for wrong in [
            "", "A", "a b", "-a", "a/", "pod/a", "a/b/c", "..", "재고", &long,
        ] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
    }
}
