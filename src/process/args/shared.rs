//! What one command was told, as another one reads it: a setting has one name everywhere.

use super::arguments;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, CommandFactory};
use std::ffi::OsString;

/// The settings of `Other` as this process, started as a sub-command of `Cli`, was told them: by
/// its flags, its environment, and these further flags.
///
/// # Errors
/// What is missing, or wrong, for the other command.
pub fn shared<Cli: CommandFactory, Other: Args>(more: &[&str]) -> Result<Other, clap::Error> {
    of::<Other>(&Cli::command(), arguments(), more)
}

fn of<Other: Args>(
    own: &Command,
    arguments: impl Iterator<Item = OsString>,
    more: &[&str],
) -> Result<Other, clap::Error> {
    let matches = own.clone().try_get_matches_from(arguments)?;
    let other = Other::augment_args(Command::new("other").no_binary_name(true));
    let mut flags: Vec<OsString> = more.iter().map(OsString::from).collect();
    if let Some((name, matches)) = matches.subcommand() {
        let own = own.find_subcommand(name).map(Command::get_arguments);
        for argument in own.into_iter().flatten() {
            let is_shared = |one: &clap::Arg| one.get_long() == argument.get_long();
            if let Some(long) = argument.get_long()
                && other.get_arguments().any(is_shared)
            {
                flags.extend(given(matches, argument.get_id().as_str(), long));
            }
        }
    }
    Other::from_arg_matches(&other.try_get_matches_from(flags)?)
}

/// The flag as it was given, once for each value; what the environment says, it says again.
fn given(matches: &ArgMatches, id: &str, long: &str) -> Vec<OsString> {
    if matches.value_source(id) != Some(ValueSource::CommandLine) {
        return Vec::new();
    }
    let values = matches.get_raw(id).into_iter().flatten();
    let flag = |value: &std::ffi::OsStr| {
        let mut flag = OsString::from(format!("--{long}="));
        flag.push(value);
        flag
    };
    values.map(flag).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Parser, Subcommand};

    #[derive(Parser)]
    struct Cli {
        #[command(subcommand)]
        _role: Role,
    }

    #[derive(Subcommand)]
    enum Role {
        Ingest(Ingest),
    }

    #[derive(Args)]
    struct Ingest {
        #[arg(long)]
        _queue_url: String,
        #[arg(long, value_delimiter = ',')]
        _hosts: Vec<String>,
        #[arg(long, default_value = "own")]
        _wait: String,
        #[arg(long)]
        _parallel: Option<u32>,
    }

    #[derive(Args)]
    struct Check {
        #[arg(long)]
        role: String,
        #[arg(long)]
        _queue_url: Option<String>,
        #[arg(long, value_delimiter = ',')]
        _hosts: Vec<String>,
        #[arg(long, default_value = "other")]
        _wait: String,
    }

    #[test]
    fn another_command_is_told_what_both_know() {
        let told = "operator ingest --queue-url=u --hosts a,b --parallel 3";
        let told = told.split(' ').map(OsString::from);
        let check: Check = of(&Cli::command(), told, &["--role=ingest"]).unwrap();
        assert_eq!(check.role, "ingest");
        assert_eq!(check._queue_url.as_deref(), Some("u"));
        assert_eq!(check._hosts, ["a", "b"]);
        assert_eq!(check._wait, "other", "a default is each command's own");
    }
}
