//! `kubectl restock`: what an on-call engineer asks, and says, with the rights of their own
//! kubeconfig.
//!
//! It reads objects as they are stored, not as types: one that another version of the
//! operator wrote must still be shown. All it prints goes through [`screen`], which lets no
//! control character of a stranger reach the terminal.

mod advice;
mod completion;
mod dead_letters;
mod failure;
mod output;
mod requests;
mod screen;
mod simulate;
mod status;
mod suspend;
mod table;
mod target;
mod view;

use failure::Failure;
use std::process::ExitCode;
use target::Target;

/// Restock requests, for whoever is on call
#[derive(Debug, clap::Parser)]
#[command(
    name = "kubectl-restock",
    bin_name = "kubectl restock",
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such request or \
                  dead letter, 4 simulate: a message would be refused."
)]
pub struct Cli {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show all requests, the stuck ones first; or the story of one
    Status(status::Args),
    /// Hold requests back: no new order is sent for them
    Suspend(suspend::Args),
    /// Let suspended requests go on
    Resume(suspend::Args),
    /// Say what a message would become, and touch nothing
    Simulate(simulate::Args),
    /// Look at dead letters, send them back or throw them away
    Dlq(dead_letters::Args),
    /// Print a script that completes commands and options in a shell
    Completion(completion::Args),
    /// What kubectl asks for the completion of `kubectl restock`
    #[command(name = completion::CANDIDATES, hide = true, disable_help_flag = true)]
    Candidates(completion::CandidatesArgs),
}

/// Does what was asked, and says what to do next where it cannot.
pub async fn run(cli: Cli) -> ExitCode {
    let target = &cli.target;
    let done = match cli.command {
        Command::Status(args) => status::run(args, target).await,
        Command::Suspend(args) => suspend::run(args, target, true).await,
        Command::Resume(args) => suspend::run(args, target, false).await,
        Command::Simulate(args) => simulate::run(args, target).await,
        Command::Dlq(args) => dead_letters::run(args, target).await,
        Command::Completion(args) => completion::run(&args),
        Command::Candidates(args) => completion::candidates(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.told(),
    }
}
