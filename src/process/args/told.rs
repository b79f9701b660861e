//! What a role was told, for its first log line: enough to see that it is the right
//! queue, ledger and cluster, and no secret.

use super::{DatabaseArgs, LogDefaults, place};
use crate::process::secret::read_file;
use clap::{ArgMatches, Command, FromArgMatches};
use secrecy::ExposeSecret;

/// Variables of others that decide which account, region and cluster is meant.
const NEIGHBOURS: [&str; 6] = [
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ROLE_ARN",
    "KUBECONFIG",
    "KUBERNETES_SERVICE_HOST",
];

/// Settings that are ARNs or URLs of AWS.
const OF_AWS: [&str; 5] = [
    "queue_url",
    "dlq_url",
    "inbox_url",
    "ops_topic_arn",
    "topic_arn",
];

/// The role and its settings, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The name of the sub-command.
    pub role: String,
    /// `name=value` for each setting, without secrets.
    pub settings: String,
    /// Whether it runs until it is told to stop: what does serves probes.
    pub runs_on: bool,
}

impl Told {
    /// How to log where nothing is set.
    pub const fn log_defaults(&self) -> LogDefaults {
        if self.runs_on {
            LogDefaults::OF_ROLES
        } else {
            LogDefaults::OF_COMMANDS
        }
    }
}

pub(super) fn told(
    command: &Command,
    matches: &ArgMatches,
    variable: impl Fn(&str) -> Option<String>,
) -> Told {
    let Some((role, matches)) = matches.subcommand() else {
        return Told {
            role: String::new(),
            settings: String::new(),
            runs_on: false,
        };
    };
    let arguments = || {
        let role = command.find_subcommand(role);
        role.into_iter().flat_map(Command::get_arguments)
    };
    // Of the definition: what was matched tells names that it does not know from others in a
    // debug build only.
    let has = |name: &str| arguments().any(|argument| argument.get_id() == name);
    let mut settings: Vec<String> = arguments()
        .filter(|argument| !argument.is_hide_env_values_set())
        .filter_map(|argument| setting(argument.get_id().as_str(), matches))
        .collect();
    if has("database_url") {
        settings.extend(database(matches).map(|place| format!("database={place}")));
    }
    let of_aws: Vec<String> = OF_AWS
        .iter()
        .flat_map(|name| values(name, matches))
        .collect();
    settings.extend(place::named(of_aws.iter().map(String::as_str)));
    settings.extend(
        NEIGHBOURS
            .iter()
            .filter_map(|name| Some(format!("{name}={}", without_user(&variable(name)?)))),
    );
    Told {
        role: role.to_owned(),
        settings: settings.join(" "),
        runs_on: has("admin_listen"),
    }
}

/// `None` for an argument without a value, and for a switch that is off.
fn setting(name: &str, matches: &ArgMatches) -> Option<String> {
    matches.try_get_raw(name).ok()??;
    Some(format!("{name}={}", values(name, matches).join(",")))
}

fn values(name: &str, matches: &ArgMatches) -> Vec<String> {
    let values = matches.try_get_raw(name).ok().flatten();
    let values = values.into_iter().flatten();
    values
        .map(|value| without_user(&value.to_string_lossy()))
        .collect()
}

/// Host and name of the ledger of a role that was told its URL. One that cannot be read or
/// understood is the role's to complain about; with a secret, its address is a setting.
fn database(matches: &ArgMatches) -> Option<String> {
    let told = DatabaseArgs::from_arg_matches(matches).ok()?;
    let file = || read_file(told.database_url_file.as_deref()?).ok();
    let url = told.database_url.clone().or_else(file)?;
    let (_scheme, rest) = url.expose_secret().split_once("://")?;
    // After the last @: a password may hold one that nobody escaped. What follows ? may
    // name key files.
    let place = rest.rsplit_once('@').map_or(rest, |(_user, place)| place);
    Some(place.split('?').next().unwrap_or_default().to_owned())
}

/// The text without the user and password of a URL.
fn without_user(text: &str) -> String {
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://***@{rest}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::args::{AdminArgs, LogFormat, NamespaceArgs};
    use clap::{CommandFactory, Parser, Subcommand};

    #[derive(Parser)]
    struct Cli {
        #[command(subcommand)]
        _role: Role,
    }

    #[derive(Subcommand)]
    enum Role {
        Ledgered(Ledgered),
        Plain(NamespaceArgs),
        Serving(AdminArgs),
    }

    #[derive(clap::Args)]
    struct Ledgered {
        #[command(flatten)]
        _database: DatabaseArgs,
        #[arg(long)]
        queue_url: Option<String>,
    }

    fn settings(arguments: &[&str]) -> Told {
        let mut command = Cli::command();
        let arguments = ["test"].iter().chain(arguments);
        let matches = command.try_get_matches_from_mut(arguments).unwrap();
        told(&command, &matches, |name| {
            (name == "AWS_REGION").then(|| "eu-west-1".to_owned())
        })
    }

    #[test]
    fn the_ledger_is_named_without_user_and_password() {
        let url = "--database-url=mysql://shop:p@ss/w@db.internal:3306/restock?ssl-key=/k";
        let told = settings(&[
            "ledgered",
            url,
            "--queue-url=https://u:pw@sqs/123456789012/q",
        ]);
        assert_eq!(told.role, "ledgered");
        assert_eq!(told.log_defaults().filter, "warn", "it serves no probes");
        assert_eq!(
            told.settings,
            "queue_url=https://***@sqs/123456789012/q database=db.internal:3306/restock \
             account=123456789012 AWS_REGION=eu-west-1"
        );
    }

    #[test]
    fn what_serves_probes_logs_for_machines() {
        let told = settings(&["serving"]);
        assert_eq!(told.log_defaults().filter, "info");
        assert_eq!(told.log_defaults().format, LogFormat::Json);
    }

    #[test]
    fn a_role_without_a_ledger_names_what_it_has() {
        assert_eq!(
            settings(&["plain"]).settings,
            "namespace=default AWS_REGION=eu-west-1"
        );
    }
}
