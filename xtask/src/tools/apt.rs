//! Programs of Debian: found on this machine, or installed when this is root there.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::command;

/// Whether a package can be installed from here.
pub(super) fn can_install() -> bool {
    rustix::process::geteuid().is_root() && in_path("apt-get").is_some()
}

/// Installs these packages; `what` is what a person calls them.
pub(super) fn install(what: &str, packages: &[&str]) -> Result<()> {
    command::run("reading Debian's package lists", apt_get().arg("update"))?;
    let text = format!("installing {what}");
    let try_it = || {
        let mut install = apt_get();
        install.args(["install", "--yes", "--no-install-recommends"]);
        command::run(&text, install.args(packages))
    };
    try_it().or_else(|failure| {
        // An installation was killed in the middle, perhaps this one's last try.
        if !format!("{failure:#}").contains("dpkg --configure -a") {
            return Err(failure);
        }
        let mut configure = Command::new("dpkg");
        configure.env("DEBIAN_FRONTEND", "noninteractive");
        configure.args(["--configure", "-a"]);
        command::run("carrying on an interrupted installation", &mut configure)?;
        try_it()
    })
}

fn apt_get() -> Command {
    let mut apt_get = Command::new("apt-get");
    // In English, for what is read of its errors above.
    apt_get
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("LC_ALL", "C");
    // Another checkout may be at it: its lock is waited for.
    apt_get.args(["-o", "DPkg::Lock::Timeout=600"]);
    apt_get
}

/// Looks in PATH and where Debian puts servers, which is not in everybody's PATH.
pub(super) fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&path).chain([Path::new("/usr/sbin").to_owned()]);
    directories
        .map(|directory| directory.join(name))
        .find(|program| program.is_file())
}
