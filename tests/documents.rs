//! Needs nothing but the program. Proves that the documents name every setting, every
//! reason, every route and every metric, and no setting that is gone.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use restock_operator::crd::definitions;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Each command and the headings of docs/configuration.md that have its settings.
const COMMANDS: [(&[&str], &[&str]); 16] = [
    (&["controller"], &["Every role", "controller"]),
    (&["ingest"], &["Every role", "ingest"]),
    (&["receiver"], &["Every role", "receiver"]),
    (&["sales"], &["Every role", "sales"]),
    (&["relay"], &["Every role", "relay"]),
    (&["dlq"], &["Every role", "dlq"]),
    (&["migrate"], ADMINISTRATIVE),
    (&["products", "apply"], ADMINISTRATIVE),
    (&["products", "import"], ADMINISTRATIVE),
    (&["products", "list"], ADMINISTRATIVE),
    (&["factories", "apply"], ADMINISTRATIVE),
    (&["adjust"], ADMINISTRATIVE),
    (&["audit"], ADMINISTRATIVE),
    (&["check"], ADMINISTRATIVE),
    (&["order-test"], ADMINISTRATIVE),
    (&["crd"], ADMINISTRATIVE),
];
const ADMINISTRATIVE: &[&str] = &["Administrative commands"];

/// One setting, as the program's own help has it.
#[derive(Debug, Default)]
struct Setting {
    flag: String,
    variable: String,
    default: Option<String>,
}

impl Setting {
    /// Whether a row of a table is about it, and tells its flag and its default.
    fn is_told_by(&self, row: &str) -> bool {
        let quoted = |text: &str| row.contains(&format!("| `{text}` |"));
        quoted(&self.variable) && quoted(&self.flag) && self.default.as_deref().is_none_or(quoted)
    }
}

fn document(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// The settings of a command that have a variable.
fn settings(command: &[&str]) -> Vec<Setting> {
    let output = Command::new(env!("CARGO_BIN_EXE_restock-operator"))
        .args(command)
        .arg("--help")
        // Each setting on lines of its own, and none of them broken.
        .env("COLUMNS", "1000")
        .output()
        .unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let mut settings: Vec<Setting> = Vec::new();
    for line in help.lines().map(str::trim) {
        // Not the dash of a list of possible values.
        let long = |word: &&str| line.starts_with('-') && word.starts_with("--");
        if let Some(flag) = line.split_whitespace().find(long) {
            let flag = flag.to_owned();
            settings.push(Setting {
                flag,
                ..Setting::default()
            });
        }
        let Some(setting) = settings.last_mut() else {
            continue;
        };
        if let Some(variable) = bracketed(line, "env") {
            setting.variable = variable.split('=').next().unwrap().to_owned();
        }
        if let Some(default) = bracketed(line, "default") {
            setting.default = Some(default.to_owned());
        }
    }
    settings.retain(|setting| !setting.variable.is_empty());
    settings
}

fn bracketed<'a>(line: &'a str, what: &str) -> Option<&'a str> {
    let inner = line.strip_prefix('[')?.strip_suffix(']')?;
    inner.strip_prefix(what)?.strip_prefix(": ")
}

/// The lines below the second-level heading of this name.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let begin = format!("\n## {heading}\n");
    let (_, rest) = page
        .split_once(&begin)
        .unwrap_or_else(|| panic!("no heading {heading}"));
    rest.split("\n## ").next().unwrap()
}

#[test]
fn every_setting_of_every_command_is_in_its_table() {
    let page = document("docs/configuration.md");
    for (command, headings) in COMMANDS {
        let headings = ["Every command"].iter().chain(headings);
        let rows: Vec<&str> = headings
            .flat_map(|heading| section(&page, heading).lines())
            .collect();
        let settings = settings(command);
        assert!(!settings.is_empty(), "{command:?} --help names no setting");
        for setting in settings {
            assert!(
                rows.iter().any(|row| setting.is_told_by(row)),
                "docs/configuration.md has no row for {command:?}: {setting:?}"
            );
        }
    }
}

