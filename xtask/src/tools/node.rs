//! What a node needs of Debian.

use anyhow::{Result, bail};

use super::apt::{can_install, in_path, install};

/// Each package, and a program that shows that it is there.
const PACKAGES: [(&str, &str); 6] = [
    ("containerd", "containerd"),
    ("runc", "runc"),
    ("containernetworking-plugins", "/usr/lib/cni/bridge"),
    ("iptables", "iptables"),
    ("conntrack", "conntrack"),
    ("iproute2", "ip"),
];

/// Installs those that are missing.
pub(super) fn packages() -> Result<()> {
    let is_missing = |program: &str| in_path(program).is_none();
    let missing = PACKAGES.iter().filter(|(_, program)| is_missing(program));
    let missing: Vec<&str> = missing.map(|(package, _)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !can_install() {
        let packages = missing.join(" ");
        bail!("a node needs more of Debian: run `apt-get install {packages}` as root");
    }
    install("what a node needs", &missing)
}
