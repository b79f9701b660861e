//! One loop: receive, create, delete.
//!
//! ```text
//! gate open ─► receive ─► read ─► create ─► delete
//!                           │        ├─ not now ─► hold, gate shut, create again
//!                           └────────┴─ never ───► visible in 2 s, for the dead-letter queue
//! ```
//! A process that dies anywhere in here leaves its messages in the queue: what was
//! created is met again as a duplicate.

use super::create::{Created, Creator};
use super::gate::Gate;
use super::held::{Held, create_all};
use super::metrics::{Ending, Metrics};
use super::order;
use crate::domain::time::Time;
use crate::edge::cluster;
use crate::edge::mapping::Mapping;
use crate::edge::sqs::{BATCH_MAX, Queue, Received, WAIT_MAX};
use crate::process::backoff::Backoff;
use crate::process::clock;
use crate::process::health::{Condition, Pulse};
use crate::process::recent::Recent;
use kube::ResourceExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How long a received message stays hidden. Above the calls that one message may need:
/// three rounds of create and get, then the delete, of 10 s each.
const VISIBILITY: Duration = Duration::from_secs(90);

/// How soon a message is received again that will never be created: quick enough for
/// the redrive policy to take it in seconds, slow enough to be no busy loop.
const REFUSED_VISIBILITY: Duration = Duration::from_secs(2);

/// A third of what one turn may take: the wait at the gate, a receive, and for one batch
/// what [`VISIBILITY`] is made of; see `Health::pulse`.
pub(super) const TURN_DEADLINE: Duration = Duration::from_secs(60);

/// Waits between failed receives, and between failed creates of held messages. The
/// longest is far below [`VISIBILITY`], so that what is held stays hidden.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LONGEST: Duration = Duration::from_secs(20);

/// A body above this, in bytes, makes a poller careful: ten of the largest messages at
/// once would be ten times the memory of one.
const BODY_BYTES_LARGE: usize = 64 * 1024;

/// For how long a careful poller asks for one message at a time.
const CAREFUL_FOR: Duration = Duration::from_secs(60);

/// One of several loops over the same queue.
pub(super) struct Poller {
    pub(super) queue: Queue,
    pub(super) creator: Creator,
    pub(super) mapping: watch::Receiver<Arc<Mapping>>,
    pub(super) gate: Gate,
    pub(super) metrics: Metrics,
    pub(super) refused: Arc<Recent>,
    pub(super) condition: Condition,
    pub(super) pulse: Pulse,
    pub(super) shutdown: CancellationToken,
    pub(super) careful_until: Time,
}

impl Poller {
    /// Runs until shutdown.
    pub(super) async fn run(mut self) {
        let mut backoff = Backoff::new(RETRY_FIRST, RETRY_LONGEST);
        let shutdown = self.shutdown.clone();
        while !shutdown.is_cancelled() {
            self.pulse.beat();
            // Bounded, so that a shut gate does not look like a stuck loop.
            let open = tokio::time::timeout(cluster::CALL_DEADLINE, self.gate.opened());
            let opened = tokio::select! {
                opened = open => opened.is_ok(),
                () = shutdown.cancelled() => false,
            };
            if !opened {
                continue;
            }
            let received = tokio::select! {
                received = self.queue.receive(self.count(), WAIT_MAX, Some(VISIBILITY)) => received,
                () = shutdown.cancelled() => break,
            };
            match received {
                Ok(messages) => {
                    self.condition.ready();
                    backoff.reset();
                    self.handle(messages).await;
                }
                Err(why) => {
                    self.metrics.receive_errors.inc();
                    self.condition.not_ready(why.to_string());
                    self.pause(backoff.wait()).await;
                }
            }
        }
    }

    fn count(&self) -> usize {
        if clock::now() < self.careful_until {
            1
        } else {
            BATCH_MAX
        }
    }

    async fn handle(&mut self, messages: Vec<Received>) {
        let (held, refused) = self.read(messages);
        self.give_back(&refused).await;
        let not_now = self.create(held).await;
        if !not_now.is_empty() {
            self.hold(not_now).await;
        }
    }

    /// The orders, and the receipts of what is none. Bodies end here.
    fn read(&mut self, messages: Vec<Received>) -> (Vec<Held>, Vec<String>) {
        let (now, mapping) = (clock::now(), self.mapping.borrow().clone());
        let (mut held, mut refused) = (Vec::new(), Vec::new());
        for message in messages {
            self.metrics
                .received(now.since(message.sent_at.unwrap_or(now)));
            if message.body.len() > BODY_BYTES_LARGE {
                self.careful_until = now + CAREFUL_FOR;
            }
            match order::read(&message, &self.creator.queue_arn, &mapping, now) {
                Ok(request) => held.push(Held {
                    receipt: message.receipt,
                    message_id: message.message_id,
                    request,
                }),
                Err(refusal) => {
                    let known_as = (refusal.known_as.as_str(), message.message_id.as_str());
                    self.refuse(Ending::Invalid, known_as, &refusal.why);
                    refused.push(message.receipt);
                }
            }
        }
        (held, refused)
    }

