//! The chart's README.md.

use std::fmt::Write as _;

use super::values::Entry;

const INTRODUCTION: &str = include_str!("introduction.md");

/// The introduction, and a table of all values.
pub(super) fn readme(entries: &[Entry]) -> String {
    let mut text = format!("{INTRODUCTION}\n| Value | Default | Meaning |\n|---|---|---|\n");
    for entry in entries {
        let Some(default) = &entry.default else {
            continue;
        };
        let (path, default) = (entry.path.join("."), default.to_string());
        let meaning = meaning(entries, entry).replace('|', "\\|");
        writeln!(text, "| `{path}` | `{default}` | {meaning} |").expect("memory");
    }
    text
}

/// Its own comment; a switch is often explained by that of the group it opens.
fn meaning<'a>(entries: &'a [Entry], entry: &'a Entry) -> &'a str {
    if !entry.description.is_empty() {
        return &entry.description;
    }
    let parent = entry
        .path
        .split_last()
        .map_or(&[][..], |(_, parent)| parent);
    let group = entries.iter().find(|other| other.path == parent);
    group.map_or("", |group| &group.description)
}
