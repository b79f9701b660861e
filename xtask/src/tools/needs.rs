//! What only a person can install, looked for before anything is built: half an hour into a
//! first run is too late to hear of it, and one message must name all of it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{go, mariadb};
use crate::given::Given;
use crate::state::RunDirectory;

/// What Go builds, and how to do without it.
const PARTS: &str = "It builds kube-apiserver, etcd and kubectl, once, unless KUBEBUILDER_ASSETS \
                     names a directory with these programs";
const KUBECONFORM: &str = "It builds kubeconform, once";
const HELM: &str = "It builds helm, once, unless XTASK_HELM names that program (version 4.3)";

/// Asks for all at once that the parts lack, and what `tests` of all kinds need beside them.
pub(crate) fn check(run: &RunDirectory, given: &Given, tests: bool) -> Result<()> {
    let mut missing = Vec::new();
    let builds = [
        (go::is_needed(run, given)?, PARTS),
        (tests && go::helm_is_needed(run)?, HELM),
        (tests && go::kubeconform_is_needed(run)?, KUBECONFORM),
    ];
    for (_, why) in builds.iter().filter(|(is_needed, _)| *is_needed) {
        let oldest = oldest_go(&run.checkout(go::KUBERNETES))?;
        missing.extend(without_go(oldest, installed_go().as_deref(), why));
    }
    if given.database_url.is_none() {
        missing.extend(mariadb::missing());
    }
    if missing.is_empty() {
        return Ok(());
    }
    bail!(
        "this machine lacks what cannot be installed from here:\n  - {}",
        missing.join("\n  - ")
    )
}

/// A version of Go: major and minor.
type GoVersion = (u32, u32);

/// What to say if Go is missing or too old; nothing if it will do.
fn without_go(oldest: GoVersion, installed: Option<&str>, why: &str) -> Option<String> {
    let found = match installed {
        None => "Go is not installed".to_owned(),
        Some(version) if number(version)? < oldest => format!("Go is too old ({version})"),
        Some(_) => return None,
    };
    let (major, minor) = oldest;
    Some(format!(
        "{found}. {why}: install Go {major}.{minor} or newer (https://go.dev/dl/)"
    ))
}

/// `1.26.8` of `go1.26.8`; none if there is no Go.
fn installed_go() -> Option<String> {
    let mut go = Command::new("go");
    // What is installed, not what it would fetch for the module it is called in.
    go.env("GOTOOLCHAIN", "local").current_dir("/");
    let output = go.args(["env", "GOVERSION"]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().trim_start_matches("go").to_owned())
}

/// The version that the module's go.mod asks for: the one place that names it.
fn oldest_go(module: &Path) -> Result<GoVersion> {
    let file = module.join("go.mod");
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}", file.display()))?;
    let line = text.lines().find_map(|line| line.strip_prefix("go "));
    let version = line.and_then(number);
    version.with_context(|| format!("{} names no version of Go", file.display()))
}

fn number(version: &str) -> Option<GoVersion> {
    let mut numbers = version.trim().split('.').map(leading_number);
    Some((numbers.next()??, numbers.next()??))
}

/// `26` of `26rc1`.
fn leading_number(text: &str) -> Option<u32> {
    let digits = text.find(|c: char| !c.is_ascii_digit());
    text[..digits.unwrap_or(text.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_go_and_no_go_are_named_and_a_newer_one_will_do() {
        let oldest = (1, 26);
        let said = |installed| without_go(oldest, installed, PARTS).unwrap_or_default();
        assert!(said(None).starts_with("Go is not installed. "));
        assert!(said(Some("1.19.8")).starts_with("Go is too old (1.19.8). "));
        assert!(said(Some("1.9")).contains("install Go 1.26 or"));
        for enough in ["1.26", "1.26.8", "1.27rc1", "2.0", "devel"] {
            assert_eq!(said(Some(enough)), "", "{enough}");
        }
    }
}
