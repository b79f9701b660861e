//! etcd and kube-apiserver.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::READY_LIMIT;
use crate::api_server::ApiServer;
use crate::command;
use crate::progress::Step;
use crate::state::{RunDirectory, State};
use crate::tools::Kubernetes;

fn files(run: &RunDirectory) -> ApiServer {
    ApiServer(run.path(""))
}

/// Where kubectl finds the one that is started here.
pub(crate) fn kubeconfig(run: &RunDirectory) -> PathBuf {
    files(run).kubeconfig()
}

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
        let url = format!("https://127.0.0.1:{}", state.ports.api_server);
        files(run).write_credentials(&state.admin_token, &url)?;
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
    kubectl.arg("--kubeconfig").arg(kubeconfig(run));
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
    server.args(files(run).options());
    server.args([
        "--service-account-issuer=https://kubernetes.default.svc",
        // There is no controller manager to make the default accounts that it asks for.
        "--disable-admission-plugins=ServiceAccount",
        // There is no pod to find the server by its service.
        "--endpoint-reconciler-type=none",
    ]);
    server
}
