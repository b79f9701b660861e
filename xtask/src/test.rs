//! All tests, on the local parts.

use std::fs::File;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::command;
use crate::parts::{self, UpOptions};
use crate::shell_env;
use crate::state::RunDirectory;

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
    let state = parts::up(run, &options.up)?;
    // The tests only use the parts: another command may run beside them.
    drop(lock);
    let mut cargo = command::cargo();
    cargo.args(["test", "--workspace"]).args(&options.arguments);
    // Not the settings of the roles: each test starts its roles with settings of its own.
    let variables = shell_env::variables(run, &state);
    let of_the_parts = variables
        .into_iter()
        .filter(|(name, _)| !name.starts_with("RESTOCK_"));
    let status = cargo.envs(of_the_parts).status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
