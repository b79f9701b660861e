//! etcd and kube-apiserver.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use serde_json::json;

use super::READY_LIMIT;
use crate::command;
use crate::progress::Step;
use crate::random;
use crate::state::{RunDirectory, State};
use crate::tools::Kubernetes;

/// Its name in the run directory.
pub(crate) const KUBECONFIG: &str = "kubeconfig";
const TOKENS: &str = "tokens.csv";
const ACCOUNT_KEY: &str = "service-account.key";
const ACCOUNT_PUBLIC_KEY: &str = "service-account.pub";

/// Starts both, unless they run.
pub(crate) fn start(run: &RunDirectory, state: &State, kubernetes: &Kubernetes) -> Result<()> {
    let etcd = run.background("etcd");
    let api_server = run.background("kube-apiserver");
    if etcd.runs() && api_server.runs() {
        return Ok(());
    }
    let step = Step::begin("starting the control plane");
    if !etcd.runs() {
        etcd.start(etcd_command(run, state, &kubernetes.etcd))?;
        etcd.wait_ready(READY_LIMIT, || super::listens(state.ports.etcd))?;
    }
    if !api_server.runs() {
        write_credentials(run, state)?;
        api_server.start(api_server_command(run, state, &kubernetes.api_server))?;
    }
    api_server.wait_ready(READY_LIMIT, || is_ready(run, state))?;
    step.done();
    Ok(())
}

/// Stops both. The API server goes first: without etcd it would hang for a minute.
pub(crate) fn stop(run: &RunDirectory) -> Result<()> {
    run.background("kube-apiserver").stop()?;
    run.background("etcd").stop()
}

fn is_ready(run: &RunDirectory, state: &State) -> bool {
    // The certificate that kubectl is to trust appears only once the server has made it.
    let mut kubectl = Command::new(&state.kubectl);
    kubectl.arg("--kubeconfig").arg(run.path(KUBECONFIG));
    command::output(kubectl.args(["--request-timeout=2s", "get", "--raw", "/readyz"])).is_ok()
}

fn etcd_command(run: &RunDirectory, state: &State, program: &Path) -> Command {
    let client = format!("http://127.0.0.1:{}", state.ports.etcd);
    let peer = format!("http://127.0.0.1:{}", state.ports.etcd_peer);
    let mut etcd = Command::new(program);
    etcd.arg("--data-dir").arg(run.path("etcd"));
    etcd.args([
        "--listen-client-urls",
        &client,
        "--advertise-client-urls",
        &client,
    ]);
    etcd.args([
        "--listen-peer-urls",
        &peer,
        "--initial-advertise-peer-urls",
        &peer,
    ]);
    etcd.args([
        "--initial-cluster",
        &format!("default={peer}"),
        "--log-level",
        "warn",
    ]);
    // A killed etcd loses nothing by this; only a power failure would.
    etcd.arg("--unsafe-no-fsync");
    etcd
}

fn api_server_command(run: &RunDirectory, state: &State, program: &Path) -> Command {
    let mut server = Command::new(program);
    server.arg(format!(
        "--etcd-servers=http://127.0.0.1:{}",
        state.ports.etcd
    ));
    server.args([
        "--bind-address=127.0.0.1",
        &format!("--secure-port={}", state.ports.api_server),
    ]);
    let files = [
        ("cert-dir", "certificates"),
        ("token-auth-file", TOKENS),
        ("service-account-signing-key-file", ACCOUNT_KEY),
        ("service-account-key-file", ACCOUNT_PUBLIC_KEY),
    ];
    for (option, file) in files {
        server.arg(format!("--{option}={}", run.path(file).display()));
    }
    server.args([
        "--service-account-issuer=https://kubernetes.default.svc",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.96.0.0/16",
        // There is no controller manager to make the default accounts that it asks for.
        "--disable-admission-plugins=ServiceAccount",
        // There is no pod to find the server by its service.
        "--endpoint-reconciler-type=none",
        "--profiling=false",
    ]);
    server
}

fn write_credentials(run: &RunDirectory, state: &State) -> Result<()> {
    let token = &state.admin_token;
    run.write_private(TOKENS, &format!("{token},admin,admin,\"system:masters\"\n"))?;
    if !run.path(ACCOUNT_KEY).exists() || !run.path(ACCOUNT_PUBLIC_KEY).exists() {
        let (private, public) = random::key_pair()?;
        run.write_private(ACCOUNT_KEY, &private)?;
        run.write_private(ACCOUNT_PUBLIC_KEY, &public)?;
    }
    let certificate = run.path("certificates/apiserver.crt");
    let server = format!("https://127.0.0.1:{}", state.ports.api_server);
    // JSON is YAML: any program that reads a kubeconfig reads this.
    let kubeconfig = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": "local",
            "cluster": {"server": server, "certificate-authority": certificate},
        }],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{
            "name": "local",
            "context": {"cluster": "local", "user": "admin", "namespace": "default"},
        }],
        "current-context": "local",
    });
    run.write_private(KUBECONFIG, &serde_json::to_string_pretty(&kubeconfig)?)
}
