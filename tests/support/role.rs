//! One role of the real binary, as a process of a test's own; stopped by its own id.
#![allow(dead_code, reason = "each test file uses its part of it")]

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest drain that a test waits for before it kills.
const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// A running role.
pub(crate) struct Role {
    child: Child,
}

impl Role {
    /// Starts `restock-operator NAME` with these settings. Its log goes to the test's
    /// output, which is shown when the test fails.
    pub(crate) fn start(name: &str, settings: &[(&str, String)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_restock-operator"))
            .arg(name)
            .env("RESTOCK_ADMIN_LISTEN", "127.0.0.1:0")
            .env("RESTOCK_READ_LISTEN", "127.0.0.1:0")
            .envs(settings.iter().map(|(key, value)| (*key, value)))
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary was built with this test");
        let log = child.stderr.take().expect("it is piped");
        std::thread::spawn(move || show(log));
        Self { child }
    }

    /// As the kernel does it when memory is short: no chance to say goodbye.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("the role still runs");
        self.child.wait().expect("the role was started here");
    }

    /// As Kubernetes does it; says whether the role ended in order.
    pub(crate) fn stop(mut self) -> bool {
        self.terminate();
        let until = Instant::now() + STOP_DEADLINE;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().expect("the role was started here") {
                return status.success();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        false
    }

    fn terminate(&self) {
        let id = self.child.id().to_string();
        let killed = Command::new("kill").args(["-TERM", &id]).status();
        assert!(
            killed.is_ok_and(|status| status.success()),
            "no SIGTERM for {id}"
        );
    }
}

/// Prints a log as the test's own words until it ends: the words of a child would stand
/// among the results of tests that passed.
fn show(log: impl Read) {
    let lines = BufReader::new(log).lines().map_while(Result::ok);
    lines.for_each(|line| println!("{line}"));
}

impl Drop for Role {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
