//! All tests, on the local parts.

use std::fs::File;
use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;

use crate::command;
use crate::given::Given;
use crate::parts::{self, UpOptions};
use crate::shell_env;
use crate::state::RunDirectory;
use crate::tools;

/// How many tests of one program run at a time.
const THREADS: &str = "RUST_TEST_THREADS";

/// The slow ones wait: for deadlines, for a lease to run out, for a factory that takes its
/// time.
const THREADS_PER_CORE: usize = 3;

/// Options of `test`.
#[derive(Args)]
pub(crate) struct TestOptions {
    #[command(flatten)]
    up: UpOptions,
    /// Passed on to cargo test.
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Starts the parts and runs the tests; the exit code is theirs.
pub(crate) fn test(run: &RunDirectory, options: &TestOptions, lock: File) -> Result<ExitCode> {
    // Before the long builds: one message must name all that is missing.
    tools::check_needs(run, &Given::from_environment(), true)?;
    let state = parts::up(run, &options.up)?;
    let helm = tools::helm(run)?;
    let kubeconform = tools::kubeconform(run)?;
    // The tests only use the parts: another command may run beside them.
    drop(lock);
    let mut cargo = command::cargo();
    cargo.args(["test", "--workspace"]).args(&options.arguments);
    cargo.envs(shell_env::of_the_parts(run, &state));
    if std::env::var_os(THREADS).is_none() {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        cargo.env(THREADS, (cores * THREADS_PER_CORE).to_string());
    }
    cargo.env("HELM", helm).env("KUBECTL", &state.kubectl);
    cargo.env("KUBECONFORM", kubeconform);
    let code = run_tests(&mut cargo)?;
    eprintln!("the parts still run, for the next time: `cargo xtask down` stops them");
    Ok(code)
}

/// Their exit code becomes that of this command.
pub(crate) fn run_tests(cargo: &mut Command) -> Result<ExitCode> {
    let code = cargo.status()?.code();
    let code = code.and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
