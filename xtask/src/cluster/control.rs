//! etcd, kube-apiserver, kube-controller-manager and kube-scheduler.

use std::process::Command;

use anyhow::Result;

use super::{Cluster, READY_LIMIT, network};
use crate::progress::Step;
use crate::random;
use crate::tools::Node;

const TOKENS: &str = "tokens.csv";
const ACCOUNT_KEY: &str = "service-account.key";
const ACCOUNT_PUBLIC_KEY: &str = "service-account.pub";

/// Starts what does not run.
pub(super) fn start(cluster: &Cluster, programs: &Node, token: &str) -> Result<()> {
    let step = Step::begin("starting the control plane");
    let etcd = cluster.background("etcd");
    if !etcd.runs() {
        etcd.start(etcd_command(cluster, programs))?;
    }
    let server = cluster.background("kube-apiserver");
    if !server.runs() {
        cluster.write(TOKENS, &format!("{token},admin,admin,\"system:masters\"\n"))?;
        if !cluster.path(ACCOUNT_KEY).exists() {
            let (private, public) = random::key_pair()?;
            cluster.write(ACCOUNT_PUBLIC_KEY, &public)?;
            cluster.write(ACCOUNT_KEY, &private)?;
        }
        cluster.write_kubeconfig(token)?;
        server.start(server_command(cluster, programs))?;
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
            let root = cluster.path("certificates/apiserver.crt");
            command.arg(format!("--root-ca-file={}", root.display()));
            let key = cluster.path(ACCOUNT_KEY);
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

fn server_command(cluster: &Cluster, programs: &Node) -> Command {
    let mut server = network::within(&programs.api_server);
    let files = [
        ("cert-dir", "certificates"),
        ("token-auth-file", TOKENS),
        ("service-account-signing-key-file", ACCOUNT_KEY),
        ("service-account-key-file", ACCOUNT_PUBLIC_KEY),
    ];
    for (option, file) in files {
        server.arg(format!("--{option}={}", cluster.path(file).display()));
    }
    server.arg(format!("--advertise-address={}", network::NODE));
    server.args([
        "--etcd-servers=http://127.0.0.1:2379",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.96.0.0/16",
        // A node has no name that anything could look up.
        "--kubelet-preferred-address-types=InternalIP",
        "--profiling=false",
    ]);
    server
}
