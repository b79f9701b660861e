//! What a process is told: flags, each with an environment variable as its twin.
//!
//! The only place that reads the environment. Every role flattens the groups it needs,
//! so that one setting has one name, one default and one help text everywhere.

mod namespaces;
mod ops;
mod place;
mod shared;
mod told;
mod unknown;

pub(crate) use namespaces::only_one;
pub use namespaces::{Area, NamespaceArgs, Namespaces, NamespacesArgs, NoLeaseNamespace};
pub use ops::OpsArgs;
pub use shared::shared;
pub use told::Told;

use clap::error::ErrorKind;
use clap::{ArgGroup, CommandFactory, FromArgMatches};
use secrecy::SecretString;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The command line.
#[derive(Clone, Debug, clap::Parser)]
#[command(version, about = env!("CARGO_PKG_DESCRIPTION"))]
pub struct Cli<Command: clap::Subcommand> {
    /// What every command takes.
    #[command(flatten)]
    pub log: LogArgs,
    /// Which one it is.
    #[command(subcommand)]
    pub command: Command,
}

/// How to log, and where to send traces.
#[derive(Clone, Debug, clap::Args)]
pub struct LogArgs {
    /// json for machines, text for people; if not set: json for roles, text for commands
    #[arg(long, env = "RESTOCK_LOG_FORMAT", value_enum, global = true)]
    pub log_format: Option<LogFormat>,
    /// What to log, for example "info,restock_operator=debug"; if not set: info for roles,
    /// warn for commands
    #[arg(long, env = "RUST_LOG", value_name = "FILTER", global = true)]
    pub log_filter: Option<String>,
    /// URL of an OTLP/HTTP collector, such as http://collector:4318; without it no traces
    #[arg(
        long,
        env = "OTEL_EXPORTER_OTLP_ENDPOINT",
        value_name = "URL",
        global = true
    )]
    pub otlp_endpoint: Option<String>,
}

/// How to log where nothing is set: it depends on who reads it.
#[derive(Clone, Copy, Debug)]
pub struct LogDefaults {
    /// The form of a line.
    pub format: LogFormat,
    /// What is logged.
    pub filter: &'static str,
}

impl LogDefaults {
    /// Roles run for long, and are read by machines.
    pub const OF_ROLES: Self = Self {
        format: LogFormat::Json,
        filter: "info",
    };

    /// A person waits for the answer of a command: only what is wrong stands beside it.
    pub const OF_COMMANDS: Self = Self {
        format: LogFormat::Text,
        filter: "warn",
    };
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// One line of text.
    Text,
}

/// Where probes and metrics are served.
#[derive(Clone, Debug, clap::Args)]
pub struct AdminArgs {
    /// Address of /livez, /readyz and /metrics; port 0 takes a free one and logs it
    #[arg(long, env = "RESTOCK_ADMIN_LISTEN", default_value = "0.0.0.0:8080")]
    pub admin_listen: SocketAddr,
}

/// Where people may read.
#[derive(Clone, Debug, clap::Args)]
pub struct ReadArgs {
    /// Address of what people may read through the API server, such as /v1/check; port 0 takes
    /// a free one and logs it
    #[arg(long, env = "RESTOCK_READ_LISTEN", default_value = "0.0.0.0:8081")]
    pub read_listen: SocketAddr,
}

/// Where the ledger is: exactly one of URL, file and secret.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
#[command(group(ArgGroup::new("database").required(true).multiple(false)))]
pub struct DatabaseArgs {
    /// URL of the ledger: mysql://user:password@host:3306/name
    #[arg(
        long,
        env = "RESTOCK_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true,
        group = "database"
    )]
    pub database_url: Option<SecretString>,
    /// File that holds the URL of the ledger, read again every ten seconds: new
    /// credentials need no restart of a role
    #[arg(
        long,
        env = "RESTOCK_DATABASE_URL_FILE",
        value_name = "PATH",
        group = "database"
    )]
    pub database_url_file: Option<PathBuf>,
    /// Name or ARN of a secret of AWS Secrets Manager with the credentials, in the JSON of
    /// RDS; read again every five minutes, and at once when the ledger refuses them
    #[arg(
        long,
        env = "RESTOCK_DATABASE_SECRET_ID",
        value_name = "ID",
        group = "database"
    )]
    pub database_secret_id: Option<String>,
    /// The ledger of that secret, without user and password: mysql://host:3306/name; what
    /// is missing in it comes from the secret
    #[arg(
        long,
        env = "RESTOCK_DATABASE_ADDRESS",
        value_name = "URL",
        requires = "database_secret_id",
        conflicts_with_all = ["database_url", "database_url_file"]
    )]
    pub database_address: Option<String>,
}

