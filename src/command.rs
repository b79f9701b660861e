//! What the program can be asked for.

use restock_operator::process::args::{RoleArgs, Told};
use restock_operator::{admin, controller, dlq, ingest, process, receiver, relay, sales};
use std::process::ExitCode;

/// A role, which lives until it is told to stop, or a command, which does one thing.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Order from the factories and follow every request to its end
    Controller(RoleArgs<controller::Args>),
    /// Turn each out-of-stock message into one RestockRequest
    Ingest(RoleArgs<ingest::Args>),
    /// Take the factories' callbacks and raise the stock
    Receiver(RoleArgs<receiver::Args>),
    /// Sell what is there, and owe a message where too little is
    Sales(RoleArgs<sales::Args>),
    /// Publish what the sales owe to the topic
    Relay(RoleArgs<relay::Args>),
    /// Tell the operations team of dead letters
    Dlq(RoleArgs<dlq::Args>),
    #[command(flatten)]
    Admin(admin::Command),
    /// Print the OpenAPI document of the Sales API
    Openapi,
}

impl Command {
    /// Does what was asked, to its end.
    pub(crate) async fn run(self, told: Told) -> anyhow::Result<ExitCode> {
        match self {
            Self::Controller(args) => process::run(told, args, controller::run).await,
            Self::Ingest(args) => process::run(told, args, ingest::run).await,
            Self::Receiver(args) => process::run(told, args, receiver::run).await,
            Self::Sales(args) => process::run(told, args, sales::run).await,
            Self::Relay(args) => process::run(told, args, relay::run).await,
            Self::Dlq(args) => process::run(told, args, dlq::run).await,
            Self::Admin(command) => admin::run(command).await.map(|()| ExitCode::SUCCESS),
            Self::Openapi => {
                print!("{}", sales::openapi());
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}
