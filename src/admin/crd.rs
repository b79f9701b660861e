//! `restock-operator crd`: the resource definitions, as YAML.

use crate::crd::definitions;
use anyhow::Context;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use std::io::Write;
use std::path::PathBuf;

/// Prints the resource definitions, to be installed with kubectl.
#[derive(Clone, Debug, clap::Args)]
pub struct CrdArgs {
    /// Write one file for each definition into this directory instead of printing them.
    #[arg(long)]
    directory: Option<PathBuf>,
}

/// Prints or writes the definitions.
///
/// # Errors
/// When the directory or the standard output cannot be written.
pub fn run(args: CrdArgs) -> anyhow::Result<()> {
    for definition in definitions() {
        let text = document(&definition)?;
        match &args.directory {
            None => std::io::stdout().write_all(text.as_bytes())?,
            Some(directory) => {
                let path = directory.join(file_name(&definition));
                // One that is current keeps its time: what is built from it stays current too.
                if std::fs::read_to_string(&path).ok().as_ref() != Some(&text) {
                    std::fs::write(&path, text)
                        .with_context(|| format!("write {}", path.display()))?;
                }
            }
        }
    }
    Ok(())
}

/// The name of a definition's file: the plural name of its resource.
pub fn file_name(definition: &CustomResourceDefinition) -> String {
    format!("{}.yaml", definition.spec.names.plural)
}

/// One YAML document, with its separator.
///
/// # Errors
/// When the definition cannot be written as YAML; none of ours is such one.
pub fn document(definition: &CustomResourceDefinition) -> anyhow::Result<String> {
    Ok(format!("---\n{}", serde_saphyr::to_string(definition)?))
}
