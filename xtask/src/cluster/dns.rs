//! CoreDNS, beside the pods and not one of them.

use anyhow::Result;

use super::{Cluster, network};
use crate::tools::Node;

/// Starts it, unless it runs.
pub(super) fn start(cluster: &Cluster, programs: &Node) -> Result<()> {
    let server = cluster.background("coredns");
    if server.runs() {
        return Ok(());
    }
    let (bridge, kubeconfig) = (network::BRIDGE, cluster.kubeconfig());
    // Nothing is asked further: names of other places are not found.
    let configuration = format!(
        ".:53 {{\n  bind {bridge}\n  errors\n  kubernetes cluster.local in-addr.arpa {{\n    \
         kubeconfig {}\n  }}\n}}\n",
        kubeconfig.display()
    );
    let file = cluster.write("Corefile", &configuration)?;
    let mut command = network::within(&programs.coredns);
    command.arg("-conf").arg(file);
    server.start(command)
}

/// Stops it.
pub(super) fn stop(cluster: &Cluster) -> Result<()> {
    cluster.background("coredns").stop()
}
