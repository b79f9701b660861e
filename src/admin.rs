//! Administrative sub-commands: each does one thing and ends.

pub mod adjust;
pub mod audit;
pub mod check;
pub mod crd;
pub mod factories;
mod file;
pub mod migrate;
pub mod order_test;
pub mod products;

/// What an administrator, a pipeline or an auditor can ask for.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Print the custom resource definitions
    Crd(crd::CrdArgs),
    /// Bring the ledger to this version's schema
    Migrate(migrate::Args),
    /// List the products of the ledger, or apply a file of them
    Products(products::Args),
    /// Apply a file of Factories
    Factories(factories::Args),
    /// Change the stock of a product, with a reason, for the record
    Adjust(adjust::Args),
    /// Check that every piece of stock is accounted for
    Audit(audit::Args),
    /// Say what is missing or misconfigured, and what to do
    Check(Box<check::Args>),
    /// Send one request of its own through the installed roles, without a real factory
    OrderTest(order_test::Args),
}

/// Does what was asked.
///
/// # Errors
/// What a person has to mend. Not that nobody reads on: whoever looks at a list through
/// `head` has seen enough.
pub async fn run(command: Command) -> anyhow::Result<()> {
    perform(command).await.or_else(|error| {
        let cause = error.downcast_ref::<std::io::Error>();
        let unread = cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe);
        if unread { Ok(()) } else { Err(error) }
    })
}

async fn perform(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Crd(args) => crd::run(args),
        Command::Migrate(args) => migrate::run(args).await,
        Command::Products(args) => products::run(args).await,
        Command::Factories(args) => factories::run(args).await,
        Command::Adjust(args) => adjust::run(args).await,
        Command::Audit(args) => audit::run(args).await,
        Command::Check(args) => check::run(*args).await,
        Command::OrderTest(args) => order_test::run(args).await,
    }
}
