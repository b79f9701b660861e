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
    /// Only the loads whose name has this in it.
    only: Option<String>,
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
    /// Purchases a second, against a plain server on the same database.
    Sales,
}

/// Starts the parts and runs one benchmark; the exit code is its.
pub(crate) fn bench(run: &RunDirectory, options: &BenchOptions, lock: File) -> Result<ExitCode> {
    let state = parts::up(run, &options.up)?;
    drop(lock);
    let name = options.what.to_possible_value();
    let name = name.map(|value| value.get_name().to_owned());
    let mut cargo = command::cargo();
    cargo.args(["bench", "--bench", &name.unwrap_or_default(), "--"]);
    cargo.args(&options.only);
    let durable = matches!(options.what, Benchmark::Sales);
    parts::set_durable(run, &state, durable)?;
    let status = cargo.envs(shell_env::of_the_parts(run, &state)).status()?;
    parts::set_durable(run, &state, false)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
