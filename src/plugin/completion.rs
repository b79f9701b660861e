//! Completion in a shell: of `kubectl-restock` by a script, and of `kubectl restock` by
//! what kubectl asks a plugin.

use super::{Cli, Failure, screen};
use clap::CommandFactory as _;
use clap_complete::aot::{Shell as Script, generate};
use std::io::Write as _;

/// How the helper of kubectl is to call this program.
pub(super) const CANDIDATES: &str = "__complete";

/// What a program named `kubectl_complete-restock` on the PATH has to do (kubectl, since
/// 1.26, runs it with the words after `kubectl restock`).
const HELPER: &str = "#!/bin/sh\nexec kubectl-restock __complete \"$@\"\n";

/// After the candidates: complete no file names (cobra, ShellCompDirectiveNoFileComp).
const NO_FILES: &str = ":4";

/// Which script.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Of kubectl restock: write the helper to a file kubectl_complete-restock on the \
                  PATH, and make it executable. Of kubectl-restock: have the shell read the \
                  script, as in `source <(kubectl restock completion bash)`.\n\n\
                  Examples:\n  \
                  kubectl restock completion kubectl\n  \
                  kubectl restock completion bash"
)]
pub(super) struct Args {
    /// Of which shell; kubectl: the helper to be put on the PATH as kubectl_complete-restock
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Kubectl,
}

/// The words so far; the last one is to be completed.
#[derive(Debug, clap::Args)]
pub(super) struct CandidatesArgs {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// Prints the script.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let shell = match args.shell {
        Shell::Bash => Script::Bash,
        Shell::Zsh => Script::Zsh,
        Shell::Fish => Script::Fish,
        Shell::Kubectl => return written(HELPER.as_bytes()),
    };
    // A script completes the program's own name, of one word.
    let mut command = Cli::command().bin_name("kubectl-restock");
    let mut script = Vec::new();
    generate(shell, &mut command, "kubectl-restock", &mut script);
    written(&script)
}

/// Not by the screen: here is nothing of strangers, and in a script a tab is a tab.
fn written(script: &[u8]) -> Result<(), Failure> {
    std::io::stdout().write_all(script).map_err(|why| {
        let what = format!("the script cannot be written: {why}");
        Failure::new(what, "Write it to a file, and let the shell read that.")
    })
}

/// Prints one candidate a line, and what kubectl is to do with them.
pub(super) fn candidates(args: &CandidatesArgs) -> Result<(), Failure> {
    let mut lines = matching(&args.words);
    lines.push(NO_FILES.to_owned());
    screen::print(&lines.join("\n"));
    Ok(())
}

fn matching(words: &[String]) -> Vec<String> {
    let (begun, before) = words
        .split_last()
        .map_or(("", words), |(last, before)| (last.as_str(), before));
    let mut command = Cli::command();
    command.build();
    let mut at = &command;
    for word in before {
        at = at.find_subcommand(word).unwrap_or(at);
    }
    if let Some(values) = before.last().and_then(|word| values(at, word)) {
        return values
            .into_iter()
            .filter(|one| one.starts_with(begun))
            .collect();
    }
    let commands = at.get_subcommands().filter(|one| !one.is_hide_set());
    let flags = at.get_arguments().filter_map(|one| one.get_long());
    let all = commands
        .map(|one| one.get_name().to_owned())
        .chain(flags.map(|flag| format!("--{flag}")));
    all.filter(|one| one.starts_with(begun) && (!begun.is_empty() || !one.starts_with('-')))
        .collect()
}

/// What can stand after this option, if it is one that takes a value.
fn values(command: &clap::Command, option: &str) -> Option<Vec<String>> {
    let is_it = |one: &&clap::Arg| {
        let long = option.strip_prefix("--");
        let short = option
            .strip_prefix('-')
            .and_then(|letter| letter.parse().ok());
        long.is_some_and(|long| one.get_long() == Some(long))
            || short.is_some_and(|short| one.get_short() == Some(short))
    };
    let option = command.get_arguments().find(is_it)?;
    let values = option
        .get_action()
        .takes_values()
        .then(|| option.get_possible_values())?;
    Some(values.iter().map(|one| one.get_name().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(words: &[&str]) -> Vec<String> {
        matching(
            &words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn commands_and_flags_are_completed() {
        assert_eq!(completed(&["s"]), ["status", "suspend", "simulate"]);
        assert_eq!(completed(&["simulate", "--m"]), ["--mapping"]);
        assert_eq!(completed(&["status", "--all"]), ["--all-namespaces"]);
        assert!(!completed(&[""]).contains(&CANDIDATES.to_owned()));
        let forms = ["json", "yaml", "wide", "name"];
        for command in [
            &["retry"][..],
            &["suspend"],
            &["dlq", "redrive"],
            &["status"],
        ] {
            assert_eq!(completed(&[command, &["-o", ""]].concat()), forms);
            assert_eq!(completed(&[command, &["--output", "y"]].concat()), ["yaml"]);
        }
        assert!(completed(&["retry", "--reason", ""]).is_empty());
    }
}