#[test]
fn every_option_of_the_plugin_is_on_its_page() {
    let page = document("docs/plugin.md");
    for command in [
        "status",
        "history",
        "dlq list",
        "check",
        "suspend",
        "resume",
        "simulate",
        "completion",
    ] {
        assert!(
            page.contains(&format!("`{command}")),
            "{command} is not on its page"
        );
        let help = Command::new(env!("CARGO_BIN_EXE_kubectl-restock"))
            .args(command.split(' '))
            .arg("--help")
            .output()
            .unwrap();
        let help = String::from_utf8(help.stdout).unwrap();
        let flags = help
            .split_whitespace()
            .filter(|word| word.starts_with("--"));
        for flag in flags {
            let flag = flag.trim_end_matches(|c: char| !c.is_alphanumeric());
            assert!(
                page.contains(&format!("`{flag}")),
                "{command}: {flag} is not on its page"
            );
        }
    }
}

#[test]
fn no_document_names_a_setting_that_is_gone() {
    let settings = COMMANDS.iter().flat_map(|(command, _)| settings(command));
    let known: BTreeSet<String> = settings.map(|setting| setting.variable).collect();
    for path in [
        "README.md",
        "docs/configuration.md",
        "docs/install-eks.md",
        "docs/operations.md",
        "docs/sales-api.md",
    ] {
        let page = document(path);
        let words = page.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
        for word in words.filter(|word| word.len() > "RESTOCK_".len()) {
            let ours = word.starts_with("RESTOCK_");
            assert!(!ours || known.contains(word), "{path} names {word}");
        }
    }
}

#[test]
fn every_phase_and_reason_of_a_request_is_explained() {
    let page = document("docs/operations.md");
    let definition = definitions()
        .into_iter()
        .find(|definition| definition.spec.names.kind == "RestockRequest")
        .unwrap();
    let definition = serde_json::to_value(definition).unwrap();
    let status = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties";
    for field in ["phase", "reason", "orderOutcome"] {
        let words = definition.pointer(&format!("{status}/{field}/enum"));
        let words = words.and_then(Value::as_array).unwrap();
        assert!(!words.is_empty(), "{field} is a closed set");
        // An absent reason is null in the schema.
        for word in words.iter().filter_map(Value::as_str) {
            assert!(
                page.contains(&format!("| `{word}` |")),
                "docs/operations.md has no row for the {field} {word}"
            );
        }
    }
}

#[test]
fn every_route_and_every_problem_of_the_sales_api_is_explained() {
    let page = document("docs/sales-api.md");
    let api: Value = serde_json::from_str(&document("docs/openapi.json")).unwrap();
    for (path, methods) in api["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let route = format!("| `{} {path}` |", method.to_uppercase());
            assert!(
                page.contains(&route),
                "docs/sales-api.md has no row {route}"
            );
        }
    }
    let reasons = api.pointer("/components/schemas/Reason/enum").unwrap();
    for reason in reasons.as_array().unwrap() {
        let row = format!("| `{}` |", reason.as_str().unwrap());
        assert!(page.contains(&row), "docs/sales-api.md has no row {row}");
    }
}

#[test]
fn every_metric_is_explained() {
    let page = document("docs/operations.md");
    let mut names = BTreeSet::new();
    for role in ["controller", "ingest", "receiver", "sales", "relay", "dlq"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(role);
        collect_names(&folder, &format!("\"restock_{role}_"), &mut names);
    }
    assert!(!names.is_empty());
    for name in names {
        assert!(
            page.contains(&format!("| `{name}")),
            "docs/operations.md has no row for {name}"
        );
    }
}

/// The string literals in this folder that begin so, without their quotes.
fn collect_names(folder: &Path, begin: &str, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_names(&path, begin, names);
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        let found = source.match_indices(begin).map(|(at, _)| &source[at + 1..]);
        names.extend(
            found
                .filter_map(|rest| rest.split_once('"'))
                .map(|(name, _)| name.to_owned()),
        );
    }
}
