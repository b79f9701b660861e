//! buildah, which makes images without a Docker engine.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::apt::{can_install, in_path, install};

/// What it needs itself: how Debian lays a container's network out is of no use here.
const PACKAGES: [&str; 1] = ["buildah"];

/// Finds it, or installs it when this is root on Debian.
pub(crate) fn buildah() -> Result<PathBuf> {
    if let Some(found) = in_path("buildah") {
        return Ok(found);
    }
    if !can_install() {
        bail!(
            "buildah is not installed, and only root on Debian can install it from here: run \
             `apt-get install buildah` as root, or build with Docker: the Dockerfile says how"
        );
    }
    install("buildah", &PACKAGES)?;
    match in_path("buildah") {
        Some(found) => Ok(found),
        None => bail!("buildah is installed, but not to be found"),
    }
}
