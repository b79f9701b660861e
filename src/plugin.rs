//! `kubectl restock`: what an on-call engineer asks, and says, with the rights of their own
//! kubeconfig.
//!
//! It reads objects as they are stored, not as types: one that another version of the
//! operator wrote must still be shown. All it prints goes through [`screen`], which lets no
//! control character of a stranger reach the terminal.

mod advice;
mod changes;
mod check;
mod chosen;
mod completion;
mod dead_letters;
mod failure;
mod history;
mod mapping;
mod output;
mod pages;
mod release;
mod requests;
mod roles;
mod screen;
mod simulate;
mod since;
mod status;
mod suspend;
mod target;
mod view;
mod word;

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
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such request or dead letter, \
                  4 simulate: a message would be refused, 5 your word was refused, \
                  6 your word was not taken up in time, 7 check: something needs a person, \
                  130 ended by Ctrl-C."
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
    /// Show what became of requests, also of those whose objects are gone
    History(history::Args),
    /// Say whether the installation is healthy, and what to do where it is not
    Check(check::Args),
    /// Say what you know: the factory has an order, has it not, or its goods came
    Resolve(word::ResolveArgs),
    /// Have requests ordered once more
    Retry(word::RetryArgs),
    /// Order nothing any more, where nothing is under way
    Cancel(word::CancelArgs),
    /// Hold requests back: no new order is sent for them
    Suspend(suspend::Args),
    /// Let suspended requests go on
    Resume(suspend::Args),
    /// Look at dead letters, send them back or throw them away
    Dlq(dead_letters::Args),
    /// Say what a message would become, and touch nothing
    Simulate(simulate::Args),
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
        Command::History(args) => history::run(args, target).await,
        Command::Check(args) => check::run(args, target).await,
        Command::Resolve(args) => word::resolve(args, target).await,
        Command::Retry(args) => word::retry(args, target).await,
        Command::Cancel(args) => word::cancel(args, target).await,
        Command::Suspend(args) => suspend::run(args, target, true).await,
        Command::Resume(args) => suspend::run(args, target, false).await,
        Command::Dlq(args) => dead_letters::run(args, target).await,
        Command::Simulate(args) => simulate::run(args, target).await,
        Command::Completion(args) => completion::run(&args),
        Command::Candidates(args) => completion::candidates(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.told(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory as _, Parser as _};

    /// The words of a line; what is in single quotes is one.
    fn words(line: &str) -> Vec<String> {
        let parts = line.split('\'').enumerate();
        let words = parts.flat_map(|(place, part)| match place % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        });
        words.collect()
    }

    fn examples(command: &clap::Command) -> Vec<String> {
        let help = command.get_after_help().map(ToString::to_string);
        let help = help.unwrap_or_default();
        let lines = help
            .lines()
            .filter_map(|line| line.strip_prefix("  kubectl "));
        lines.map(str::to_owned).collect()
    }

    fn check(command: &clap::Command) {
        let mut below = command.get_subcommands().peekable();
        if below.peek().is_none() && !command.is_hide_set() {
            let examples = examples(command);
            assert!(
                !examples.is_empty(),
                "{} has no example",
                command.get_name()
            );
            for line in examples {
                let known = Cli::try_parse_from(words(&line));
                assert!(known.is_ok(), "{line}: {}", known.unwrap_err());
            }
        }
        below.for_each(check);
    }

    #[test]
    fn every_command_has_examples_that_it_understands() {
        check(&Cli::command());
    }
}
