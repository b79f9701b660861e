//! Benchmarks, on the local parts. They report; nothing fails by a number.

use std::fs::File;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::command;
use crate::parts::{self, UpOptions};
use crate::shell_env;
use crate::state::RunDirectory;

/// Options of `bench`.
#[derive(Args)]
pub(crate) struct BenchOptions {
    /// What to measure.
    what: Benchmark,
    #[command(flatten)]
    up: UpOptions,
}

/// A benchmark of `benches/`.
#[derive(Clone, Copy, ValueEnum)]
enum Benchmark {
    /// Requests a second, against a bare client of the same API server.
    Ingest,
    /// Resident memory with 10,000 live requests.
    Memory,
}

/// Starts the parts and runs one benchmark; the exit code is its.
pub(crate) fn bench(run: &RunDirectory, options: &BenchOptions, lock: File) -> Result<ExitCode> {
    let state = parts::up(run, &options.up)?;
    drop(lock);
    let name = options.what.to_possible_value();
    let name = name.map(|value| value.get_name().to_owned());
    let mut cargo = command::cargo();
    cargo.args(["bench", "--bench", &name.unwrap_or_default()]);
    let status = cargo.envs(shell_env::of_the_parts(run, &state)).status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
