//! restock-operator: every role and every administrative command is a sub-command.

use clap::{Parser, Subcommand};
use restock_operator::process::{self, args};
use restock_operator::{admin, controller, dlq, ingest, receiver};
use std::process::ExitCode;

#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(flatten)]
    log: args::LogArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Order from the factories and follow every request to its end
    Controller(args::RoleArgs<controller::Args>),
    /// Turn each out-of-stock message into one RestockRequest
    Ingest(args::RoleArgs<ingest::Args>),
    /// Take the factories' callbacks and raise the stock
    Receiver(args::RoleArgs<receiver::Args>),
    /// Tell the operations team of dead letters
    Dlq(args::RoleArgs<dlq::Args>),
    #[command(flatten)]
    Admin(admin::Command),
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    process::install_tls();
    let (cli, told) = args::parse::<Cli>();
    process::telemetry::install(&cli.log)?;
    match cli.command {
        Command::Controller(args) => process::run(told, args, controller::run).await,
        Command::Ingest(args) => process::run(told, args, ingest::run).await,
        Command::Receiver(args) => process::run(told, args, receiver::run).await,
        Command::Dlq(args) => process::run(told, args, dlq::run).await,
        Command::Admin(command) => admin::run(command).await.map(|()| ExitCode::SUCCESS),
    }
}
