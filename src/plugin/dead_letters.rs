//! `dlq`: messages that could not become a request.

mod list;

use super::failure::Failure;
use super::target::Target;

/// What to do with them.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List them with reason and age
    List(list::Args),
}

/// Does it.
pub(super) async fn run(args: Args, target: &Target) -> Result<(), Failure> {
    match args.command {
        Command::List(args) => list::run(args, target).await,
    }
}
