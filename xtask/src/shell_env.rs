//! The variables under which the parts are found, by the operator, kubectl and the aws CLI.

use std::fmt::Write;

use crate::parts;
use crate::setup::{self, CALLBACK_KEYS};
use crate::state::{RunDirectory, State};

/// The local AWS takes any pair.
pub(crate) const LOCAL_AWS_KEYS: (&str, &str) = ("local", "local");
/// Sender of the notices.
pub(crate) const MAIL_FROM: &str = "restock@donut-states.example";
/// The operations team.
pub(crate) const MAIL_TO: &str = "operations@donut-states.example";
/// What the local AWS calls its region.
const LOCAL_REGION: &str = "us-east-1";

/// Where the legacy factory is.
pub(crate) fn factory_origin(state: &State) -> String {
    format!("http://127.0.0.1:{}", state.ports.factory)
}

/// Where orders are POSTed.
pub(crate) fn factory_url(state: &State) -> String {
    format!("{}/api/manufactures", factory_origin(state))
}

/// Where the demo's shop is.
pub(crate) fn shop_origin(state: &State) -> String {
    format!("http://{}", shop_address(state))
}

/// Where it listens. Not in RESTOCK_LISTEN, which is the receiver's.
pub(crate) fn shop_address(state: &State) -> String {
    format!("127.0.0.1:{}", state.ports.sales)
}

/// Where AWS is.
pub(crate) fn aws_endpoint(state: &State) -> String {
    let own = || format!("http://127.0.0.1:{}", state.ports.aws);
    state.given.aws_endpoint.clone().unwrap_or_else(own)
}

/// The AWS region; for a given AWS the person's own.
pub(crate) fn region(state: &State) -> String {
    let set = state
        .given
        .aws_endpoint
        .as_ref()
        .and_then(|_| std::env::var("AWS_REGION").ok());
    set.unwrap_or_else(|| LOCAL_REGION.to_owned())
}

fn database_url(state: &State) -> String {
    let (password, port) = (&state.database_password, state.ports.database);
    let own = || format!("mysql://restock:{password}@127.0.0.1:{port}/restock");
    state.given.database_url.clone().unwrap_or_else(own)
}

/// Those that lead to the parts. Not the settings of the roles: tests and benchmarks start
/// their roles with settings of their own.
pub(crate) fn of_the_parts(run: &RunDirectory, state: &State) -> Vec<(&'static str, String)> {
    let all = variables(run, state).into_iter();
    all.filter(|(name, _)| !name.starts_with("RESTOCK_"))
        .collect()
}

/// All variables but PATH, in the order in which they are printed.
pub(crate) fn variables(run: &RunDirectory, state: &State) -> Vec<(&'static str, String)> {
    let path = |name: &str| run.path(name).display().to_string();
    let receiver = format!("127.0.0.1:{}", state.ports.receiver);
    let aws = state.aws.clone();
    let mut variables = vec![
        (
            "KUBECONFIG",
            parts::kubeconfig(run, state).display().to_string(),
        ),
        ("AWS_ENDPOINT_URL", aws_endpoint(state)),
        ("AWS_REGION", region(state)),
        ("AWS_DEFAULT_REGION", region(state)),
    ];
    if state.given.aws_endpoint.is_none() {
        variables.push(("AWS_ACCESS_KEY_ID", LOCAL_AWS_KEYS.0.to_owned()));
        variables.push(("AWS_SECRET_ACCESS_KEY", LOCAL_AWS_KEYS.1.to_owned()));
    }
    variables.extend([
        ("DATABASE_URL", database_url(state)),
        ("QUEUE_URL", aws.queue_url.clone()),
        ("DLQ_URL", aws.dead_letter_url.clone()),
        ("DLQ_ARN", aws.dead_letter_arn),
        ("INBOX_URL", aws.inbox_url.clone()),
        ("TOPIC_ARN", aws.topic_arn.clone()),
        ("OPS_TOPIC_ARN", aws.operations_topic_arn.clone()),
        ("OPS_MAILBOX_URL", aws.mailbox_url),
        ("FACTORY_URL", factory_url(state)),
        ("SHOP_URL", shop_origin(state)),
        ("RESTOCK_DATABASE_URL", database_url(state)),
        ("RESTOCK_NAMESPACE", "default".to_owned()),
        ("RESTOCK_QUEUE_URL", aws.queue_url),
        ("RESTOCK_DLQ_URL", aws.dead_letter_url),
        ("RESTOCK_INBOX_URL", aws.inbox_url),
        ("RESTOCK_TOPIC_ARN", aws.topic_arn),
        ("RESTOCK_OPS_TOPIC_ARN", aws.operations_topic_arn),
        ("RESTOCK_OPS_EMAIL_FROM", MAIL_FROM.to_owned()),
        ("RESTOCK_OPS_EMAIL_TO", MAIL_TO.to_owned()),
        ("RESTOCK_CALLBACK_URL", format!("http://{receiver}")),
        ("RESTOCK_CALLBACK_KEYS_FILE", path(CALLBACK_KEYS)),
        ("RESTOCK_FACTORY_ALLOW", "127.0.0.1".to_owned()),
        ("RESTOCK_LISTEN", receiver),
        // A free port for each: many roles, run by hand or by tests, share this machine.
        ("RESTOCK_ADMIN_LISTEN", "127.0.0.1:0".to_owned()),
        ("RESTOCK_READ_LISTEN", "127.0.0.1:0".to_owned()),
    ]);
    variables
}

/// The variables as shell commands.
pub(crate) fn exports(run: &RunDirectory, state: &State) -> String {
    let mut text = String::new();
    for (name, value) in variables(run, state) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "export {name}={}", quoted(&value));
    }
    let operator = setup::built("restock-operator").unwrap_or_default();
    for directory in [&state.kubectl, &operator].map(|program| program.parent()) {
        let directory = directory.map(|path| path.display().to_string());
        let directory = quoted(&directory.unwrap_or_default());
        let _ = writeln!(text, "export PATH={directory}:\"$PATH\"");
    }
    text
}

/// Tells where the parts are, once they are up.
pub(crate) fn summary(run: &RunDirectory) {
    eprintln!(
        "The local parts are up; their logs are in {}.",
        run.path("processes").display()
    );
    eprintln!(
        "  eval \"$(cargo xtask env)\"   sets KUBECONFIG, AWS_*, DATABASE_URL, RESTOCK_* and PATH"
    );
    eprintln!("  cargo xtask down             stops them and removes all they wrote");
}

fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        let hostile = "a'b\"c $(d) `e` \\ ; f\ng";
        let script = format!("printf %s {}", quoted(hostile));
        let output = Command::new("sh")
            .args(["-c", &script])
            .output()
            .expect("sh runs");
        assert_eq!(String::from_utf8_lossy(&output.stdout), hostile);
    }
}
