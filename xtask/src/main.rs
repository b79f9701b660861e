//! Developer commands: `cargo xtask --help` names them.

mod api_server;
mod bench;
mod chart;
mod cluster;
mod command;
mod demo;
mod end_to_end;
mod given;
mod image;
mod k6;
mod pages;
mod parts;
mod postman;
mod process;
mod progress;
mod random;
mod roles;
mod setup;
mod shell_env;
mod state;
mod test;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::state::RunDirectory;

/// Developer commands of restock-operator.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts the local parts (what is missing is built or installed first) and sets them up.
    Up(parts::UpOptions),
    /// Prints shell exports for the local parts: eval "$(cargo xtask env)".
    Env,
    /// Stops the local parts and removes all they wrote.
    Down,
    /// Shows the main job, live, on the local parts.
    Demo(demo::DemoOptions),
    /// Runs all tests, on the local parts.
    Test(test::TestOptions),
    /// Installs on a real cluster of one node, for root, and uses what was installed.
    #[command(name = "e2e")]
    EndToEnd(end_to_end::EndToEndOptions),
    /// Starts and stops a real cluster of one node, with the image loaded.
    #[command(subcommand)]
    Cluster(cluster::ClusterCommand),
    /// Builds the container image, without a Docker engine.
    Image(image::ImageOptions),
    /// Makes the committed files that are made from others: definitions, the chart's schema,
    /// manifests, the description of the Sales API.
    Generate,
    /// Measures, on the local parts; builds what it measures with optimisation.
    Bench(bench::BenchOptions),
    /// Puts load on the shop, by the scripts in k6/; builds k6 if it is missing.
    K6(k6::K6Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    let run = RunDirectory::of_this_checkout()?;
    // Held to the end: a second command in this checkout waits for the first.
    let lock = run.lock()?;
    match command {
        Command::Up(options) => {
            parts::up(&run, &options)?;
            shell_env::summary(&run);
        }
        Command::Env => print!("{}", shell_env::exports(&run, &run.load()?)),
        Command::Down => parts::down(&run)?,
        Command::Demo(options) => return demo::demo(&run, &options),
        Command::Test(options) => return test::test(&run, &options, lock),
        Command::EndToEnd(options) => return end_to_end::run(&run, &options, lock),
        Command::Cluster(command) => cluster::run(&run, &command)?,
        Command::Image(options) => image::image(&run, &options)?,
        Command::Generate => chart::generate(&run)?,
        Command::Bench(options) => return bench::bench(&run, &options, lock),
        Command::K6(options) => return k6::k6(&run, &options, lock),
    }
    Ok(ExitCode::SUCCESS)
}
