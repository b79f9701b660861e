//! One loop: receive, create, delete.
//!
//! ```text
//! gate open ─► receive ─► read ─► create ─► delete, beside the next receive
//!                           │        ├─ not now ─► hold, gate shut, create again
//!                           └────────┴─ never ───► visible in 2 s, for the dead-letter queue
//! ```
//! A process that dies anywhere in here leaves its messages in the queue: what was
//! created is met again as a duplicate.

use super::create::{Created, Creator};
use super::gate::Gate;
use super::held::{Held, Receipt, create_all};
use super::metrics::{Ending, Metrics};
use crate::domain::time::Time;
use crate::edge::aws::AwsError;
use crate::edge::cluster;
use crate::edge::mapping::Mapping;
use crate::edge::sqs::{BATCH_MAX, Queue, Received, WAIT_MAX};
use crate::intake;
use crate::process::backoff::Backoff;
use crate::process::clock;
use crate::process::health::{Condition, Pulse};
use crate::process::recent::Recent;
use kube::ResourceExt as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How long a received message stays hidden. Above the calls that one message may need,
/// of 10 s each: the delete of the batch before, three rounds of create and get, the
/// question whose fault it is, its own delete; or, while it is held, [`RETRY_LONGEST`]
/// instead of the first.
const VISIBILITY: Duration = Duration::from_secs(120);

/// A third of what one turn may take: the wait at the gate, a receive, and for one batch
/// what [`VISIBILITY`] is made of; see `Health::pulse`.
pub(super) const TURN_DEADLINE: Duration = Duration::from_secs(60);

/// Waits between failed receives, and between failed creates of held messages. The
/// longest is far below [`VISIBILITY`], so that what is held stays hidden.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LONGEST: Duration = Duration::from_secs(20);

/// Failed creates of one held message before it is asked whose fault that is. They take
/// about a quarter of a minute (1 + 2 + 4 + 8 s, less by chance): most faults of a cluster
/// are over by then, and the other messages do not wait for long.
const TRIES_BEFORE_DOUBT: u32 = 4;

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
    /// Created, and deleted beside the next receive.
    pub(super) stored: Vec<Receipt>,
}

impl Poller {
    /// Runs until shutdown.
    pub(super) async fn run(mut self) {
        let mut backoff = Backoff::new(RETRY_FIRST, RETRY_LONGEST);
        let shutdown = self.shutdown.clone();
        while !shutdown.is_cancelled() {
            self.pulse.beat();
            // Side by side: what is created is created, and a delete waits for the queue
            // as long as a create for the cluster. Not after the gate, which can be shut
            // for longer than a message stays hidden.
            let stored = std::mem::take(&mut self.stored);
            let (received, ()) = tokio::join!(self.receive(), self.delete(&stored));
            match received {
                None => {}
                Some(Ok(messages)) => {
                    self.condition.ready();
                    backoff.reset();
                    self.handle(messages).await;
                }
                Some(Err(why)) => {
                    self.metrics.receive_errors.inc();
                    self.condition.not_ready(why.to_string());
                    self.pause(backoff.wait()).await;
                }
            }
        }
        self.delete(&self.stored).await;
    }

