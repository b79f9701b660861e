//! restock-operator: every role and every administrative command is a sub-command.

mod command;

use restock_operator::process::{self, args};

#[derive(clap::Parser)]
#[command(version, about)]
struct Cli {
    #[command(flatten)]
    log: args::LogArgs,
    #[command(subcommand)]
    command: command::Command,
}

#[tokio::main]
async fn main() -> Result<std::process::ExitCode, process::Failure> {
    let (cli, told) = args::parse::<Cli>();
    let _telemetry = process::prepare(&cli.log, &told)?;
    Ok(cli.command.run(told).await?)
}
