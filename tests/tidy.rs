//! Needs nothing. Proves that the sources keep the shape that ARCHITECTURE.md promises:
//! who may import whom, how long things are, and which doors to the outside are the only
//! ones. It reads the sources as rustfmt leaves them.

#[path = "tidy/source.rs"]
mod source;

use source::{Source, everything, functions, library, parts_named, sources};
use std::collections::BTreeMap;

const FILE_LINES_MAX: usize = 400;
/// It parses and runs one role: all else has a better place.
const MAIN_LINES_MAX: usize = 40;
const FILE_LINES_MEDIAN_MAX: usize = 120;
const FUNCTION_LINES_MAX: usize = 70;

/// Each part of the library and the parts it may name.
const IMPORTS: [(&str, &[&str]); 15] = [
    ("domain", &[]),
    ("crd", &["domain"]),
    ("edge", &["domain"]),
    ("process", &["domain"]),
    ("ledger", &["edge", "process"]),
    ("intake", &["domain", "crd", "edge"]),
    ("controller", ROLE),
    ("ingest", ROLE),
    ("receiver", ROLE),
    ("sales", ROLE),
    ("relay", ROLE),
    ("dlq", ROLE),
    ("admin", ROLE),
    // It is a person's, and knows no ledger.
    ("plugin", &["domain", "crd", "edge", "process", "intake"]),
    // The library's table of contents names everything in its documentation.
    ("lib", ROLE),
];
const ROLE: &[&str] = &["domain", "crd", "edge", "process", "ledger", "intake"];

/// The one file of the edge that knows the resources, because it stores them.
const CLUSTER: &str = "src/edge/cluster";

/// Crates that `domain` may not name: what they do is not deciding.
const IMPURE: [&str; 16] = [
    "async ",
    "aws_sdk",
    "axum::",
    "hyper::",
    "k8s_openapi",
    "kube::",
    "reqwest",
    "ring::rand",
    "sqlx",
    "std::env",
    "std::fs",
    "std::net",
    "std::thread",
    "std::time::Instant",
    "tokio",
    "tracing",
];

/// Words that may stand only in some files, and what to write instead.
const DOORS: [(&str, &[&str], &str); 9] = [
    (
        "SystemTime::now",
        &["src/process/clock.rs"],
        "call process::clock::now()",
    ),
    (
        "Instant::now",
        &["src/process", "src/edge"],
        "take the time as an argument",
    ),
    (
        "std::env::",
        &["src/process/args.rs"],
        "make it an argument with `env`",
    ),
    (
        "tokio::spawn",
        &["src/process"],
        "use process.tasks.spawn: the drain waits for it",
    ),
    (
        "process::exit",
        &["src/process/shutdown.rs"],
        "return an error: the drain must run",
    ),
    (
        "AssertSqlSafe",
        // The name of a table can be no parameter.
        &["src/edge/store/old_shop.rs"],
        "bind the value as a parameter",
    ),
    (
        "sqlx::",
        &["src/edge/store"],
        "add a function to edge/store",
    ),
    ("aws_sdk_", &["src/edge"], "add a function to edge"),
    (
        "reqwest::",
        // Telemetry is below all else, so no edge can carry it out.
        &["src/edge", "src/process/telemetry"],
        "add a function to edge",
    ),
];

/// Roles that have no access to the cluster, by design: their Pods get no token.
const CLUSTERLESS: [&str; 4] = ["receiver", "sales", "relay", "dlq"];

fn assert_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn imports_go_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = IMPORTS.into();
    let mut complaints = Vec::new();
    for source in library() {
        let (path, part) = (&source.path, source.part());
        let Some(allowed) = allowed.get(part) else {
            complaints.push(format!(
                "{path}: a new part: say in IMPORTS whom it may import"
            ));
            continue;
        };
        let program: Vec<&str> = source.program().map(|(_, line)| line).collect();
        for named in parts_named(&program.join("\n")) {
            let cluster = named == "crd" && source.may(&[CLUSTER]);
            if named != part && !allowed.contains(&named) && !cluster {
                complaints.push(format!(
                    "{path}: {part} may not import {named}; move what both need to one of \
                     {allowed:?}, or let the caller pass it in"
                ));
            }
        }
    }
    assert_none(complaints);
}

#[test]
fn the_domain_only_decides() {
    let mut complaints = Vec::new();
    for source in library().iter().filter(|source| source.part() == "domain") {
        for (number, line) in source.program() {
            for word in IMPURE.iter().filter(|word| line.contains(**word)) {
                let path = &source.path;
                complaints.push(format!(
                    "{path}:{number}: `{word}`: let a role or the edge do it and pass the result in"
                ));
            }
        }
    }
    assert_none(complaints);
}