    /// Creates, then deletes: in this order a message is never lost. Answers what could
    /// not be created now, and why.
    async fn create(&self, held: Vec<Held>) -> Vec<(Held, String)> {
        let (mut stored, mut refused, mut not_now) = (Vec::new(), Vec::new(), Vec::new());
        for (one, created) in create_all(&self.creator, held).await {
            let name = one.request.name_any();
            let request_id = name.trim_start_matches("rr-");
            match created {
                Created::New => {
                    tracing::info!(request_id, message_id = one.message_id, "request created");
                    self.metrics.count(Ending::Created);
                    stored.push(one.receipt);
                }
                Created::Already => {
                    tracing::info!(request_id, message_id = one.message_id, "request exists");
                    self.metrics.count(Ending::Duplicate);
                    stored.push(one.receipt);
                }
                Created::Conflict(why) => {
                    self.refuse(Ending::Conflict, (request_id, &one.message_id), &why);
                    refused.push(one.receipt);
                }
                Created::Invalid(why) => {
                    self.refuse(Ending::Invalid, (request_id, &one.message_id), &why);
                    refused.push(one.receipt);
                }
                Created::NotNow(why) => not_now.push((one, why)),
            }
        }
        self.delete(&stored).await;
        self.give_back(&refused).await;
        not_now
    }

    /// Keeps good messages out of the dead-letter queue while they cannot be created:
    /// hidden, tried again and again, and nothing more received by any poller.
    async fn hold(&self, mut not_now: Vec<(Held, String)>) {
        let mut backoff = Backoff::new(RETRY_FIRST, RETRY_LONGEST);
        let Some((_, why)) = not_now.first() else {
            return;
        };
        let shut = self.gate.shut(why);
        while let Some((_, why)) = not_now.first() {
            shut.because(why);
            self.metrics.held.inc_by(not_now.len() as i64);
            let held: Vec<Held> = not_now.drain(..).map(|(held, _)| held).collect();
            self.hide(&held).await;
            self.pause(backoff.wait()).await;
            self.pulse.beat();
            self.metrics.held.dec_by(held.len() as i64);
            if self.shutdown.is_cancelled() {
                // They come back by themselves when their time is over: another process
                // may do better.
                return;
            }
            not_now = self.create(held).await;
        }
    }

    /// Says once why a message is left to the dead-letter queue.
    fn refuse(&self, ending: Ending, (request_id, message_id): (&str, &str), why: &str) {
        if self.refused.is_new(message_id) {
            tracing::warn!(request_id, message_id, why, "left to the dead-letter queue");
            self.metrics.count(ending);
        }
    }

    async fn delete(&self, receipts: &[String]) {
        let receipts: Vec<&str> = receipts.iter().map(String::as_str).collect();
        match self.queue.delete_batch(&receipts).await {
            Ok(failures) => failures.iter().for_each(|failure| {
                tracing::warn!(
                    why = failure.reason,
                    "a message is not deleted: it will come back"
                );
            }),
            Err(why) => tracing::warn!(%why, "messages are not deleted: they will come back"),
        }
    }

    async fn give_back(&self, receipts: &[String]) {
        let receipts: Vec<&str> = receipts.iter().map(String::as_str).collect();
        self.change_visibility(&receipts, REFUSED_VISIBILITY).await;
    }

    async fn hide(&self, held: &[Held]) {
        let receipts: Vec<&str> = held.iter().map(|held| held.receipt.as_str()).collect();
        self.change_visibility(&receipts, VISIBILITY).await;
    }

    /// Failure costs nothing but time: the message comes back sooner or later than meant.
    async fn change_visibility(&self, receipts: &[&str], visibility: Duration) {
        match self
            .queue
            .change_visibility_batch(receipts, visibility)
            .await
        {
            Ok(failures) => failures.iter().for_each(|failure| {
                tracing::warn!(
                    why = failure.reason,
                    "the visibility of a message is unchanged"
                );
            }),
            Err(why) => tracing::warn!(%why, "the visibility of messages is unchanged"),
        }
    }

    async fn pause(&self, wait: Duration) {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.shutdown.cancelled() => {}
        }
    }
}
