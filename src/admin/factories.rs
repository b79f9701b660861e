//! `restock-operator factories`: the Factories of an installation, as its values declare them.

use super::file;
use crate::crd::factory::Factory;
use crate::edge::cluster::{self, FIELD_MANAGER};
use crate::process::args::NamespaceArgs;
use anyhow::Context;
use kube::core::{DynamicObject, Resource as _};
use kube::{Api, Client};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Bytes of a file: a ConfigMap holds no more.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// What to do with the Factories.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Verb {
    /// Make the Factories as a file declares them; others, and fields that it does not name,
    /// stay as they are
    Apply {
        #[command(flatten)]
        namespace: NamespaceArgs,
        /// The file: for each Factory its name, and below it what stands under spec
        #[arg(short, long, value_name = "PATH")]
        file: PathBuf,
    },
}

/// Applies a file of Factories.
///
/// # Errors
/// If the file cannot be read, or the server refuses a Factory: those before it are applied.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let Verb::Apply { namespace, file } = args.verb;
    let declared = read(&file).with_context(|| format!("in {}", file.display()))?;
    let client = cluster::client().await?;
    for (name, spec) in declared {
        let applied = apply(&client, &namespace.namespace, &name, spec).await;
        applied.with_context(|| format!("Factory {name}"))?;
        writeln!(std::io::stdout(), "{name} applied")?;
    }
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<BTreeMap<String, Map<String, Value>>> {
    Ok(serde_saphyr::from_str(&file::read(path, FILE_BYTES_MAX)?)?)
}

/// By server-side apply, as it stands in the file: a default that this version would fill in
/// must not become what the file declared. What a person has set beside it, such as the
/// emergency stop, is theirs.
async fn apply(
    client: &Client,
    namespace: &str,
    name: &str,
    spec: Map<String, Value>,
) -> anyhow::Result<()> {
    let resource = kube::core::ApiResource::erase::<Factory>(&());
    let factories: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
    let object = json!({
        "apiVersion": Factory::api_version(&()), "kind": Factory::kind(&()),
        "metadata": { "name": name },
        "spec": spec,
    });
    let manager = format!("{FIELD_MANAGER}-values");
    Ok(cluster::apply(&factories, name, &manager, &object).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_names_and_specs() {
        let path = std::env::temp_dir().join(format!("factories-{}", std::process::id()));
        std::fs::write(&path, "legacy:\n  url: https://a.example/\n  burst: 3\n").expect("a file");
        let declared = read(&path);
        std::fs::remove_file(&path).expect("it was written");
        let declared = declared.expect("YAML");
        assert_eq!(declared["legacy"]["url"], "https://a.example/");
        assert_eq!(declared["legacy"]["burst"], 3);
    }
}
