//! Custom resource definitions and the sample Factory.

use std::process::Command;

use anyhow::Result;
use serde_json::json;

use crate::command;
use crate::parts;
use crate::shell_env;
use crate::state::{RunDirectory, State};

/// Applies `crds/` and waits until the API server serves them.
pub(crate) fn apply_definitions(run: &RunDirectory, state: &State) -> Result<()> {
    let definitions = run.checkout("crds");
    let mut apply = kubectl(run, state);
    apply.args(["apply", "--server-side", "--force-conflicts", "--filename"]);
    command::output(apply.arg(&definitions))?;
    let mut wait = kubectl(run, state);
    wait.args([
        "wait",
        "--for=condition=Established",
        "--timeout=30s",
        "--filename",
    ]);
    command::output(wait.arg(&definitions))?;
    Ok(())
}

/// Applies the sample Factory, changed only where it must: it is served here, without TLS.
pub(crate) fn apply_factory(run: &RunDirectory, state: &State) -> Result<()> {
    let url = shell_env::factory_url(state);
    let change = json!({"spec": {"url": url, "allowInsecure": true}}).to_string();
    let mut patch = kubectl(run, state);
    patch.args([
        "patch",
        "--local",
        "--type=merge",
        "--output=json",
        "--patch",
        &change,
    ]);
    let sample = run.checkout("manifests/samples/factory.yaml");
    let factory = command::output(patch.arg("--filename").arg(sample))?;
    let mut apply = kubectl(run, state);
    apply.args([
        "apply",
        "--server-side",
        "--force-conflicts",
        "--filename",
        "-",
    ]);
    command::output_of(&mut apply, &factory)?;
    Ok(())
}

/// kubectl on the cluster of these parts, each of its requests bounded.
pub(crate) fn kubectl(run: &RunDirectory, state: &State) -> Command {
    let mut kubectl = Command::new(&state.kubectl);
    kubectl
        .arg("--kubeconfig")
        .arg(parts::kubeconfig(run, state));
    kubectl.arg("--request-timeout=30s");
    kubectl
}
