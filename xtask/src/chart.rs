//! `cargo xtask generate`: the files of the chart that are made from others, the manifests that
//! are rendered from it, and the description of the Sales API. Tests compare them with what is
//! committed.

mod readme;
mod schema;
mod values;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command;
use crate::postman;
use crate::state::RunDirectory;
use crate::tools;

/// The chart, in the checkout.
const CHART: &str = "charts/restock-operator";

/// The definitions, which the operator makes of its own types.
const DEFINITIONS: [&str; 2] = ["crds/restockrequests.yaml", FACTORIES];
const FACTORIES: &str = "crds/factories.yaml";

/// The description of the Sales API, and what is made of it.
const OPENAPI: &str = "docs/openapi.json";
const POSTMAN: &str = "docs/sales-api.postman.json";

/// The manifests for people without helm, and the values that they are rendered with.
const MANIFESTS: [(&str, &str); 2] = [
    (
        "manifests/base/restock-operator.yaml",
        "manifests/base/values.yaml",
    ),
    ("manifests/shop/shop.yaml", "manifests/shop/values.yaml"),
];

/// How they are rendered; tests/chart_manifests.rs does the same.
const RENDER: [&str; 7] = [
    "template",
    // Tests are helm's own.
    "--skip-tests",
    "restock",
    CHART,
    "--namespace",
    "restock",
    "--values",
];

/// Makes them all anew.
pub(crate) fn generate(run: &RunDirectory) -> Result<()> {
    let mut operator = command::cargo();
    operator.args(["run", "--quiet", "--bin", "restock-operator", "--", "crd"]);
    command::run(
        "making the definitions",
        operator.args(["--directory", "crds"]),
    )?;
    let mut operator = command::cargo();
    operator.args([
        "run",
        "--quiet",
        "--bin",
        "restock-operator",
        "--",
        "openapi",
    ]);
    std::fs::write(run.checkout(OPENAPI), command::output(&mut operator)?)?;
    for (path, text) in files(&run.checkout(""))? {
        std::fs::write(run.checkout(&path), text)
            .with_context(|| format!("cannot write {path}"))?;
    }
    let helm = tools::helm(run)?;
    for (path, values) in MANIFESTS {
        let mut helm = Command::new(&helm);
        helm.current_dir(run.checkout("")).args(RENDER).arg(values);
        std::fs::write(run.checkout(path), command::output(&mut helm)?)?;
    }
    Ok(())
}

/// Each file's path in the checkout, and its text.
fn files(checkout: &Path) -> Result<Vec<(String, String)>> {
    let read = |path: &str| {
        std::fs::read_to_string(checkout.join(path)).with_context(|| format!("cannot read {path}"))
    };
    let entries = values::read(&read(&format!("{CHART}/values.yaml"))?)?;
    let factory = schema::factory(&read(FACTORIES)?)?;
    let schema = serde_json::to_string_pretty(&schema::schema(&entries, factory))?;
    let mut definitions = "{{- if .Values.crds.install }}\n".to_owned();
    for path in DEFINITIONS {
        definitions.push_str(&definition(&read(path)?)?);
    }
    definitions.push_str("{{- end }}\n");
    Ok(vec![
        (format!("{CHART}/values.schema.json"), schema + "\n"),
        (format!("{CHART}/README.md"), readme::readme(&entries)),
        (format!("{CHART}/templates/crds.yaml"), definitions),
        (POSTMAN.to_owned(), postman::collection(&read(OPENAPI)?)?),
    ])
}

/// A definition as a template: kept, if that is wanted, when the chart goes.
fn definition(text: &str) -> Result<String> {
    if text.contains("{{") {
        bail!("a definition has {{{{ in it, which helm would take for its own");
    }
    let (head, rest) = text
        .split_once("\nmetadata:\n")
        .context("a definition has no metadata")?;
    let keep = "  {{- if .Values.crds.keep }}\n  annotations:\n    \
                helm.sh/resource-policy: keep\n  {{- end }}\n";
    Ok(format!("{head}\nmetadata:\n{keep}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_what_is_committed() {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for (path, text) in files(&checkout).expect("the sources are there") {
            let committed = std::fs::read_to_string(checkout.join(&path)).unwrap_or_default();
            assert!(
                committed == text,
                "{path} is not current: run cargo xtask generate"
            );
        }
    }
}
