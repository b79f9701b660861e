//! A network namespace for the whole cluster. A pair of virtual interfaces leads to this
//! machine, and nothing leads further: there is no default route, so that what a pod sends
//! anywhere else ends where it is.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::command;

/// One cluster on a machine at a time.
const NAME: &str = "restock-cluster";

/// This machine's end; servers for pods listen here.
pub(crate) const HOST: &str = "10.245.0.1";

/// The cluster's end, and the address of its node.
pub(crate) const NODE: &str = "10.245.0.2";

/// Where the node's pods find it, and where DNS answers.
pub(super) const BRIDGE: &str = "10.244.0.1";

/// Its own, and not that of a pod, which a bridge takes otherwise: it would change as pods come
/// and go, and the others would lose their way for seconds.
const BRIDGE_MAC: &str = "0a:58:0a:f4:00:01";

const HOST_LINK: &str = "restock-host";
const NODE_LINK: &str = "restock-node";

/// The name of the bridge; CNI goes on with one that is there.
pub(super) const BRIDGE_LINK: &str = "restock-pods";

fn path() -> PathBuf {
    Path::new("/run/netns").join(NAME)
}

/// Makes it, unless it is there. One that an interruption left half made is made anew.
pub(super) fn create() -> Result<()> {
    if path().exists() && nat("-C").is_ok() {
        return Ok(());
    }
    remove()?;
    let inside = |arguments: &str| format!("-netns {NAME} {arguments}");
    ip(&format!("netns add {NAME}"))?;
    ip(&format!(
        "link add {HOST_LINK} type veth peer name {NODE_LINK} netns {NAME}"
    ))?;
    ip(&format!("address add {HOST}/30 dev {HOST_LINK}"))?;
    ip(&format!("link set {HOST_LINK} up"))?;
    ip(&inside("link set lo up"))?;
    ip(&inside(&format!("address add {NODE}/30 dev {NODE_LINK}")))?;
    ip(&inside(&format!("link set {NODE_LINK} up")))?;
    ip(&inside(&format!(
        "link add {BRIDGE_LINK} address {BRIDGE_MAC} type bridge"
    )))?;
    ip(&inside(&format!(
        "address add {BRIDGE}/24 dev {BRIDGE_LINK}"
    )))?;
    ip(&inside(&format!("link set {BRIDGE_LINK} up")))?;
    // Services have addresses that only rules know: without any route, a packet of the node's
    // for one would be refused before they see it. One that no rule knows ends at the bridge.
    ip(&inside(&format!(
        "route add 10.96.0.0/16 dev {BRIDGE_LINK}"
    )))?;
    let mut forward = within(Path::new("sysctl"));
    command::output(forward.args(["-qw", "net.ipv4.ip_forward=1"]))?;
    // Last: it stands for the whole.
    nat("-A")
}

/// Adds the rule by which this machine knows pods by the address of their node, or asks for it.
fn nat(how: &str) -> Result<()> {
    let rule = format!("-t nat {how} POSTROUTING -s 10.244.0.0/24 -o {NODE_LINK} -j MASQUERADE");
    command::output(within(Path::new("iptables")).args(rule.split(' '))).map(drop)
}

/// Removes it, with every interface and rule in it.
pub(super) fn remove() -> Result<()> {
    if path().exists() {
        ip(&format!("netns delete {NAME}"))?;
    }
    // Goes with its other end, unless that never came to be.
    if Path::new("/sys/class/net").join(HOST_LINK).exists() {
        ip(&format!("link delete {HOST_LINK}"))?;
    }
    Ok(())
}

fn ip(arguments: &str) -> Result<()> {
    command::output(Command::new("ip").args(arguments.split(' '))).map(drop)
}

/// A program in there. In its network alone: `ip netns exec` would also give it mounts of its
/// own, and the runtime would not see what kubelet mounts for a pod.
pub(super) fn within(program: &Path) -> Command {
    let mut command = Command::new("nsenter");
    command
        .arg(format!("--net={}", path().display()))
        .arg("--")
        .arg(program);
    command
}
