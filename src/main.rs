//! restock-operator: every role and every administrative command is a sub-command.

mod command;

use command::Command;
use restock_operator::process::{self, args};

#[tokio::main]
async fn main() -> Result<std::process::ExitCode, process::Failure> {
    let (cli, told) = args::parse::<args::Cli<Command>>();
    let _telemetry = process::prepare(&cli.log, &told)?;
    Ok(cli.command.run(told).await?)
}
