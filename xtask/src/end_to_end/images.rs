//! Images beside the operator's own: the legacy factory, and the operator's next version.
//!
//! They are for tests alone, and built quickly: without optimisation, with the system's
//! libraries beside the program.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::image;
use crate::setup;
use crate::state::RunDirectory;

/// What the next version is built from: what the Dockerfile lets in, and the legacy factory, which
/// the manifest names.
const SOURCES: [&str; 10] = [
    "build.rs",
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "benches",
    "crds",
    "examples",
    "migrations",
    "xtask/Cargo.toml",
    "xtask/src",
];

/// A column that the version before does not know: what an upgrade adds, as every migration
/// may only add.
const NEXT_MIGRATION: (&str, &str) = (
    "migrations/9999_next.sql",
    "ALTER TABLE product ADD COLUMN next_note VARCHAR(32) NULL;\n",
);

const OPERATOR: &str = "restock-operator";

/// Where the next version is built. Not where this one is: cargo takes the crate of another
/// directory for the same one, and would not build this one again when it changes.
const NEXT_TARGET: &str = "target/e2e/build";

/// The legacy factory, `restock-factory:dev`.
pub(super) fn factory(run: &RunDirectory) -> Result<PathBuf> {
    let program = setup::build_operator()?;
    of_program(run, &program, "factory", "restock-factory:dev")
}

/// The operator as its next release will be, with a schema that has one change more:
/// `restock-operator:next`.
pub(super) fn next(run: &RunDirectory) -> Result<PathBuf> {
    let sources = run.checkout("target/e2e/next");
    if sources.exists() {
        std::fs::remove_dir_all(&sources)?;
    }
    for source in SOURCES {
        let to = sources.join(source);
        std::fs::create_dir_all(to.parent().context("it lies in a directory")?)?;
        // With their times: cargo builds again what is newer than its program.
        let mut copy = Command::new("cp");
        copy.args(["--recursive", "--preserve=timestamps"]);
        command::output(copy.arg(run.checkout(source)).arg(to))?;
    }
    std::fs::write(sources.join(NEXT_MIGRATION.0), NEXT_MIGRATION.1)?;
    let target = run.checkout(NEXT_TARGET);
    let mut cargo = command::cargo();
    cargo.current_dir(&sources).arg("build").arg("--target-dir");
    cargo.arg(&target).args(["--locked", "--bin", OPERATOR]);
    command::run("building the next version, for the upgrade", &mut cargo)?;
    let program = target.join("debug").join(OPERATOR);
    of_program(run, &program, OPERATOR, "restock-operator:next")
}

/// An image of this program, the libraries that it asks for, certificates, and nothing else.
fn of_program(run: &RunDirectory, program: &Path, name: &str, tag: &str) -> Result<PathBuf> {
    let directory = run.checkout("target/e2e").join(tag.replace(':', "-"));
    let content = directory.join("content");
    if content.exists() {
        std::fs::remove_dir_all(&content)?;
    }
    image::lay_certificates(&content)?;
    let mut strip = Command::new("strip");
    strip.arg("-o").arg(content.join(name));
    command::output(strip.arg(program))?;
    for library in libraries(program)? {
        let to = content.join(library.trim_start_matches('/'));
        std::fs::create_dir_all(to.parent().context("it lies in a directory")?)?;
        std::fs::copy(&library, to)?;
    }
    let archive = directory.join("image.tar");
    image::of_directory(&content, name, tag, &directory.join("storage"), &archive)?;
    Ok(archive)
}

/// `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)`, and the loader, whose path alone
/// stands in its line.
fn libraries(program: &Path) -> Result<Vec<String>> {
    let said = command::output(Command::new("ldd").arg(program))?;
    let paths = said.split_whitespace().filter(|word| word.starts_with('/'));
    Ok(paths.map(str::to_owned).collect())
}
