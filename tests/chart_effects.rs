//! Needs helm. Proves: every value of the chart has its effect, and every switch takes away what
//! it is for; a number is written as it was told.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/chart.rs"]
mod chart;
#[path = "chart_effects/table.rs"]
mod table;

use chart::{SHOP, helm, objects};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use table::{EFFECTS, OF_ROLES, ROLES, SWITCHES};

/// The kinds of other projects are known.
const KINDS: [&str; 2] = ["--api-versions", "monitoring.coreos.com/v1"];

/// Those of all roles too.
fn effects() -> Vec<(String, String)> {
    let of_role = |role: &'static str| {
        let own = move |text: &str| text.replace("ROLE", role);
        OF_ROLES
            .iter()
            .map(move |(values, effect)| (own(values), own(effect)))
    };
    let common = EFFECTS
        .iter()
        .map(|(values, effect)| ((*values).to_owned(), (*effect).to_owned()));
    common.chain(ROLES.into_iter().flat_map(of_role)).collect()
}

fn separate(values: &str) -> Vec<&str> {
    let (shop, values) = match values.strip_prefix("SHOP ") {
        Some(values) => (&SHOP[..], values),
        None => (&[][..], values),
    };
    shop.iter().copied().chain(values.split(' ')).collect()
}

/// All objects with these values; nothing, and why, where helm refuses them.
fn whole(arguments: &[&str], values: &[&str]) -> (String, String) {
    let template = ["template", "shop", "--namespace", "restock"];
    let output = helm(&[&template[..], &KINDS, arguments].concat(), values);
    let why = String::from_utf8(output.stderr).unwrap();
    if !output.status.success() {
        return (String::new(), why);
    }
    let text = String::from_utf8(output.stdout).unwrap();
    (Value::Array(objects(&text)).to_string(), why)
}

#[test]
fn every_value_that_is_set_has_its_effect() {
    // Most have the same conditions, which are rendered once.
    let mut conditioned = HashMap::new();
    for (values, effect) in effects() {
        let all = separate(&values);
        let (_, conditions) = all.split_last().unwrap();
        let key = conditions.join(" ");
        let without = conditioned
            .entry(key)
            .or_insert_with(|| whole(&[], conditions).0);
        assert!(
            !without.contains(&effect),
            "{effect} is there without {values}"
        );
        let (with, why) = whole(&[], &all);
        assert!(with.contains(&effect), "{values}: no {effect}: {why}");
    }
}

#[test]
fn every_switch_takes_away_what_it_is_for() {
    let (plain, _) = whole(&[], &[]);
    for (value, effect) in SWITCHES {
        assert!(
            plain.contains(effect),
            "{effect} is not there with all switches on"
        );
        let (without, why) = whole(&[], &[value]);
        assert!(!without.is_empty(), "{value}: {why}");
        assert!(
            !without.contains(effect),
            "{value}: {effect} is still there"
        );
    }
}

/// Names of the values that have no values below them.
fn leaves(schema: &Value, name: &str, found: &mut BTreeSet<String>) {
    let below = schema["properties"]
        .as_object()
        .filter(|below| !below.is_empty());
    let Some(below) = below else {
        found.insert(name.to_owned());
        return;
    };
    for (key, schema) in below {
        // Helm's own.
        if key != "global" {
            let name = if name.is_empty() {
                key.clone()
            } else {
                format!("{name}.{key}")
            };
            leaves(schema, &name, found);
        }
    }
}

#[test]
fn every_value_of_the_chart_is_tried() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/charts/restock-operator/values.schema.json"
    );
    let schema = std::fs::read_to_string(path).unwrap();
    let mut values = BTreeSet::new();
    leaves(&serde_json::from_str(&schema).unwrap(), "", &mut values);
    assert!(values.len() > 100, "{values:?}");
    let effects = effects();
    let tried = effects
        .iter()
        .map(|(values, _)| *separate(values).last().unwrap());
    let tried = tried.chain(SWITCHES.iter().map(|(value, _)| *value));
    for value in tried {
        let name = value.split_once('=').unwrap().0;
        values.retain(|leaf| name != leaf && !name.starts_with(&format!("{leaf}.")));
    }
    assert!(values.is_empty(), "not tried: {values:?}");
}

/// A number of a values file is a float to helm, which writes a large one as 2.592e+06.
#[test]
fn a_large_number_of_a_values_file_is_written_as_it_was_told() {
    let file = format!("restock-values-{}.yaml", std::process::id());
    let file = std::env::temp_dir().join(file);
    let values = "controller: {settings: {RESTOCK_TTL_FAILED_SECONDS: 2592000}}\n\
                  ingest: {keda: {enabled: true, queueLength: 1000000}}\n\
                  requestsMax: 1000000\n";
    std::fs::write(&file, values).unwrap();
    let path = file.display().to_string();
    let (all, why) = whole(&["--values", &path], &[]);
    std::fs::remove_file(&file).unwrap();
    for written in [
        "\"RESTOCK_TTL_FAILED_SECONDS\",\"value\":\"2592000\"",
        "\"queueLength\":\"1000000\"",
        "\"count/restockrequests.restock.dev\":\"1000000\"",
    ] {
        assert!(all.contains(written), "no {written}: {why}");
    }
}
