//! etcd, kube-apiserver, kube-controller-manager and kube-scheduler.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::{Cluster, READY_LIMIT, network};
use crate::progress::Step;
use crate::tools::Node;

/// Starts what does not run.
pub(super) fn start(cluster: &Cluster, programs: &Node, token: &str) -> Result<()> {
    let step = Step::begin("starting the control plane");
    let etcd = cluster.background("etcd");
    if !etcd.runs() {
        etcd.start(etcd_command(cluster, programs))?;
    }
    let server = cluster.background("kube-apiserver");
    if !server.runs() {
        let url = format!("https://{}:6443", network::NODE);
        cluster.server().write_credentials(token, &url)?;
        let policy = cluster.write("audit-policy.json", AUDIT_POLICY)?;
        server.start(server_command(cluster, programs, &policy))?;
    }
    server.wait_ready(READY_LIMIT, || {
        cluster
            .kubectl(programs, &["get", "--raw", "/readyz"])
            .is_ok()
    })?;
    for (name, program) in [
        ("kube-controller-manager", &programs.controller_manager),
        ("kube-scheduler", &programs.scheduler),
    ] {
        let part = cluster.background(name);
        if part.runs() {
            continue;
        }
        let mut command = network::within(program);
        command.arg(format!("--kubeconfig={}", cluster.kubeconfig().display()));
        command.args(["--leader-elect=false", "--profiling=false"]);
        if name == "kube-controller-manager" {
            // What a pod is told to trust; the server's own certificate is its root.
            let root = cluster.server().certificate();
            command.arg(format!("--root-ca-file={}", root.display()));
            let key = cluster.server().account_key();
            command.arg(format!(
                "--service-account-private-key-file={}",
                key.display()
            ));
            command.arg("--use-service-account-credentials=true");
        }
        part.start(command)?;
    }
    step.done();
    Ok(())
}

/// Stops them. The API server goes before etcd, without which it would hang for a minute.
pub(super) fn stop(cluster: &Cluster) -> Result<()> {
    let names = [
        "kube-scheduler",
        "kube-controller-manager",
        "kube-apiserver",
        "etcd",
    ];
    names
        .into_iter()
        .try_for_each(|name| cluster.background(name).stop())
}

fn etcd_command(cluster: &Cluster, programs: &Node) -> Command {
    let mut etcd = network::within(&programs.etcd);
    etcd.arg("--data-dir").arg(cluster.path("etcd"));
    // A killed etcd loses nothing by the last one; only a power failure would.
    etcd.args(["--log-level", "warn", "--unsafe-no-fsync"]);
    etcd
}

/// Who among the pods did what: rights are compared with it.
const AUDIT_POLICY: &str = "{\"apiVersion\": \"audit.k8s.io/v1\", \"kind\": \"Policy\", \
     \"omitStages\": [\"RequestReceived\"], \"rules\": [{\"level\": \"Metadata\", \
     \"userGroups\": [\"system:serviceaccounts\"]}]}";

fn server_command(cluster: &Cluster, programs: &Node, policy: &Path) -> Command {
    let mut server = network::within(&programs.api_server);
    server.args(cluster.server().options());
    server.arg(format!("--advertise-address={}", network::NODE));
    server.arg(format!("--audit-policy-file={}", policy.display()));
    let log = cluster.audit_log();
    server.arg(format!("--audit-log-path={}", log.display()));
    server.args([
        "--etcd-servers=http://127.0.0.1:2379",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        // A node has no name that anything could look up.
        "--kubelet-preferred-address-types=InternalIP",
    ]);
    server
}
