//! One look at the dead letters that changes nothing: all are given back.

use super::present::{Letter, Present};
use crate::domain::order::RequestId;
use crate::edge::aws::AwsError;
use crate::edge::mapping::Mapping;
use crate::edge::sqs::{BATCH_MAX, Queue, Received};
use crate::edge::store::dead_letters::{NotedDeadLetter, SeenDeadLetter};
use crate::edge::store::{Store, StoreError};
use crate::intake::Death;
use crate::process::clock;
use crate::process::health::Pulse;
use std::collections::HashSet;
use std::time::Duration;

/// Batches of one sweep: a thousand receipts of about a kilobyte. What is beyond is met
/// by a later sweep, and counted by the depth all the same.
const BATCHES_MAX: usize = 100;

/// How long a letter stays hidden: twice what a sweep of a thousand new ones takes (100 receives
/// of 30 ms, 1,000 notes of 10 ms), so that each is met once in it. After a crash it comes back
/// by itself, and soon.
const VISIBILITY: Duration = Duration::from_secs(30);

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

/// Letters that a sweep of so many could not look at, of so many that were visible before
/// it. A FIFO queue shows the first ten of a message group, and no more before those are
/// gone; from any other queue a later sweep gets the rest.
pub(super) fn behind(is_fifo: bool, visible: u64, met: u64) -> u64 {
    if is_fifo {
        visible.saturating_sub(met)
    } else {
        0
    }
}

/// What a sweep met.
#[derive(Debug, Default)]
pub(super) struct Met {
    /// The letters. A queue may hand out one twice, also while it is hidden.
    message_ids: HashSet<String>,
    /// Whether it went on until no more were to be had.
    pub(super) ran_dry: bool,
    /// Whether the queue held just these at its end.
    pub(super) is_all: bool,
}

impl Met {
    /// How many.
    pub(super) fn letters(&self) -> u64 {
        self.message_ids.len() as u64
    }
}

/// Where letters are met and noted.
pub(super) struct Sweep<'a> {
    pub(super) dead: &'a Queue,
    pub(super) store: &'a Store,
    pub(super) queue_arn: &'a str,
    pub(super) mapping: &'a Mapping,
    pub(super) present: &'a mut Present,
    /// Told of each batch: a sweep may take minutes.
    pub(super) pulse: &'a Pulse,
}

impl Sweep<'_> {
    /// Notes every letter that it meets.
    pub(super) async fn run(&mut self) -> Result<Met, SweepError> {
        let mut receipts = Vec::new();
        let swept = self.meet(&mut receipts).await;
        // Also after a failure: what was hidden is given back.
        self.give_back(&receipts).await;
        swept
    }

    async fn meet(&mut self, receipts: &mut Vec<String>) -> Result<Met, SweepError> {
        let mut met = Met::default();
        // After the last batch, once more: whether there was more to be had.
        for batch in 0..=BATCHES_MAX {
            self.pulse.beat();
            let letters = self.dead.receive(BATCH_MAX, WAIT, Some(VISIBILITY)).await?;
            receipts.extend(letters.iter().map(|letter| letter.receipt.clone()));
            met.ran_dry = letters.is_empty();
            if met.ran_dry || batch == BATCHES_MAX {
                break;
            }
            let ids = letters.iter().map(|letter| letter.message_id.clone());
            met.message_ids.extend(ids);
            let mut noted = Vec::new();
            for letter in &letters {
                match self.present.meet(&letter.message_id) {
                    Some(known) => noted.push(known.clone()),
                    None => self.note(letter).await?,
                }
            }
            for unknown in self.store.see_dead_letters_again(&noted).await? {
                // The next sweep notes it as a new one.
                self.present.forget(&unknown.message_id);
            }
        }
        met.is_all = self.are_all(&met).await?;
        Ok(met)
    }

    /// Counted while all that were met are still hidden: one more is hidden by somebody else, and
    /// one that is not hidden came, or came back, after the last receive.
    async fn are_all(&self, met: &Met) -> Result<bool, SweepError> {
        let now = self.dead.attributes().await?;
        Ok(now.messages_visible == 0 && now.messages_in_flight == met.letters())
    }

    async fn note(&mut self, letter: &Received) -> Result<(), StoreError> {
        let source_arn = letter.dead_letter_source_arn.as_deref();
        let source_arn = source_arn.unwrap_or(self.queue_arn);
        let death = Death::of(letter, source_arn, self.mapping, clock::now());
        let id = |text: &str| RequestId::parse(text).expect("a hash in base32 is a request id");
        let formerly = death.formerly.as_ref().map(|former| NotedDeadLetter {
            request_id: id(&former.known_as),
            message_id: former.message_id.clone(),
        });
        let seen = SeenDeadLetter {
            request_id: id(&death.known_as),
            is_named: death.is_named(),
            formerly,
            message_id: letter.message_id.clone(),
            reason: death.reason,
            sent_at: letter.sent_at,
        };
        self.store.see_dead_letter(&seen).await?;
        let (request_id, why) = (seen.request_id.as_str(), seen.reason);
        let message_id = letter.message_id.as_str();
        tracing::warn!(request_id, message_id, why, "dead letter");
        self.present.add(Letter {
            noted: NotedDeadLetter {
                request_id: seen.request_id,
                message_id: seen.message_id,
            },
            cause: death.cause,
            sent_at: letter.sent_at,
        });
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
        assert_eq!(behind(true, 25, 10), 15);
        // The queue's count is approximate.
        assert_eq!(behind(true, 9, 10), 0);
        assert_eq!(behind(false, 25, 10), 0);
    }
}
