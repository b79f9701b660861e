//! The forms of an answer.

use super::failure::Failure;
use super::screen;
use serde::Serialize;

/// How to print an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Output {
    /// JSON
    Json,
    /// YAML
    Yaml,
    /// Every column, and every request
    Wide,
    /// Names only, the stuck ones first
    Name,
}

/// Kind and group, as kubectl writes them before a name.
const NAME_PREFIX: &str = "restockrequest.restock.dev";

/// A request's name, as `-o name` has it.
pub(super) fn full_name(name: &str) -> String {
    format!("{NAME_PREFIX}/{name}\n")
}

/// Prints what became of a request.
pub(super) fn say(name: &str, what: &str, dry_run: bool) {
    let dry_run = if dry_run { " (dry run)" } else { "" };
    screen::print(&format!("{NAME_PREFIX}/{name} {what}{dry_run}\n"));
}

/// Prints what programs read.
pub(super) fn json(answer: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(answer).map_err(|why| unwritable(&why))?;
    screen::print(&text);
    Ok(())
}

/// Prints what programs and people read.
pub(super) fn yaml(answer: &impl Serialize) -> Result<(), Failure> {
    screen::print(&yaml_text(answer)?);
    Ok(())
}

/// The YAML itself.
pub(super) fn yaml_text(answer: &impl Serialize) -> Result<String, Failure> {
    serde_saphyr::to_string(answer).map_err(|why| unwritable(&why))
}

fn unwritable(why: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        format!("the answer cannot be written: {why}"),
        "Ask without -o.",
    )
}
