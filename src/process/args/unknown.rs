//! Finds `RESTOCK_*` variables that nobody reads.

use clap::Command;
use std::collections::BTreeSet;
use std::ffi::OsString;

/// Variables with this prefix are ours; all others belong to someone else.
const PREFIX: &str = "RESTOCK_";

/// Below this likeness (Jaro-Winkler, 0 to 1) a guess would be noise.
const LIKENESS_MIN: f64 = 0.85;

/// A message about each of `names` that is ours but belongs to no argument of any
/// sub-command; `None` when there is nothing to say.
///
/// The command tree itself is the list of what is known, those of other roles included:
/// one set of variables may be given to all of them.
pub(super) fn describe(command: &Command, names: impl Iterator<Item = OsString>) -> Option<String> {
    let mut known = BTreeSet::new();
    collect(command, &mut known);
    let complaints: BTreeSet<String> = names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.starts_with(PREFIX) && !known.contains(name))
        .map(|name| complain(&name, &known))
        .collect();
    (!complaints.is_empty()).then(|| complaints.into_iter().collect::<Vec<_>>().join("\n"))
}

fn collect(command: &Command, known: &mut BTreeSet<String>) {
    let variables = command.get_arguments().filter_map(clap::Arg::get_env);
    known.extend(variables.map(|name| name.to_string_lossy().into_owned()));
    for role in command.get_subcommands() {
        collect(role, known);
    }
}

fn complain(name: &str, known: &BTreeSet<String>) -> String {
    // Kubernetes adds these for each Service; the chart turns them off.
    if name.contains("_SERVICE_") || name.contains("_PORT") {
        return format!(
            "unknown environment variable {name}: it looks like a Kubernetes service link; \
             set enableServiceLinks: false in the pod"
        );
    }
    let likeness =
        |other: &&String| strsim::jaro_winkler(&name[PREFIX.len()..], &other[PREFIX.len()..]);
    let best = known
        .iter()
        .filter(|other| other.starts_with(PREFIX))
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
        .filter(|other| likeness(other) >= LIKENESS_MIN);
    match best {
        Some(other) => format!("unknown environment variable {name}: did you mean {other}?"),
        None => format!(
            "unknown environment variable {name}: unset it; docs/configuration.md has all there are"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Arg;

    fn about(names: &[&str]) -> Option<String> {
        let arg = |name: &'static str| Arg::new(name).long(name).env(name);
        let command = Command::new("test")
            .arg(arg("RESTOCK_LOG_FORMAT"))
            .subcommand(
                Command::new("ingest")
                    .arg(arg("RESTOCK_QUEUE_URL"))
                    .arg(arg("RUST_LOG")),
            )
            .subcommand(Command::new("receiver").arg(arg("RESTOCK_DATABASE_URL")));
        describe(&command, names.iter().map(OsString::from))
    }

    #[test]
    fn variables_of_any_role_and_of_others_are_fine() {
        let fine = [
            "RESTOCK_QUEUE_URL",
            "RESTOCK_DATABASE_URL",
            "RESTOCK_LOG_FORMAT",
            "PATH",
        ];
        assert_eq!(about(&fine), None);
    }

    #[test]
    fn a_misspelt_variable_is_named_with_the_one_that_was_meant() {
        assert_eq!(
            about(&["RESTOCK_DATABSE_URL", "RESTOCK_QUEUE_URL"]).unwrap(),
            "unknown environment variable RESTOCK_DATABSE_URL: did you mean RESTOCK_DATABASE_URL?"
        );
    }

    #[test]
    fn a_variable_like_no_other_gets_no_guess() {
        assert_eq!(
            about(&["RESTOCK_ZZZ"]).unwrap(),
            "unknown environment variable RESTOCK_ZZZ: unset it; docs/configuration.md has all there are"
        );
    }

    #[test]
    fn a_service_link_is_explained() {
        let message = about(&["RESTOCK_OPERATOR_RECEIVER_SERVICE_HOST"]).unwrap();
        assert!(message.contains("enableServiceLinks: false"), "{message}");
    }
}
