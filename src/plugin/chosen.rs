//! Which requests a command changes: by name, or by selector.

use super::failure::Failure;
use super::requests::{self, Selection};
use super::target::{Place, Target};
use super::view::View;
use std::collections::BTreeSet;

/// Requests, as they are named on the command line.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Chosen {
    /// Names of requests; or choose them with -l or --field-selector
    #[arg(value_name = "NAME", required_unless_present_any = ["selector", "field_selector"],
        conflicts_with_all = ["selector", "field_selector"])]
    pub(super) names: Vec<String>,
    #[command(flatten)]
    pub(super) selection: Selection,
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
