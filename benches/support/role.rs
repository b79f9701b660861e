//! One role of the real binary as a process of a benchmark's own, and what it says of
//! itself.
#![allow(dead_code, reason = "each benchmark uses its part of it")]

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest wait for anything that a benchmark waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);

/// A running role; killed by its own id when dropped.
pub(crate) struct Role {
    child: Child,
    metrics: String,
    /// Kept: each new one reads all root certificates.
    client: reqwest::Client,
}

impl Role {
    pub(crate) fn start(name: &str, settings: &[(&str, String)]) -> Self {
        // Free now, and asked for again in milliseconds.
        let listener = TcpListener::bind("127.0.0.1:0").expect("this machine has ports");
        let port = listener.local_addr().expect("it is bound").port();
        drop(listener);
        let child = Command::new(env!("CARGO_BIN_EXE_restock-operator"))
            .arg(name)
            .env("RESTOCK_ADMIN_LISTEN", format!("127.0.0.1:{port}"))
            .env("RESTOCK_READ_LISTEN", "127.0.0.1:0")
            .env("RUST_LOG", "warn")
            .envs(settings.iter().map(|(key, value)| (*key, value)))
            .stdin(Stdio::null())
            .spawn()
            .expect("the binary was built with this benchmark");
        Self {
            child,
            metrics: format!("http://127.0.0.1:{port}/metrics"),
            client: reqwest::Client::new(),
        }
    }

    /// The id of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The value of the first metric whose line begins so; none before the role serves.
    pub(crate) async fn metric(&self, line: &str) -> Option<u64> {
        let answer = self.client.get(&self.metrics).send().await.ok()?;
        let page = answer.text().await.ok()?;
        let found = page.lines().find(|one| one.starts_with(line))?;
        found.rsplit(' ').next()?.parse().ok()
    }

    /// Waits until that metric is at least `value`, looking this often.
    pub(crate) async fn wait_for(&self, line: &str, value: u64, pause: Duration) -> u64 {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = self.metric(line).await.filter(|found| *found >= value) {
                return found;
            }
            assert!(Instant::now() < until, "{line} never reached {value}");
            tokio::time::sleep(pause).await;
        }
    }

    /// Resident memory now, and at its peak, in MiB.
    pub(crate) fn resident_mib(&self) -> (u64, u64) {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("the role still runs");
        let kib = |key: &str| -> u64 {
            let line = status.lines().find(|line| line.starts_with(key));
            let number = line.and_then(|line| line.split_whitespace().nth(1));
            number.and_then(|number| number.parse().ok()).unwrap_or(0)
        };
        (kib("VmRSS:") / 1024, kib("VmHWM:") / 1024)
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
