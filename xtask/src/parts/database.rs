//! MariaDB, on a data directory of its own.

use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::READY_LIMIT;
use crate::command;
use crate::progress::Step;
use crate::state::{RunDirectory, State};
use crate::tools::MariaDb;

const DATA: &str = "mariadb";
const ACCOUNTS: &str = "accounts.sql";
/// A killed server loses nothing by this; only a power failure would.
const TESTS_FLUSH: u8 = 2;
const GREETING_LIMIT: Duration = Duration::from_secs(1);

/// Starts it, unless it runs.
pub(crate) fn start(run: &RunDirectory, state: &State, programs: &MariaDb) -> Result<()> {
    let server = run.background("mariadbd");
    if server.runs() {
        return Ok(());
    }
    let step = Step::begin("starting MariaDB");
    create(run, programs)?;
    run.write_private(ACCOUNTS, &accounts(&state.database_password))?;
    server.start(server_command(run, state, programs))?;
    server.wait_ready(READY_LIMIT, || greets(state.ports.database))?;
    step.done();
    Ok(())
}

/// Whether a commit waits for the disk from now on, as it does in production: for benchmarks.
pub(crate) fn set_durable(run: &RunDirectory, programs: &MariaDb, durable: bool) -> Result<()> {
    let level = if durable { 1 } else { TESTS_FLUSH };
    let set = format!("SET GLOBAL innodb_flush_log_at_trx_commit = {level}");
    let mut client = Command::new(&programs.client);
    client
        .current_dir(run.path(DATA))
        .args(["--no-defaults", "--user=root", "--socket=mariadb.sock"])
        .arg(format!("--execute={set}"));
    command::output(&mut client).map(drop)
}

/// Stops it.
pub(crate) fn stop(run: &RunDirectory) -> Result<()> {
    run.background("mariadbd").stop()
}

/// Makes the data directory. It gets its name only when it is whole.
fn create(run: &RunDirectory, programs: &MariaDb) -> Result<()> {
    if run.path(DATA).exists() {
        return Ok(());
    }
    let new = run.path("mariadb.new");
    if new.exists() {
        std::fs::remove_dir_all(&new)?;
    }
    let mut install = Command::new(&programs.install);
    install
        .arg("--no-defaults")
        .arg(format!("--datadir={}", new.display()));
    install.args(["--auth-root-authentication-method=socket", "--skip-test-db"]);
    command::output(as_root(&mut install))?;
    Ok(std::fs::rename(new, run.path(DATA))?)
}

fn server_command(run: &RunDirectory, state: &State, programs: &MariaDb) -> Command {
    let mut server = Command::new(&programs.server);
    server
        .arg("--no-defaults")
        .arg(format!("--datadir={}", run.path(DATA).display()));
    server.arg(format!("--init-file={}", run.path(ACCOUNTS).display()));
    server.args([
        "--bind-address=127.0.0.1",
        &format!("--port={}", state.ports.database),
    ]);
    server.args([
        // Relative to the data directory: a deep checkout exceeds the 107 bytes of a socket's path.
        "--socket=mariadb.sock",
        "--pid-file=mariadb.pid",
        "--skip-name-resolve",
        "--character-set-server=utf8mb4",
        // Many tests at once, each with a few connections.
        "--max-connections=500",
        &format!("--innodb-flush-log-at-trx-commit={TESTS_FLUSH}"),
    ]);
    as_root(&mut server);
    server
}

/// The server refuses to run as root unless told to.
fn as_root(command: &mut Command) -> &mut Command {
    if rustix::process::geteuid().is_root() {
        command.arg("--user=root");
    }
    command
}

/// Run at each start, before the server takes connections. Tests make a schema
/// each, named `restock_test_...`, and accounts for it; the account has no other rights.
fn accounts(password: &str) -> String {
    [
        "CREATE DATABASE IF NOT EXISTS restock;",
        &format!("CREATE OR REPLACE USER restock@'127.0.0.1' IDENTIFIED BY '{password}';"),
        "GRANT ALL ON restock.* TO restock@'127.0.0.1';",
        "GRANT ALL ON `restock\\_test\\_%`.* TO restock@'127.0.0.1' WITH GRANT OPTION;",
        "GRANT CREATE USER ON *.* TO restock@'127.0.0.1';",
        "",
    ]
    .join("\n")
}

/// A server greets first: a byte from it says more than an open port.
fn greets(port: u16) -> bool {
    let address = (Ipv4Addr::LOCALHOST, port).into();
    let Ok(mut stream) = TcpStream::connect_timeout(&address, GREETING_LIMIT) else {
        return false;
    };
    let limited = stream.set_read_timeout(Some(GREETING_LIMIT));
    limited.is_ok() && stream.read_exact(&mut [0]).is_ok()
}
