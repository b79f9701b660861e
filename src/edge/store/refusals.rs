//! Calls that the server refused for their credentials: they wait until somebody has looked
//! for newer ones, so that a rotation delays them and does not fail them.

use sqlx::mysql::MySqlDatabaseError;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};

/// Refusals, and the looks for newer credentials that answer them.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    heard: AtomicBool,
    refused: Notify,
    looks: watch::Sender<u64>,
}

impl Refusals {
    /// How often somebody has looked so far; to be asked before connecting.
    pub(super) fn looks(&self) -> u64 {
        *self.looks.borrow()
    }

    /// Waits for a refusal.
    pub(super) async fn next(&self) {
        self.heard.store(true, Ordering::Relaxed);
        self.refused.notified().await;
    }

    pub(super) fn looked(&self) {
        self.looks.send_modify(|looks| *looks += 1);
    }

    /// Tells of a refusal, and waits until somebody has looked since there were so many
    /// looks. False if nobody does.
    pub(super) async fn settled(&self, looks: u64, ends_at: Instant) -> bool {
        if !self.heard.load(Ordering::Relaxed) {
            return false;
        }
        if self.looks() == looks {
            self.refused.notify_one();
        }
        let mut answers = self.looks.subscribe();
        let newer = answers.wait_for(|now| *now > looks);
        timeout_at(ends_at, newer).await.is_ok()
    }
}

/// Whether the server refused the connection for its user or password.
pub(super) fn is_refusal(error: &sqlx::Error) -> bool {
    let answer = error.as_database_error();
    let answer = answer.and_then(|answer| answer.try_downcast_ref::<MySqlDatabaseError>());
    // With a password, and with an account that can have none.
    answer.is_some_and(|answer| matches!(answer.number(), 1045 | 1698))
}
