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

/// Finds the server, or installs it: as [`missing`] found that it can.
pub(crate) fn mariadb() -> Result<MariaDb> {
    if let Some(found) = find() {
        return Ok(found);
    }
    command::run("reading Debian's package lists", apt_get().arg("update"))?;
    install().or_else(|failure| {
        // An installation was killed in the middle, perhaps this one's last try.
        if !format!("{failure:#}").contains("dpkg --configure -a") {
            return Err(failure);
        }
        let mut configure = Command::new("dpkg");
        configure.env("DEBIAN_FRONTEND", "noninteractive");
        configure.args(["--configure", "-a"]);
        command::run("carrying on an interrupted installation", &mut configure)?;
        install()
    })?;
    match find() {
        Some(found) => Ok(found),
        None => bail!(
            "{} are installed, but mariadbd is not to be found",
            PACKAGES.join(" and ")
        ),
    }
}

/// What to say if there is no server and none can be installed from here.
pub(super) fn missing() -> Option<String> {
    let installable = rustix::process::geteuid().is_root() && in_path("apt-get").is_some();
    (find().is_none() && !installable).then(|| {
        format!(
            "no MariaDB server is installed, and only root on Debian can install one from here: \
             run `apt-get install {}` as root, or set \
             XTASK_DATABASE_URL=mysql://USER:PASSWORD@HOST:PORT/SCHEMA",
            PACKAGES.join(" ")
        )
    })
}

fn install() -> Result<()> {
    let mut install = apt_get();
    install
        .args(["install", "--yes", "--no-install-recommends"])
        .args(PACKAGES);
    command::run("installing MariaDB", &mut install)
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
