//! MariaDB: the machine's own, or installed when this is root on Debian.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::apt::{can_install, in_path, install};

/// The programs of a database server.
pub(crate) struct MariaDb {
    pub(crate) server: PathBuf,
    pub(crate) install: PathBuf,
    pub(crate) client: PathBuf,
}

/// The programs alone: the full package would also start a server of its own.
const PACKAGES: [&str; 2] = ["mariadb-server-core", "mariadb-client-core"];

/// Finds the server, or installs it: as [`missing`] found that it can.
pub(crate) fn mariadb() -> Result<MariaDb> {
    if let Some(found) = find() {
        return Ok(found);
    }
    install("MariaDB", &PACKAGES)?;
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
    (find().is_none() && !can_install()).then(|| {
        format!(
            "no MariaDB server is installed, and only root on Debian can install one from here: \
             run `apt-get install {}` as root, or set \
             XTASK_DATABASE_URL=mysql://USER:PASSWORD@HOST:PORT/SCHEMA",
            PACKAGES.join(" ")
        )
    })
}

fn find() -> Option<MariaDb> {
    let server = in_path("mariadbd")?;
    let install = in_path("mariadb-install-db")?;
    // The install script cannot do without it, and it is in the other package.
    in_path("my_print_defaults")?;
    Some(MariaDb {
        server,
        install,
        client: in_path("mariadb")?,
    })
}
