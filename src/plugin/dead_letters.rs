//! `dlq`: messages that could not become a request. The list is the ledger's, for who may read
//! there; all else asks the queue, by the caller's own rights at AWS.
//!
//! What is only looked at is given back when the look has ended; what is sent back or thrown
//! away is so one by one, each in an order in which nothing is lost wherever it is cut off.

mod choice;
mod confirm;
mod discard;
mod list;
mod one_by_one;
mod progress;
mod queues;
mod redact;
mod redrive;
mod report;
mod scan;
mod show;
mod stop;

use super::failure::Failure;
use super::target::Target;
use stop::Stop;

/// What to do with dead letters.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List them with reason and age
    List(list::Args),
    /// Show one, without what may be personal, and say why it died
    Show(show::Args),
    /// Send some, or all, back to their queue
    Redrive(redrive::Args),
    /// Throw some away, after a copy of each was saved to a file
    Discard(discard::Args),
}

/// What is to be known of a command that asks the queue, before its `examples`.
fn of_aws(examples: &str) -> String {
    format!(
        "It asks AWS with your own credentials: AWS_PROFILE names a profile. Without any it says \
         how to log in. Which queues, the release in the namespace (-n) says, or --dlq-url and \
         --queue-url.\n\nExamples:\n{examples}"
    )
}

/// "1 dead letter", "2 dead letters".
fn letters(count: impl Into<u64>) -> String {
    match count.into() {
        1 => "1 dead letter".to_owned(),
        count => format!("{count} dead letters"),
    }
}

/// Does it.
pub(super) async fn run(args: Args, target: &Target) -> Result<(), Failure> {
    let stop = Stop::default();
    match args.command {
        Command::List(args) => list::run(args, target).await,
        Command::Show(args) => stop.or_end(show::run(args, target, &stop)).await,
        Command::Redrive(args) => stop.or_end(redrive::run(args, target, &stop)).await,
        Command::Discard(args) => stop.or_end(discard::run(args, target, &stop)).await,
    }
}
