//! The relay within the test's own process, and what a test waits for.
#![allow(dead_code, reason = "each test file uses its part of it")]

use super::feed::Feed;
use super::ledger::Ledger;
use restock_operator::process::Process;
use restock_operator::process::args::{DatabaseArgs, OpsArgs};
use restock_operator::relay;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Longest wait for anything that should happen: among it that a relay which holds messages
/// back asks again, after 10 s.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

pub(crate) struct Relay {
    process: Process,
    ending: JoinHandle<anyhow::Result<()>>,
}

impl Relay {
    /// Starts one for this feed, which tells the operations team by its mailbox.
    pub(crate) fn start(feed: &Feed, ledger: &Ledger) -> Self {
        Self::start_with(feed, ledger, Some(feed.ops_topic_arn.clone()))
    }

    pub(crate) fn start_with(feed: &Feed, ledger: &Ledger, ops_topic_arn: Option<String>) -> Self {
        let process = Process::default();
        let args = relay::Args {
            ops: OpsArgs {
                ops_topic_arn,
                ops_email_from: None,
                ops_email_to: Vec::new(),
                topic_arn: Some(feed.topic_arn.clone()),
            },
            database: DatabaseArgs::at(ledger.schema.url()),
        };
        let ending = tokio::task::spawn(relay::run(args, process.clone()));
        Self { process, ending }
    }

    pub(crate) async fn stop(self) {
        self.process.shutdown.cancel();
        let ended = timeout(PATIENCE, self.ending).await;
        ended
            .expect("it ends when told")
            .expect("no panic")
            .expect("no error");
    }

    pub(crate) fn metric(&self, name: &str) -> i64 {
        let page = self.process.registry.encode().unwrap();
        let line = page.lines().find_map(|line| line.strip_prefix(name));
        let value = line.unwrap_or_else(|| panic!("no {name} in {page}"));
        value.trim().parse().unwrap()
    }

    pub(crate) fn published(&self) -> i64 {
        self.metric("restock_relay_messages_total{result=\"Published\"}")
    }

    pub(crate) fn readiness(&self) -> String {
        self.process.health.readiness().lines.join("\n")
    }

    /// Waits until readiness has this text in it.
    pub(crate) async fn says(&self, text: &str) {
        let said = eventually(async || self.readiness().contains(text)).await;
        assert!(said, "{text:?} is not in {}", self.readiness());
    }
}

/// Whether it became so in time.
pub(crate) async fn eventually(mut is_so: impl AsyncFnMut() -> bool) -> bool {
    let waiting = async {
        while !is_so().await {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, waiting).await.is_ok()
}