    /// None at shutdown, and when the gate does not open.
    async fn receive(&self) -> Option<Result<Vec<Received>, AwsError>> {
        let next = async {
            // Bounded, so that a shut gate does not look like a stuck loop.
            let opened = tokio::time::timeout(cluster::CALL_DEADLINE, self.gate.opened());
            opened.await.ok()?;
            let receive = self.queue.receive(self.count(), WAIT_MAX, Some(VISIBILITY));
            Some(receive.await)
        };
        tokio::select! {
            next = next => next,
            () = self.shutdown.cancelled() => None,
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
        let (stored, not_now) = self.create(held).await;
        if not_now.is_empty() {
            self.stored = stored;
        } else {
            self.delete(&stored).await;
            self.hold(not_now).await;
        }
    }

    /// The orders, and the receipts of what is none. Bodies end here.
    fn read(&mut self, messages: Vec<Received>) -> (Vec<Held>, Vec<Receipt>) {
        let (now, mapping) = (clock::now(), self.mapping.borrow().clone());
        let (mut held, mut refused) = (Vec::new(), Vec::new());
        for message in messages {
            self.metrics
                .received(now.since(message.sent_at.unwrap_or(now)));
            if message.body.len() > BODY_BYTES_LARGE {
                self.careful_until = now + CAREFUL_FOR;
            }
            match intake::read(&message, &self.creator.queue_arn, &mapping, now) {
                Ok(request) => held.push(Held {
                    receipt: Receipt {
                        handle: message.receipt,
                        request_id: request.name_any().trim_start_matches("rr-").to_owned(),
                    },
                    message_id: message.message_id,
                    request,
                }),
                Err(refusal) => {
                    let receipt = Receipt {
                        handle: message.receipt,
                        request_id: refusal.known_as,
                    };
                    self.refuse(
                        Ending::Invalid,
                        &receipt,
                        &message.message_id,
                        &refusal.why.to_string(),
                    );
                    refused.push(receipt);
                }
            }
        }
        (held, refused)
    }

    /// Answers what may be deleted now, and not before: in this order a message is never
    /// lost. And what could not be created now, and why.
    async fn create(&self, held: Vec<Held>) -> (Vec<Receipt>, Vec<(Held, String)>) {
        let (mut stored, mut refused, mut not_now) = (Vec::new(), Vec::new(), Vec::new());
        for (one, created) in create_all(&self.creator, held).await {
            let request_id = one.receipt.request_id.as_str();
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
                    self.refuse(Ending::Conflict, &one.receipt, &one.message_id, &why);
                    refused.push(one.receipt);
                }
                Created::Invalid(why) => {
                    self.refuse(Ending::Invalid, &one.receipt, &one.message_id, &why);
                    refused.push(one.receipt);
                }
                Created::NotNow(why) => not_now.push((one, why)),
            }
        }
        self.give_back(&refused).await;
        (stored, not_now)
    }

    /// Keeps good messages out of the dead-letter queue while they cannot be created:
    /// hidden, tried again and again, and nothing more received by any poller.
    async fn hold(&self, mut not_now: Vec<(Held, String)>) {
        let mut backoff = Backoff::new(RETRY_FIRST, RETRY_LONGEST);
        let Some((_, why)) = not_now.first() else {
            return;
        };
        let shut = self.gate.shut(why);
        let mut tries = 0;
        while let Some((_, why)) = not_now.first() {
            shut.because(why);
            self.metrics.held.inc_by(not_now.len() as i64);
            let held: Vec<Held> = not_now.drain(..).map(|(held, _)| held).collect();
            let receipts: Vec<Receipt> = held.iter().map(|one| one.receipt.clone()).collect();
            self.show_again(&receipts, VISIBILITY).await;
            self.pause(backoff.wait()).await;
            self.pulse.beat();
            self.metrics.held.dec_by(held.len() as i64);
            if self.shutdown.is_cancelled() {
                // They come back by themselves when their time is over: another process
                // may do better.
                return;
            }
            let stored;
            (stored, not_now) = self.create(held).await;
            self.delete(&stored).await;
            tries += 1;
            if tries >= TRIES_BEFORE_DOUBT {
                not_now = self.part(not_now).await;
            }
        }
    }

    /// Leaves to the dead-letter queue what the server fails on while it takes others: one
    /// such message would hold up all of them for ever. Answers the rest.
    async fn part(&self, not_now: Vec<(Held, String)>) -> Vec<(Held, String)> {
        let requests = not_now.iter().map(|(held, _)| &held.request);
        let at_fault = self.creator.at_fault(requests).await;
        let (mut refused, mut rest) = (Vec::new(), Vec::new());
        for ((one, why), at_fault) in not_now.into_iter().zip(at_fault) {
            if at_fault {
                let why = format!("the server fails on this request, and takes others: {why}");
                self.refuse(Ending::Invalid, &one.receipt, &one.message_id, &why);
                refused.push(one.receipt);
            } else {
                rest.push((one, why));
            }
        }
        self.give_back(&refused).await;
        rest
    }

    /// Says once why a message is left to the dead-letter queue.
    fn refuse(&self, ending: Ending, receipt: &Receipt, message_id: &str, why: &str) {
        if self.refused.is_new(message_id) {
            let request_id = receipt.request_id.as_str();
            tracing::warn!(request_id, message_id, why, "left to the dead-letter queue");
            self.metrics.count(ending);
        }
    }

    async fn pause(&self, wait: Duration) {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.shutdown.cancelled() => {}
        }
    }
}
