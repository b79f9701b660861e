//! The operator's roles as processes of their own, as they are deployed.

use std::cell::RefCell;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::setup;
use crate::shell_env;
use crate::state::{RunDirectory, State};

/// The role that is killed and started anew.
pub(crate) const CONTROLLER: &str = "controller";
/// The role that buyers call.
const SALES: &str = "sales";
/// All roles of the way from a purchase to the goods.
const ROLES: [&str; 6] = [CONTROLLER, "ingest", "receiver", SALES, "relay", "dlq"];
/// A role is ready in a second on an idle machine.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// What a role logs once its probes can be asked.
const SERVING: &str = "serving /livez";

/// What waits for minutes in production waits for seconds here. Each of these
/// times is patience, none is safety.
const SHORT: [(&str, &str); 6] = [
    ("RESTOCK_GUARD_SECONDS", "3"),
    ("RESTOCK_LEDGER_SETTLE_SECONDS", "2"),
    ("RESTOCK_INBOX_GRACE_SECONDS", "3"),
    ("RESTOCK_NOTICE_INTERVAL_SECONDS", "2"),
    ("RESTOCK_DLQ_INTERVAL_SECONDS", "2"),
    ("RESTOCK_DRAIN_SECONDS", "1"),
];

/// Starts all roles anew, with these further settings, so that they are those that were just
/// built, and waits until they are ready: `problem` reads a readiness page.
pub(crate) fn start_all(
    run: &RunDirectory,
    state: &State,
    settings: &[(&str, &str)],
    problem: impl Fn(&str) -> Option<String>,
) -> Result<()> {
    for name in ROLES {
        spawn(run, state, name, settings)?;
    }
    for name in ROLES {
        wait_ready(run, name, &problem)?;
    }
    Ok(())
}

/// Starts one role and waits until it is ready.
pub(crate) fn start(
    run: &RunDirectory,
    state: &State,
    name: &'static str,
    problem: impl Fn(&str) -> Option<String>,
) -> Result<()> {
    spawn(run, state, name, &[])?;
    wait_ready(run, name, &problem)
}

/// Kills one role, as the kernel does it when memory is short.
pub(crate) fn kill(run: &RunDirectory, name: &'static str) -> Result<()> {
    if !run.background(name).runs() {
        bail!("the {name} has ended before it was to be killed");
    }
    run.background(name).kill()
}

/// Makes sure that all roles run, but the one that was killed.
pub(crate) fn check(run: &RunDirectory, killed: Option<&str>) -> Result<()> {
    for name in ROLES {
        let role = run.background(name);
        if killed != Some(name) && !role.runs() {
            bail!(
                "the {name} has ended by itself: see {}",
                role.log().display()
            );
        }
    }
    Ok(())
}

/// Stops all roles.
pub(crate) fn stop(run: &RunDirectory) -> Result<()> {
    ROLES
        .iter()
        .try_for_each(|name| run.background(name).stop())
}

fn spawn(
    run: &RunDirectory,
    state: &State,
    name: &'static str,
    settings: &[(&str, &str)],
) -> Result<()> {
    let mut role = Command::new(setup::built("restock-operator")?);
    role.current_dir(run.checkout(""))
        .envs(shell_env::variables(run, state))
        .envs(SHORT)
        .envs(settings.iter().copied());
    role.arg(name);
    if name == SALES {
        role.args(["--listen", &shell_env::shop_address(state)]);
    }
    run.background(name).start(role)
}

fn wait_ready(
    run: &RunDirectory,
    name: &'static str,
    problem: impl Fn(&str) -> Option<String>,
) -> Result<()> {
    let role = run.background(name);
    let last = RefCell::new(String::from("its readiness page was never served"));
    let ready = role.wait_ready(READY_LIMIT, || {
        let log = std::fs::read_to_string(role.log()).unwrap_or_default();
        let Some(address) = log.lines().rev().find_map(admin_address) else {
            return false;
        };
        match problem(&format!("http://{address}/readyz?verbose")) {
            None => true,
            Some(problem) => {
                last.replace(problem);
                false
            }
        }
    });
    ready.with_context(|| format!("{name}: {}", last.borrow()))
}

/// The address in this log line, if it is the one that tells it. It takes a free
/// port each time, so that any number of roles run on one machine.
fn admin_address(line: &str) -> Option<String> {
    if !line.contains(SERVING) {
        return None;
    }
    let entry: Value = serde_json::from_str(line).ok()?;
    Some(entry.get("address")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_admin_address_is_read_from_the_log() {
        let line = r#"{"message":"serving /livez, /readyz and /metrics","address":"[::1]:1"}"#;
        assert_eq!(admin_address(line).as_deref(), Some("[::1]:1"));
        assert_eq!(admin_address(r#"{"address":"127.0.0.1:1"}"#), None);
    }
}