impl DatabaseArgs {
    /// The ledger at this URL.
    pub fn at(url: SecretString) -> Self {
        Self {
            database_url: Some(url),
            ..Self::default()
        }
    }

    /// Whether there is any; a command for which none is required may lack it.
    pub const fn is_told(&self) -> bool {
        self.database_url.is_some()
            || self.database_url_file.is_some()
            || self.database_secret_id.is_some()
    }
}

/// A role's own arguments and what every role has in common.
#[derive(Clone, Debug, clap::Args)]
pub struct RoleArgs<Role: clap::Args> {
    /// Probes and metrics.
    #[command(flatten)]
    pub admin: AdminArgs,
    /// What people may read.
    #[command(flatten)]
    pub read: ReadArgs,
    /// The role's own.
    #[command(flatten)]
    pub role: Role,
}

/// Reads the command line and the environment, or ends the process with a message.
///
/// A `RESTOCK_*` variable that no role knows is an error: a typing mistake would
/// otherwise be a default that nobody chose.
pub fn parse<Cli: CommandFactory + FromArgMatches>() -> (Cli, Told) {
    let mut command = Cli::command();
    let matches = command.try_get_matches_from_mut(arguments());
    if let Err(help) = &matches
        && !help.use_stderr()
    {
        help.exit();
    }
    // Before any other complaint: a misspelt variable is why its flag is missing.
    let unknown = unknown::describe(&command, variable_names());
    if let Some(message) = unknown {
        command.error(ErrorKind::UnknownArgument, message).exit();
    }
    let matches = matches.unwrap_or_else(|error| error.exit());
    let told = told::told(&command, &matches, variable);
    match Cli::from_arg_matches(&matches) {
        Ok(cli) => (cli, told),
        Err(error) => error.format(&mut command).exit(),
    }
}

fn arguments() -> impl Iterator<Item = OsString> {
    std::env::args_os()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn variable_names() -> impl Iterator<Item = OsString> {
    std::env::vars_os().map(|(name, _)| name)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use clap::builder::Resettable;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        database: DatabaseArgs,
    }

    /// Without the environment: what the shell has set must not decide a test.
    fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
        let command = Cli::command().mut_args(|argument| argument.env(Resettable::Reset));
        let matches = command.try_get_matches_from(["test"].iter().chain(arguments))?;
        Cli::from_arg_matches(&matches)
    }

    #[test]
    fn the_ledger_is_told_exactly_once() {
        let told = [
            "--database-url=mysql://h/n",
            "--database-url-file=/f",
            "--database-secret-id=s",
        ];
        let kind = |arguments: &[&str]| parse(arguments).unwrap_err().kind();
        assert_eq!(kind(&[]), ErrorKind::MissingRequiredArgument);
        for (index, one) in told.iter().enumerate() {
            assert!(parse(&[one]).is_ok(), "{one}");
            for other in &told[index + 1..] {
                assert_eq!(kind(&[one, other]), ErrorKind::ArgumentConflict);
            }
        }
    }

    #[test]
    fn an_address_belongs_to_a_secret() {
        let (address, secret) = ("--database-address=mysql://h/n", "--database-secret-id=s");
        let told = parse(&[secret, address]).unwrap().database;
        assert_eq!(told.database_address.as_deref(), Some("mysql://h/n"));
        let kind = |arguments: &[&str]| parse(arguments).unwrap_err().kind();
        assert_eq!(kind(&[address]), ErrorKind::MissingRequiredArgument);
        for other in ["--database-url=mysql://h/n", "--database-url-file=/f"] {
            assert_eq!(kind(&[address, other]), ErrorKind::ArgumentConflict);
        }
    }
}
