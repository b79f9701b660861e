//! kubelet and kube-proxy.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use serde_json::{Value, json};

use super::{Cluster, READY_LIMIT, network, runtime};
use crate::progress::Step;
use crate::tools::Node;

/// Its name in the cluster.
const NAME: &str = "node";

/// Starts what does not run, and waits until pods can be scheduled.
pub(super) fn start(cluster: &Cluster, programs: &Node) -> Result<()> {
    let step = Step::begin("starting the node");
    let proxy = cluster.background("kube-proxy");
    if !proxy.runs() {
        let file = cluster.write("kube-proxy.json", &proxy_configuration(cluster).to_string())?;
        let mut command = network::within(&programs.proxy);
        command.arg(format!("--config={}", file.display()));
        command.arg(format!("--hostname-override={NAME}"));
        proxy.start(command)?;
    }
    let kubelet = cluster.background("kubelet");
    if !kubelet.runs() {
        kubelet.start(kubelet_command(cluster, &programs.kubelet)?)?;
    }
    // Without the account no pod is let in.
    let account = ["get", "serviceaccount", "default", "-n", "default"];
    kubelet.wait_ready(READY_LIMIT, || {
        is_ready(cluster, programs) && cluster.kubectl(programs, &account).is_ok()
    })?;
    step.done();
    Ok(())
}

/// Stops both. The pods are the runtime's to end.
pub(super) fn stop(cluster: &Cluster) -> Result<()> {
    cluster.background("kubelet").stop()?;
    cluster.background("kube-proxy").stop()
}

fn is_ready(cluster: &Cluster, programs: &Node) -> bool {
    let condition = "jsonpath={.status.conditions[?(@.type==\"Ready\")].status}";
    let said = cluster.kubectl(programs, &["get", "node", NAME, "--output", condition]);
    said.is_ok_and(|said| said == "True")
}

fn kubelet_command(cluster: &Cluster, program: &Path) -> Result<Command> {
    let configuration = kubelet_configuration(cluster).to_string();
    let file = cluster.write("kubelet.json", &configuration)?;
    let mut kubelet = network::within(program);
    kubelet.arg(format!("--config={}", file.display()));
    kubelet.arg(format!("--kubeconfig={}", cluster.kubeconfig().display()));
    kubelet.arg(format!("--root-dir={}", cluster.path("kubelet").display()));
    kubelet.arg(format!("--hostname-override={NAME}"));
    kubelet.arg(format!("--node-ip={}", network::NODE));
    Ok(kubelet)
}

fn kubelet_configuration(cluster: &Cluster) -> Value {
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
        // Nobody but this machine can reach it.
        "authentication": { "anonymous": { "enabled": true }, "webhook": { "enabled": false } },
        "authorization": { "mode": "AlwaysAllow" },
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": runtime::CGROUP,
        "failCgroupV1": false,
        "failSwapOn": false,
        "containerRuntimeEndpoint": format!("unix://{}", runtime::SOCKET),
        "resolvConf": "",
        "clusterDNS": [network::BRIDGE],
        "clusterDomain": "cluster.local",
        // A full disk of a developer's is no reason to end pods, or to remove images that are
        // nowhere else: 100 turns that off.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {
            "memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%",
        },
        "podLogsDir": cluster.path("pod-logs"),
        "volumePluginDir": cluster.path("volume-plugins"),
        // Tests wait for what a kubelet tells.
        "nodeStatusUpdateFrequency": "5s",
        "syncFrequency": "10s",
    })
}

fn proxy_configuration(cluster: &Cluster) -> Value {
    json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration",
        "clientConnection": { "kubeconfig": cluster.kubeconfig() },
        "mode": "iptables",
        "clusterCIDR": "10.244.0.0/16",
        // The table is this whole machine's: its size is not ours to set.
        "conntrack": { "maxPerCore": 0, "min": 0 },
    })
}
