//! containerd: the runtime of the pods, with its own root, state and socket.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::{Cluster, READY_LIMIT, network};
use crate::command;
use crate::progress::Step;

/// Not in the checkout: the path of a socket has at most 107 bytes.
const STATE: &str = "/run/restock-cluster";
/// Where it answers.
pub(crate) const SOCKET: &str = "/run/restock-cluster/containerd.sock";

/// What holds a pod's namespaces; made here, see images.rs.
pub(super) const PAUSE: &str = "localhost/restock-pause:1";

/// Under which kubelet counts the pods.
pub(super) const CGROUP: &str = "/restock-cluster";

/// Starts it, unless it runs, and loads these images.
pub(super) fn start(cluster: &Cluster, archives: &[PathBuf]) -> Result<()> {
    let step = Step::begin("starting containerd and loading the images");
    let server = cluster.background("containerd");
    if !server.runs() {
        cluster.write("cni/10-bridge.conflist", BRIDGE_CONFIGURATION)?;
        let file = cluster.write("containerd.toml", &configuration(cluster))?;
        make_cgroups()?;
        let mut command = network::within(Path::new("containerd"));
        command.arg("--config").arg(file);
        server.start(command)?;
        server.wait_ready(READY_LIMIT, || ctr(&["version"]).is_ok())?;
    }
    archives.iter().try_for_each(|archive| load(archive))?;
    step.done();
    Ok(())
}

/// Loads the images of an archive.
pub(super) fn load(archive: &Path) -> Result<()> {
    let archive = archive.display().to_string();
    ctr(&["--namespace", "k8s.io", "images", "import", &archive]).map(drop)
}

/// Ends every container, then containerd, and unmounts what is left. A container outlives the
/// daemon that started it: that is why they go first, and need it.
pub(super) fn stop(cluster: &Cluster) -> Result<()> {
    let server = cluster.background("containerd");
    if server.runs() {
        let in_pods = ["--namespace", "k8s.io"];
        let with = |rest: &[&str]| ctr(&[&in_pods, rest].concat());
        for task in with(&["tasks", "list", "--quiet"])?.lines() {
            // One that ended meanwhile is as good.
            let _ = with(&["tasks", "kill", "--all", "--signal", "SIGKILL", task]);
            let _ = with(&["tasks", "delete", "--force", task]);
        }
        for container in with(&["containers", "list", "--quiet"])?.lines() {
            let _ = with(&["containers", "delete", container]);
        }
    }
    server.stop()?;
    unmount(&cluster.directory)?;
    unmount(Path::new(STATE))?;
    remove_cgroups()?;
    match std::fs::remove_dir_all(STATE) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn ctr(arguments: &[&str]) -> Result<String> {
    let mut ctr = Command::new("ctr");
    ctr.args(["--address", SOCKET, "--connect-timeout", "2s"]);
    command::output(ctr.args(arguments))
}

/// Everything that is mounted below, the last one first.
fn unmount(below: &Path) -> Result<()> {
    let table = std::fs::read_to_string("/proc/self/mounts")?;
    let points = table
        .lines()
        .rev()
        .filter_map(|line| line.split(' ').nth(1));
    for point in points.filter(|point| Path::new(point).starts_with(below)) {
        command::output(Command::new("umount").args(["--lazy", point]))?;
    }
    Ok(())
}

/// Version 2 is mounted as a whole; the controllers of version 1 one by one, and where both
/// are in use version 2 beside them.
fn cgroups() -> Vec<PathBuf> {
    let root = Path::new("/sys/fs/cgroup");
    if root.join("cgroup.controllers").exists() {
        return vec![root.to_owned()];
    }
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let one_by_one = entries.map(|entry| entry.path());
    one_by_one
        .filter(|path| path.join("cgroup.procs").exists())
        .collect()
}

/// kubelet asks for its root to be there.
fn make_cgroups() -> Result<()> {
    for root in cgroups() {
        std::fs::create_dir_all(root.join(CGROUP.trim_start_matches('/')))?;
    }
    Ok(())
}

fn remove_cgroups() -> Result<()> {
    for root in cgroups() {
        remove_cgroup(&root.join(CGROUP.trim_start_matches('/')))?;
    }
    Ok(())
}

/// A directory of a cgroup holds files that cannot be removed: only its sub-directories, then
/// itself.
fn remove_cgroup(path: &Path) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_cgroup(&entry.path())?;
        }
    }
    Ok(std::fs::remove_dir(path)?)
}

/// `restrict_oom_score_adj`: where this machine is itself a container, no process may make
/// itself less likely to be killed, and every sandbox would fail on trying.
fn configuration(cluster: &Cluster) -> String {
    let (root, cni) = (cluster.path("containerd"), cluster.path("cni"));
    let cri = "plugins.\"io.containerd.grpc.v1.cri\"";
    format!(
        "version = 2\nroot = \"{}\"\nstate = \"{STATE}/state\"\n\n\
         [grpc]\naddress = \"{SOCKET}\"\n\n\
         [{cri}]\nsandbox_image = \"{PAUSE}\"\nrestrict_oom_score_adj = true\n\
         netns_mounts_under_state_dir = true\n\n\
         [{cri}.cni]\nbin_dir = \"/usr/lib/cni\"\nconf_dir = \"{}\"\n\n\
         [{cri}.containerd.runtimes.runc]\nruntime_type = \"io.containerd.runc.v2\"\n",
        root.display(),
        cni.display()
    )
}

const BRIDGE_CONFIGURATION: &str = r#"{
  "cniVersion": "1.0.0",
  "name": "restock",
  "plugins": [
    {
      "type": "bridge",
      "bridge": "restock-pods",
      "isGateway": true,
      "hairpinMode": true,
      "ipam": {
        "type": "host-local",
        "dataDir": "/run/restock-cluster/addresses",
        "ranges": [[{ "subnet": "10.244.0.0/24" }]],
        "routes": [{ "dst": "0.0.0.0/0" }]
      }
    },
    { "type": "portmap", "capabilities": { "portMappings": true } }
  ]
}
"#;
