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

/// What the next version is built from: what the Dockerfile lets in, and the legacy factory,
/// so that the features of all crates are those of every other build.
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

/// Of other names, for they are built where the programs of this version are: their crates
/// serve both.
const NEXT: &str = "restock-operator-next";
const NEXT_FACTORY: &str = "factory-next";

/// What the manifest runs by default, and the next version has under its own name.
const DEFAULT_RUN: &str = "default-run = \"restock-operator\"";

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
    let manifest = sources.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest)?;
    let programs = format!(
        "\n[[bin]]\nname = \"{NEXT}\"\npath = \"src/main.rs\"\n\
         \n[[example]]\nname = \"{NEXT_FACTORY}\"\npath = \"examples/factory.rs\"\n"
    );
    let text = text.replace(DEFAULT_RUN, &format!("default-run = \"{NEXT}\""));
    std::fs::write(&manifest, text + &programs)?;
    let mut cargo = command::cargo();
    cargo.current_dir(&sources).arg("build").arg("--target-dir");
    cargo.arg(run.checkout("target")).arg("--locked");
    cargo.args(["--bin", NEXT, "--example", NEXT_FACTORY]);
    command::run("building the next version, for the upgrade", &mut cargo)?;
    of_program(run, &setup::built(NEXT)?, NEXT, "restock-operator:next")
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
