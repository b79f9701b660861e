//! MariaDB: the machine's own, or installed when this is root on Debian.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::command;

/// The programs of a database server.
pub(crate) struct MariaDb {
    pub(crate) server: PathBuf,
    pub(crate) install: PathBuf,
}

/// The programs alone: the full package would also start a server of its own.
const PACKAGES: [&str; 2] = ["mariadb-server-core", "mariadb-client-core"];

/// Finds the server, or installs it.
pub(crate) fn mariadb() -> Result<MariaDb> {
    if let Some(found) = find() {
        return Ok(found);
    }
    if !rustix::process::geteuid().is_root() || in_path("apt-get").is_none() {
        bail!(
            "no MariaDB server is installed: run `apt-get install {}` as root, or set \
             XTASK_DATABASE_URL=mysql://USER:PASSWORD@HOST:PORT/SCHEMA",
            PACKAGES.join(" ")
        );
    }
    let mut update = Command::new("apt-get");
    // Another checkout may be at it: its lock is waited for.
    let wait = ["-o", "DPkg::Lock::Timeout=600"];
    update.args(wait).arg("update");
    command::run("reading Debian's package lists", &mut update)?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive");
    install
        .args(wait)
        .args(["install", "--yes", "--no-install-recommends"])
        .args(PACKAGES);
    command::run("installing MariaDB", &mut install)?;
    match find() {
        Some(found) => Ok(found),
        None => bail!(
            "{} are installed, but mariadbd is not to be found",
            PACKAGES.join(" and ")
        ),
    }
}

fn find() -> Option<MariaDb> {
    let server = in_path("mariadbd")?;
    let install = in_path("mariadb-install-db")?;
    // The install script cannot do without it, and it is in the other package.
    in_path("my_print_defaults")?;
    Some(MariaDb { server, install })
}

/// Looks in PATH and where Debian puts servers, which is not in everybody's PATH.
fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&path).chain([Path::new("/usr/sbin").to_owned()]);
    directories
        .map(|directory| directory.join(name))
        .find(|program| program.is_file())
}
