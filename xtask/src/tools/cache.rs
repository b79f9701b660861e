//! `~/.cache/restock-operator/NAME-VERSION/`: whole programs only, whoever else builds at the time.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The cache of this user.
pub(crate) struct Cache {
    root: PathBuf,
}

impl Cache {
    /// Honours XDG_CACHE_HOME.
    pub(crate) fn of_user() -> Result<Self> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let base = set("XDG_CACHE_HOME").map(PathBuf::from);
        let base = base.or_else(|| Some(PathBuf::from(set("HOME")?).join(".cache")));
        let base = base.context("neither XDG_CACHE_HOME nor HOME is set")?;
        Ok(Self {
            root: base.join("restock-operator"),
        })
    }

    /// A directory that builds may keep for their next time.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.root.join("build").join(name)
    }

    /// Whether the program is built.
    pub(crate) fn has(&self, version: &str, name: &str) -> bool {
        self.root.join(version).join(name).exists()
    }

    /// The program, built by `build` (which gets the path to write) unless it is there.
    pub(crate) fn program(
        &self,
        version: &str,
        name: &str,
        build: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let directory = self.root.join(version);
        let program = directory.join(name);
        if program.exists() {
            return Ok(program);
        }
        std::fs::create_dir_all(&directory)?;
        let _lock = lock(&directory.join(format!(".{name}.lock")), name)?;
        // Another one may have built it while this one waited.
        if program.exists() {
            return Ok(program);
        }
        // What an interrupted build left here is overwritten; the rename is the
        // only way to the real name, so no half-written program is ever run.
        let unfinished = directory.join(format!(".{name}.unfinished"));
        build(&unfinished)?;
        std::fs::rename(&unfinished, &program)?;
        Ok(program)
    }
}

fn lock(path: &Path, name: &str) -> Result<File> {
    let lock = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    if lock.try_lock().is_err() {
        eprintln!("waiting for another build of {name} ...");
        lock.lock()?;
    }
    Ok(lock)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn cache(name: &str) -> Cache {
        let root = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        Cache { root }
    }

    #[test]
    fn two_at_once_build_once() {
        let cache = cache("cache-twice");
        let builds = AtomicUsize::new(0);
        let build = || {
            cache.program("tool-1", "tool", |path| {
                builds.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(std::time::Duration::from_millis(100));
                Ok(std::fs::write(path, "whole")?)
            })
        };
        std::thread::scope(|scope| {
            let threads = [scope.spawn(build), scope.spawn(build)];
            for thread in threads {
                let program = thread.join().expect("no panic").expect("built");
                assert_eq!(std::fs::read_to_string(program).expect("there"), "whole");
            }
        });
        assert_eq!(builds.load(Ordering::SeqCst), 1);
        std::fs::remove_dir_all(&cache.root).expect("removed");
    }

    #[test]
    fn a_failed_build_is_tried_again() {
        let cache = cache("cache-failed");
        let failed = cache.program("tool-1", "tool", |path| {
            std::fs::write(path, "half")?;
            anyhow::bail!("interrupted")
        });
        failed.expect_err("the build failed");
        let program = cache.program("tool-1", "tool", |path| Ok(std::fs::write(path, "whole")?));
        let program = program.expect("built");
        assert_eq!(std::fs::read_to_string(program).expect("there"), "whole");
        std::fs::remove_dir_all(&cache.root).expect("removed");
    }
}
