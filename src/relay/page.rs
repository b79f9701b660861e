//! One page of unsent messages, published.

use super::aside::Aside;
use super::metrics::Metrics;
use crate::domain::order::RequestId;
use crate::domain::shortage::Shortage;
use crate::edge::aws::{self, AwsError};
use crate::edge::sns::{BATCH_MAX, Topic, batches};
use crate::edge::store::outbox::{Owed, Sent};
use crate::process::clock;
use crate::process::recent::Recent;
use futures::{StreamExt as _, stream};
use std::time::Duration;
use tokio::time::timeout;

/// Calls at once: each takes some tens of milliseconds, nearly all of it on the way.
const CALLS_AT_ONCE: usize = 10;

/// Messages of one page: as many as one round of calls takes.
pub(super) const PAGE_MAX: u32 = (BATCH_MAX * CALLS_AT_ONCE) as u32;

/// Longest time that the rows of a page stay locked for publishing: one call, with its tries.
const PUBLISH_MAX: Duration = aws::CALL_DEADLINE;

/// Publishes pages to one topic.
pub(super) struct Publisher {
    pub(super) topic: Topic,
    pub(super) metrics: Metrics,
    pub(super) aside: Aside,
    /// Events that were logged as stuck: each is told once.
    pub(super) told: Recent,
}

/// What became of a page.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Whether the topic took any message of it.
    pub(super) sent_any: bool,
    /// Messages that were left alone.
    pub(super) stuck: i64,
    /// Why others wait.
    pub(super) trouble: Option<AwsError>,
}

/// A message that can be tried.
type Candidate<'a> = (&'a Owed, &'a Shortage);

impl Publisher {
    /// Publishes what can be; answers what the topic took. `source_arn` is what the other side
    /// takes for the source of the events.
    pub(super) async fn publish(
        &mut self,
        page: &[Owed],
        source_arn: &str,
        outcome: &mut Outcome,
    ) -> Vec<Sent> {
        let candidates = self.candidates(page, outcome);
        let results = self.ask(&candidates).await;
        outcome.sent_any = results.iter().any(Result::is_ok);
        let mut sent = Vec::new();
        for ((owed, message), result) in candidates.into_iter().zip(results) {
            self.metrics.tried(&result);
            match result {
                Ok(()) => sent.push(Sent {
                    id: owed.id,
                    request_id: RequestId::of_event(source_arn, &message.event_id),
                }),
                // The fault is the message's only if the topic takes others.
                Err(AwsError::Refused(why)) if outcome.sent_any => {
                    self.aside.put(owed.id, clock::since_boot());
                    self.leave(owed, &format!("the topic refuses it: {why}"), outcome);
                }
                Err(why) => outcome.note(why),
            }
        }
        sent
    }

    fn candidates<'a>(&self, page: &'a [Owed], outcome: &mut Outcome) -> Vec<Candidate<'a>> {
        let now = clock::since_boot();
        let mut candidates = Vec::new();
        for owed in page {
            match &owed.message {
                Err(why) => self.leave(owed, &format!("it cannot be read: {why}"), outcome),
                Ok(_) if self.aside.has(owed.id, now) => outcome.stuck += 1,
                Ok(message) => candidates.push((owed, message)),
            }
        }
        candidates
    }

    /// Not given up: another version may read it, and the topic may change.
    fn leave(&self, owed: &Owed, why: &str, outcome: &mut Outcome) {
        outcome.stuck += 1;
        let (row, event_id) = (owed.id, owed.event_id.as_str());
        if self.told.is_new(event_id) {
            tracing::error!(row, event_id, why, "a message stays in the outbox");
        }
    }

    /// What became of each. On a FIFO topic one call after the other.
    async fn ask(&self, candidates: &[Candidate<'_>]) -> Vec<Result<(), AwsError>> {
        let messages: Vec<&Shortage> = candidates.iter().map(|(_, message)| *message).collect();
        let late = || Err(AwsError::Unavailable("not answered in time".to_owned()));
        let mut results: Vec<_> = messages.iter().map(|_| late()).collect();
        let at_once = if self.topic.is_fifo() {
            1
        } else {
            CALLS_AT_ONCE
        };
        let calls = batches(messages.iter().copied()).into_iter().map(|range| {
            let batch = &messages[range.clone()];
            async move { (range, call(&self.topic, batch).await) }
        });
        let mut answers = stream::iter(calls).buffer_unordered(at_once);
        let all = async {
            while let Some((range, answers)) = answers.next().await {
                for (place, answer) in results[range].iter_mut().zip(answers) {
                    *place = answer;
                }
            }
        };
        // What was answered until then counts: the rest is published again.
        let _ = timeout(PUBLISH_MAX, all).await;
        results
    }
}

impl Outcome {
    /// What ends by itself goes before a refusal, which asks for a person.
    fn note(&mut self, why: AwsError) {
        let refused = |why: &AwsError| matches!(why, AwsError::Refused(_));
        if self.trouble.as_ref().is_none_or(refused) {
            self.trouble = Some(why);
        }
    }
}

/// One batch. If it is refused as a whole, one message may be at fault: each by itself.
async fn call(topic: &Topic, batch: &[&Shortage]) -> Vec<Result<(), AwsError>> {
    match topic.publish_batch(batch).await {
        Ok(results) => results,
        Err(AwsError::Refused(_)) if batch.len() > 1 => {
            let mut results = Vec::new();
            for one in batch.chunks(1) {
                let answer = topic.publish_batch(one).await;
                results.extend(answer.unwrap_or_else(|why| vec![Err(why)]));
            }
            results
        }
        Err(why) => batch.iter().map(|_| Err(why.clone())).collect(),
    }
}
