//! The operator's roles as processes of their own, as they are deployed.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::setup;
use crate::shell_env;
use crate::state::{RunDirectory, State};

/// The role that is killed and started anew.
pub(crate) const CONTROLLER: &str = "controller";
/// All roles of the main job.
const ROLES: [&str; 4] = [CONTROLLER, "ingest", "receiver", "dlq"];
/// What sells, and what publishes that there is nothing left to sell.
const SHOP: [&str; 2] = ["sales", "relay"];
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

/// Starts all roles anew, so that they are those that were just built, and waits
/// until they are ready: `problem` reads a readiness page.
pub(crate) fn start_all(
    run: &RunDirectory,
    state: &State,
    problem: impl Fn(&str) -> Option<String>,
) -> Result<()> {
    for name in ROLES {
        spawn(run, state, name, &[])?;
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

/// Starts the shop at this address, and waits until it is ready. However many find nothing
/// there, a product is ordered once.
pub(crate) fn start_shop(
    run: &RunDirectory,
    state: &State,
    address: SocketAddr,
    problem: impl Fn(&str) -> Option<String>,
) -> Result<()> {
    let own = [
        ("RESTOCK_LISTEN", address.to_string()),
        ("RESTOCK_ONE_MESSAGE_AT_A_TIME", "true".to_owned()),
    ];
    for name in SHOP {
        spawn(run, state, name, &own)?;
    }
    for name in SHOP {
        wait_ready(run, name, &problem)?;
    }
    Ok(())
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
    let all = [&ROLES[..], &SHOP].concat();
    all.iter().try_for_each(|name| run.background(name).stop())
}

fn spawn(
    run: &RunDirectory,
    state: &State,
    name: &'static str,
    own: &[(&str, String)],
) -> Result<()> {
    let mut role = Command::new(setup::built("restock-operator")?);
    role.current_dir(run.checkout(""))
        .envs(shell_env::variables(run, state))
        .envs(SHORT)
        .envs(own.iter().cloned());
    role.arg(name);
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