#[test]
fn each_door_to_the_outside_is_in_one_place() {
    let mut complaints = Vec::new();
    for source in library() {
        for (number, line) in source.program() {
            for (word, places, instead) in DOORS {
                if line.contains(word) && !source.may(places) {
                    complaints.push(format!(
                        "{}:{number}: `{word}` belongs to {places:?} only: {instead}",
                        source.path
                    ));
                }
            }
        }
    }
    assert_none(complaints);
}

#[test]
fn roles_without_the_cluster_do_not_name_it() {
    let mut complaints = Vec::new();
    for source in library()
        .iter()
        .filter(|source| CLUSTERLESS.contains(&source.part()))
    {
        for (number, line) in source.program() {
            for word in ["kube::", "k8s_openapi::", "edge::cluster", "crate::crd"] {
                if line.contains(word) {
                    let (path, part) = (&source.path, source.part());
                    complaints.push(format!(
                        "{path}:{number}: `{word}`: {part} runs without access to the cluster; \
                         let the ledger carry what it needs"
                    ));
                }
            }
        }
    }
    assert_none(complaints);
}

#[test]
fn paths_are_short_and_imports_name_what_they_bring() {
    let mut complaints = Vec::new();
    for source in library() {
        for (number, line) in source.program() {
            let path = &source.path;
            if line.contains("super::super") {
                complaints.push(format!("{path}:{number}: write the path from crate::"));
            }
            let import = line.starts_with("use ") || line.starts_with("pub use ");
            if import && line.contains('*') {
                complaints.push(format!("{path}:{number}: name what is imported"));
            }
        }
    }
    assert_none(complaints);
}

#[test]
fn modules_are_named_after_their_file() {
    let named_mod = |source: &Source| source.path.ends_with("/mod.rs");
    let complaints = everything().into_iter().filter(named_mod).map(|source| {
        format!(
            "{}: name the file after the module, beside its directory",
            source.path
        )
    });
    assert_none(complaints.collect());
}

#[test]
fn files_are_short() {
    let limit = |source: &Source| match source.path.as_str() {
        "src/main.rs" | "src/bin/kubectl-restock.rs" => MAIN_LINES_MAX,
        _ => FILE_LINES_MAX,
    };
    let mut complaints: Vec<String> = everything()
        .iter()
        .filter(|source| source.lines.len() > limit(source))
        .map(|source| {
            let (path, lines, limit) = (&source.path, source.lines.len(), limit(source));
            format!("{path}: {lines} lines; split it by subject (at most {limit})")
        })
        .collect();
    let mut lengths: Vec<usize> = sources(&["src"])
        .iter()
        .map(|source| source.lines.len())
        .collect();
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    if median > FILE_LINES_MEDIAN_MAX {
        complaints.push(format!(
            "src: the median file has {median} lines; split the longest by subject (at most \
             {FILE_LINES_MEDIAN_MAX})"
        ));
    }
    assert_none(complaints);
}

#[test]
fn functions_are_short() {
    let mut complaints = Vec::new();
    for source in everything() {
        for (first, name, length) in functions(&source.lines) {
            if length > FUNCTION_LINES_MAX {
                complaints.push(format!(
                    "{}:{first}: {name} has {length} lines; give its steps names (at most \
                     {FUNCTION_LINES_MAX})",
                    source.path
                ));
            }
        }
    }
    assert_none(complaints);
}

/// `docker build` makes the dependencies from Cargo.toml and empty sources: cargo refuses a
/// manifest that names a file that is not there.
#[test]
fn the_layer_of_dependencies_has_every_source_that_the_manifest_names() {
    let read = |path: &str| {
        let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).expect("a readable file")
    };
    let (manifest, dockerfile) = (read("Cargo.toml"), read("Dockerfile"));
    let (layer, _) = dockerfile
        .split_once("COPY . .")
        .expect("a layer before it");
    let mut complaints = Vec::new();
    for table in manifest.split("\n[[").skip(1) {
        let value = |key: &str| {
            let mut lines = table.lines();
            lines.find_map(|line| line.strip_prefix(&format!("{key} = \""))?.strip_suffix('"'))
        };
        let (kind, _) = table.split_once("]]").expect("an array of tables");
        let folder = match kind {
            "bench" => "benches",
            "bin" => "src/bin",
            "example" => "examples",
            "test" => "tests",
            other => panic!("Cargo.toml: [[{other}]] is unknown here"),
        };
        let name = value("name").expect("cargo demands a name");
        let path = value("path").map_or_else(|| format!("{folder}/{name}.rs"), str::to_owned);
        if !layer.split_whitespace().any(|word| word == path) {
            complaints.push(format!("Dockerfile: no empty {path} before `COPY . .`"));
        }
    }
    assert_none(complaints);
}
