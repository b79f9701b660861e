//! The local AWS, built from `hack/local-aws`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use data_encoding::HEXLOWER;
use ring::digest::{Context as Digest, SHA256};

use super::cache::Cache;
use crate::command;
use crate::state::RunDirectory;

/// What it is built from; the cache key is the hash of these.
const SOURCES: [&str; 4] = ["Cargo.toml", "Cargo.lock", "src/main.rs", "src/moves.rs"];

/// The program, built if these sources were not built before.
pub(crate) fn local_aws(run: &RunDirectory) -> Result<PathBuf> {
    let project = run.checkout("hack/local-aws");
    let mut digest = Digest::new(&SHA256);
    for source in SOURCES {
        let path = project.join(source);
        let text =
            std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        digest.update(&text);
    }
    let version = HEXLOWER.encode(&digest.finish().as_ref()[..8]);
    let cache = Cache::of_user()?;
    cache.program(&format!("local-aws-{version}"), "local-aws", |path| {
        let target = cache.scratch("local-aws");
        let mut cargo = command::cargo();
        cargo
            .args(["build", "--release", "--locked", "--manifest-path"])
            .arg(project.join("Cargo.toml"));
        cargo.arg("--target-dir").arg(&target);
        command::run("building the local AWS, about 6 min", &mut cargo)?;
        std::fs::copy(target.join("release/local-aws"), path)?;
        Ok(())
    })
}
