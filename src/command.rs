//! What the program can be asked for.

use restock_operator::admin::check;
use restock_operator::process::args::{self, Cli, RoleArgs, Told};
use restock_operator::process::{self, Process};
use restock_operator::{admin, controller, dlq, ingest, receiver, relay, sales};
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
            Self::Controller(args) => live(told, args, controller::run).await,
            Self::Ingest(args) => live(told, args, ingest::run).await,
            Self::Receiver(args) => live(told, args, receiver::run).await,
            Self::Sales(args) => live(told, args, sales::run).await,
            Self::Relay(args) => live(told, args, relay::run).await,
            Self::Dlq(args) => live(told, args, dlq::run).await,
            Self::Admin(command) => admin::run(command).await.map(|()| ExitCode::SUCCESS),
            Self::Openapi => {
                print!("{}", sales::openapi());
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

/// Lives as a role, which people may ask for its own check.
async fn live<Args, Ending>(
    told: Told,
    args: RoleArgs<Args>,
    role: impl FnOnce(Args, Process) -> Ending,
) -> anyhow::Result<ExitCode>
where
    Args: clap::Args,
    Ending: Future<Output = anyhow::Result<()>>,
{
    let of_role = format!("--role={}", told.role);
    let settings = args::shared::<Cli<Command>, check::Args>(&[&of_role]);
    let check = check::page_of(&told.role, settings);
    process::run(told, args, check, role).await
}
