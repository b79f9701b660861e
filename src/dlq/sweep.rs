//! One look at the dead letters that changes nothing: all are given back.

use super::reason;
use crate::domain::time::Time;
use crate::edge::aws::AwsError;
use crate::edge::mapping::Mapping;
use crate::edge::sqs::{BATCH_MAX, Queue, Received};
use crate::edge::store::{Store, StoreError};
use crate::process::health::Pulse;
use crate::process::recent::Recent;
use std::time::Duration;

/// Batches of one sweep: a thousand receipts of about a kilobyte. What is beyond is met
/// by a later sweep, and counted by the depth all the same.
const BATCHES_MAX: usize = 100;

/// How long a letter stays hidden: until the end of the sweep, so that each is met once
/// in it; after a crash it comes back by itself.
const VISIBILITY: Duration = Duration::from_secs(120);

/// How long one receive waits: long enough to ask every server of the queue.
const WAIT: Duration = Duration::from_secs(1);

/// Why a sweep could not be completed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SweepError {
    #[error("the dead-letter queue: {0}")]
    Queue(#[from] AwsError),
    #[error(transparent)]
    Ledger(#[from] StoreError),
}

/// What a sweep met.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Met {
    pub(super) letters: u64,
    /// When the oldest was sent.
    pub(super) oldest: Option<Time>,
    /// Whether it went on until there was none left to meet.
    pub(super) all: bool,
}

impl Met {
    /// Letters that this sweep could not look at, of so many that were visible before it.
    /// A FIFO queue shows the first ten of a message group, and no more before those are
    /// gone; from any other queue a later sweep gets the rest.
    pub(super) fn behind(&self, dead_queue_arn: &str, visible: u64) -> u64 {
        if dead_queue_arn.ends_with(".fifo") {
            visible.saturating_sub(self.letters)
        } else {
            0
        }
    }
}

/// Where letters are met and noted.
pub(super) struct Sweep<'a> {
    pub(super) dead: &'a Queue,
    pub(super) store: &'a Store,
    pub(super) queue_arn: &'a str,
    pub(super) mapping: &'a Mapping,
    pub(super) noted: &'a Recent,
    /// Told of each batch: a sweep may take minutes.
    pub(super) pulse: &'a Pulse,
}

impl Sweep<'_> {
    /// Notes every letter: that it is new, or that it is still there.
    pub(super) async fn run(&self) -> Result<Met, SweepError> {
        let mut receipts = Vec::new();
        let swept = self.meet(&mut receipts).await;
        // Also after a failure: what was hidden is given back.
        self.give_back(&receipts).await;
        swept
    }

    async fn meet(&self, receipts: &mut Vec<String>) -> Result<Met, SweepError> {
        let mut met = Met::default();
        for _ in 0..BATCHES_MAX {
            self.pulse.beat();
            let letters = self.dead.receive(BATCH_MAX, WAIT, Some(VISIBILITY)).await?;
            if letters.is_empty() {
                met.all = true;
                break;
            }
            for letter in &letters {
                receipts.push(letter.receipt.clone());
                met.letters += 1;
                met.oldest = met.oldest.into_iter().chain(letter.sent_at).min();
            }
            for letter in &letters {
                self.note(letter).await?;
            }
        }
        Ok(met)
    }

    async fn note(&self, letter: &Received) -> Result<(), StoreError> {
        let seen = reason::read(letter, self.queue_arn, self.mapping);
        self.store.see_dead_letter(&seen).await?;
        if self.noted.is_new(&letter.message_id) {
            let (request_id, why) = (seen.request_id.as_str(), seen.reason);
            tracing::warn!(
                request_id,
                message_id = letter.message_id,
                why,
                "dead letter"
            );
        }
        Ok(())
    }

    async fn give_back(&self, receipts: &[String]) {
        for batch in receipts.chunks(BATCH_MAX) {
            self.pulse.beat();
            let batch: Vec<&str> = batch.iter().map(String::as_str).collect();
            let given = self
                .dead
                .change_visibility_batch(&batch, Duration::ZERO)
                .await;
            if let Err(why) = given {
                tracing::warn!(%why, "dead letters come back later than meant");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_in_a_fifo_queue_letters_hide_behind_others() {
        let met = Met {
            letters: 10,
            oldest: None,
            all: true,
        };
        let (fifo, standard) = (
            "arn:aws:sqs:eu-west-1:1:dead.fifo",
            "arn:aws:sqs:eu-west-1:1:dead",
        );
        assert_eq!(met.behind(fifo, 25), 15);
        // The queue's count is approximate.
        assert_eq!(met.behind(fifo, 9), 0);
        assert_eq!(met.behind(standard, 25), 0);
    }
}
