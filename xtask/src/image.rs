//! `cargo xtask image`: the image, made without a Docker engine.

mod inspect;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::command;
use crate::state::RunDirectory;
use crate::tools;

/// Certificates of public CAs on Debian; other systems have them elsewhere.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// What is made, in target/image.
const ARCHIVE: &str = "restock-operator.tar";

/// Options of `image`.
#[derive(Args)]
pub(crate) struct ImageOptions {
    /// Its name and tag.
    #[arg(long, default_value = "restock-operator:dev")]
    tag: String,
}

/// Makes the image, and says what to do with it.
pub(crate) fn image(run: &RunDirectory, options: &ImageOptions) -> Result<()> {
    let archive = make(run, &options.tag)?;
    println!("{} is {}", archive.display(), options.tag);
    println!(
        "  ctr --namespace k8s.io images import {}",
        archive.display()
    );
    Ok(())
}

/// Builds the program, static and with optimisation, and the image from the last stage of
/// the Dockerfile: an archive that `ctr images import` and `docker load` take.
pub(crate) fn make(run: &RunDirectory, tag: &str) -> Result<PathBuf> {
    let buildah = tools::buildah()?;
    let directory = run.checkout("target/image");
    lay_out(&directory.join("stage/image"), &program(run)?)?;
    let archive = directory.join(ARCHIVE);
    // The old one would be added to.
    if archive.exists() {
        std::fs::remove_file(&archive)?;
    }
    bake(run, &buildah, &directory, tag)?;
    inspect::inspect(&archive)?;
    Ok(archive)
}

/// An image of this directory alone, with its first program as what it runs: an archive in
/// `storage`, made once whole.
pub(crate) fn of_directory(
    content: &Path,
    program: &str,
    tag: &str,
    storage: &Path,
    archive: &Path,
) -> Result<()> {
    let file = storage.join("Dockerfile");
    std::fs::create_dir_all(storage)?;
    std::fs::write(
        &file,
        format!("FROM scratch\nCOPY . /\nENTRYPOINT [\"/{program}\"]\n"),
    )?;
    // An interrupted build leaves no archive that the next one would take for whole.
    let new = archive.with_extension("new.tar");
    if new.exists() {
        std::fs::remove_file(&new)?;
    }
    let mut build = buildah(&tools::buildah()?, storage);
    build.args(["build", "--isolation", "chroot", "--file"]);
    build.arg(file);
    build.args(["--tag", &format!("docker-archive:{}:{tag}", new.display())]);
    command::output(build.arg(content))?;
    Ok(std::fs::rename(new, archive)?)
}

/// buildah with layers of its own: nothing is left of them elsewhere.
fn buildah(program: &Path, storage: &Path) -> Command {
    let mut buildah = Command::new(program);
    buildah.arg("--root").arg(storage.join("root"));
    buildah.arg("--runroot").arg(storage.join("run"));
    buildah.args(["--storage-driver", "vfs"]);
    buildah
}

/// The program, with no path of this machine in it.
fn program(run: &RunDirectory) -> Result<PathBuf> {
    let target = host()?;
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let home = home.context("neither CARGO_HOME nor HOME is set")?;
    // Without the slash that an empty name leaves at its end.
    let checkout = run.checkout("").components().as_path().to_owned();
    let flags = [
        "-C target-feature=+crt-static".to_owned(),
        format!("--remap-path-prefix={}=/source", checkout.display()),
        format!("--remap-path-prefix={}=/cargo", home.display()),
    ];
    let mut cargo = command::cargo();
    cargo.env("RUSTFLAGS", flags.join(" "));
    // Named, so that the flags are for the program alone and not for what builds it.
    cargo.args(["build", "--release", "--locked", "--target", &target]);
    cargo.args(["--bin", "restock-operator"]);
    command::run(
        "building the program, about 10 min the first time",
        &mut cargo,
    )?;
    let program = run.checkout(&format!("target/{target}/release/restock-operator"));
    for sources in [checkout.join("src/"), home.join("registry/")] {
        refuse_path(&program, &sources)?;
    }
    Ok(program)
}

/// A program that says where it was built differs from every other build of its commit.
fn refuse_path(program: &Path, path: &Path) -> Result<()> {
    let content = std::fs::read(program)?;
    let name = path.as_os_str().as_encoded_bytes();
    if content.windows(name.len()).any(|part| part == name) {
        bail!(
            "{} holds the path {}: it belongs to no one image",
            program.display(),
            path.display()
        );
    }
    Ok(())
}

fn host() -> Result<String> {
    let about = command::output(Command::new("rustc").args(["--version", "--verbose"]))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}

/// What the first stage of the Dockerfile would leave.
fn lay_out(root: &Path, program: &Path) -> Result<()> {
    lay_certificates(root)?;
    std::fs::copy(program, root.join("restock-operator"))?;
    Ok(())
}

/// The certificates of public CAs: no client of TLS begins without any.
pub(crate) fn lay_certificates(root: &Path) -> Result<()> {
    if !Path::new(CERTIFICATES).exists() {
        bail!("{CERTIFICATES} is missing: install the package ca-certificates");
    }
    let certificates = root.join(CERTIFICATES.trim_start_matches('/'));
    std::fs::create_dir_all(certificates.parent().context("it lies in a directory")?)?;
    std::fs::copy(CERTIFICATES, certificates)?;
    Ok(())
}

fn bake(run: &RunDirectory, program: &Path, directory: &Path, tag: &str) -> Result<()> {
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        command::output(git.current_dir(run.checkout("")).args(arguments))
    };
    let revision = git(&["rev-parse", "HEAD"])?;
    let committed_at = git(&["log", "-1", "--format=%ct"])?;
    let mut build = buildah(program, &directory.join("storage"));
    build.args(["build", "--isolation", "chroot"]);
    // In the place of the stage that would build the program once more.
    let first_stage = format!("build={}", directory.join("stage").display());
    build.args(["--build-context", &first_stage]);
    build.args([
        "--build-arg",
        &format!("VERSION={}", env!("CARGO_PKG_VERSION")),
    ]);
    build.args(["--build-arg", &format!("REVISION={}", revision.trim())]);
    // Of the commit and not of the build: two builds of one commit are the same.
    build.args(["--timestamp", committed_at.trim()]);
    let archive = format!(
        "docker-archive:{}:{}",
        directory.join(ARCHIVE).display(),
        tag
    );
    build.args(["--tag", &archive]);
    build.arg(run.checkout(""));
    command::run("making the image", &mut build)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_says_where_it_was_built_is_refused() {
        let name = format!("restock-image-{}", std::process::id());
        let program = std::env::temp_dir().join(name);
        std::fs::write(&program, b"\x7fELF at /home/kim/src/main.rs:7\0").unwrap();
        let look = |path: &str| refuse_path(&program, Path::new(path));
        let (named, other) = (look("/home/kim/src/"), look("/home/lee/src/"));
        std::fs::remove_file(&program).unwrap();
        assert!(named.unwrap_err().to_string().contains("/home/kim/src/"));
        other.unwrap();
    }
}
