//! The images that the node needs: the operator's, and the one that holds a pod together.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::{Cluster, runtime};
use crate::command;
use crate::image;
use crate::state::RunDirectory;

/// Name and tag of the operator's image.
const OPERATOR: &str = "restock-operator:dev";

/// Makes both; answers their archives.
pub(super) fn make(cluster: &Cluster, run: &RunDirectory) -> Result<Vec<PathBuf>> {
    Ok(vec![pause(cluster, run)?, image::make(run, OPERATOR)?])
}

fn pause(cluster: &Cluster, run: &RunDirectory) -> Result<PathBuf> {
    let archive = cluster.path("pause.tar");
    if archive.exists() {
        return Ok(archive);
    }
    let stage = cluster.path("pause");
    std::fs::create_dir_all(&stage)?;
    let mut rustc = Command::new("rustc");
    rustc.args([
        "-O",
        "-C",
        "target-feature=+crt-static",
        "-C",
        "strip=symbols",
    ]);
    rustc.arg("-o").arg(stage.join("pause"));
    command::output(rustc.arg(run.checkout("hack/pause/pause.rs")))?;
    image::of_directory(
        &stage,
        "pause",
        runtime::PAUSE,
        &cluster.path("storage"),
        &archive,
    )?;
    Ok(archive)
}
