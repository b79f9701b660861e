//! restock-operator: every role and every administrative command is a sub-command.

use restock_operator::process::args::{self, Cli, RoleArgs};
use restock_operator::{admin, controller, dlq, ingest, process, receiver, relay};

#[derive(clap::Subcommand)]
enum Command {
    /// Order from the factories and follow every request to its end
    Controller(RoleArgs<controller::Args>),
    /// Turn each out-of-stock message into one RestockRequest
    Ingest(RoleArgs<ingest::Args>),
    /// Take the factories' callbacks and raise the stock
    Receiver(RoleArgs<receiver::Args>),
    /// Publish what the sales owe to the topic
    Relay(RoleArgs<relay::Args>),
    /// Tell the operations team of dead letters
    Dlq(RoleArgs<dlq::Args>),
    #[command(flatten)]
    Admin(admin::Command),
}

#[tokio::main]
async fn main() -> Result<std::process::ExitCode, process::Failure> {
    let (cli, told) = args::parse::<Cli<Command>>();
    let _telemetry = process::prepare(&cli.log, &told)?;
    Ok(match cli.command {
        Command::Controller(args) => process::run(told, args, controller::run).await?,
        Command::Ingest(args) => process::run(told, args, ingest::run).await?,
        Command::Receiver(args) => process::run(told, args, receiver::run).await?,
        Command::Relay(args) => process::run(told, args, relay::run).await?,
        Command::Dlq(args) => process::run(told, args, dlq::run).await?,
        Command::Admin(command) => admin::run(command).await.map(|()| 0.into())?,
    })
}
