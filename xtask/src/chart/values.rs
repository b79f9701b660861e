//! The values of the chart, as its values.yaml has them: each key with its default and the
//! comment above it.
//!
//! A comment line `# @schema {…}` says in JSON Schema what a default alone cannot.

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// What marks a line for the schema among the comments.
const SCHEMA: &str = "@schema ";

/// One key.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    /// Its way from the root: `receiver`, `service`, `port`.
    pub(super) path: Vec<String>,
    /// The comment, in one line.
    pub(super) description: String,
    /// Further rules.
    pub(super) rules: Value,
    /// Its default. None if it only holds further keys.
    pub(super) default: Option<Value>,
}

/// All keys, in the file's order.
pub(super) fn read(text: &str) -> Result<Vec<Entry>> {
    let values: Value = serde_saphyr::from_str(text).context("values.yaml is no YAML")?;
    let (mut entries, mut comments) = (Vec::new(), Comments::default());
    let mut path: Vec<(usize, String)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let at = |why: &str| format!("values.yaml, line {}: {why}", number + 1);
        let trimmed = line.trim_start();
        if trimmed.is_empty() {
            // What stands above is about the file, or about nothing.
            comments = Comments::default();
        } else if let Some(comment) = trimmed.strip_prefix('#') {
            comments
                .add(comment.trim())
                .with_context(|| at("comment"))?;
        } else {
            let (key, rest) = trimmed.split_once(':').with_context(|| at("no key"))?;
            let indent = line.len() - trimmed.len();
            path.retain(|(outer, _)| *outer < indent);
            path.push((indent, key.to_owned()));
            let path: Vec<String> = path.iter().map(|(_, key)| key.clone()).collect();
            let pointer = format!("/{}", path.join("/"));
            let value = values.pointer(&pointer).with_context(|| at("no value"))?;
            let holds_keys = rest.trim().is_empty() && value.is_object();
            // The keys below a leaf are its default, not values of their own.
            if entries.last().is_some_and(|last| is_inside(last, &path)) {
                bail!(at("write the default of this key in one line"));
            }
            let Comments { text, rules } = std::mem::take(&mut comments);
            entries.push(Entry {
                path,
                description: text.join(" "),
                rules,
                default: (!holds_keys).then(|| value.clone()),
            });
        }
    }
    Ok(entries)
}

fn is_inside(leaf: &Entry, path: &[String]) -> bool {
    leaf.default.is_some() && path.len() > leaf.path.len() && path.starts_with(&leaf.path)
}

#[derive(Default)]
struct Comments {
    text: Vec<String>,
    rules: Value,
}

impl Comments {
    fn add(&mut self, comment: &str) -> Result<()> {
        match comment.strip_prefix(SCHEMA) {
            Some(rules) => self.rules = serde_json::from_str(rules)?,
            None => self.text.push(comment.to_owned()),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_key_has_its_comment_its_rules_and_its_default() {
        let text = "# Of the file.\n\n# What is\n# pulled\nimage:\n  # Which\n  \
                    # @schema {\"minLength\": 1}\n  tag: \"1\"\nsettings: {a: 1}\n";
        let entries = read(text).expect("values");
        let entry = |path: &[&str], description: &str, rules, default| Entry {
            path: path.iter().map(|key| (*key).to_owned()).collect(),
            description: description.to_owned(),
            rules,
            default,
        };
        assert_eq!(
            entries,
            [
                entry(&["image"], "What is pulled", Value::Null, None),
                entry(
                    &["image", "tag"],
                    "Which",
                    json!({"minLength": 1}),
                    Some(json!("1"))
                ),
                entry(&["settings"], "", Value::Null, Some(json!({"a": 1}))),
            ]
        );
    }
}
