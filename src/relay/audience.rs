//! Whether anybody would receive what is published. Asked at the start, every hour, and more
//! often while messages are held back.
//!
//! Only a certain no holds the messages back, and a start without any answer: what waits in
//! the outbox is late, what nobody receives is lost. Who may not ask publishes, and says so.

use super::metrics::Metrics;
use super::tell::{Teller, Trouble};
use crate::edge::sns::{Readers, Topic, readers};
use crate::process::clock;
use crate::process::health::Condition;
use aws_config::SdkConfig;
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How often it is asked while messages are published: a subscription seldom goes.
const ASK_EVERY: Duration = Duration::from_secs(60 * 60);

/// How soon it is asked again while they are held back, or after no answer: somebody is
/// mending it.
const ASK_AGAIN: Duration = Duration::from_secs(10);

/// Longest time for all questions of one look. Each may take 10 s, and usually takes
/// hundredths; one that answers slowly must not stop what goes on.
const ASK_MAX: Duration = Duration::from_secs(20);

/// Who receives what is published, as far as it is known.
pub(super) struct Audience {
    config: SdkConfig,
    topic: Topic,
    teller: Teller,
    metrics: Metrics,
    condition: Condition,
    shutdown: CancellationToken,
    known: Option<Readers>,
    /// In time since boot.
    ask_at: Duration,
}

impl Audience {
    pub(super) fn new(
        config: SdkConfig,
        topic: Topic,
        teller: Teller,
        metrics: Metrics,
        condition: Condition,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            config,
            topic,
            teller,
            metrics,
            condition,
            shutdown,
            known: None,
            ask_at: Duration::ZERO,
        }
    }

    /// What the other side takes for the source of what is published now; none while nothing
    /// may be published.
    pub(super) fn source_arn(&self) -> Option<&str> {
        match self.known.as_ref()? {
            Readers::Queue { source_arn, .. } | Readers::Perhaps { source_arn, .. } => {
                Some(source_arn)
            }
            Readers::Nobody { .. } => None,
        }
    }

    /// Asks, if it is time to.
    pub(super) async fn look(&mut self) {
        if clock::since_boot() < self.ask_at {
            return;
        }
        let asking = timeout(ASK_MAX, readers(&self.config, &self.topic));
        let Some(answer) = self.shutdown.run_until_cancelled(asking).await else {
            return;
        };
        let again = match answer {
            Ok(Ok(found)) => {
                self.note(found).await;
                self.source_arn().map_or(ASK_AGAIN, |_| ASK_EVERY)
            }
            Ok(Err(why)) => self.not_now(&why.to_string()),
            Err(_) => self.not_now("no answer in time"),
        };
        self.ask_at = clock::since_boot() + again;
    }

    async fn note(&mut self, found: Readers) {
        let is_new = self.known.as_ref() != Some(&found);
        let verified = matches!(found, Readers::Queue { shut_out: None, .. });
        self.metrics.verified.set(verified.into());
        match &found {
            Readers::Queue {
                queue_arn,
                shut_out,
                ..
            } => {
                if is_new {
                    tracing::info!(queue_arn, "a queue receives what is published");
                }
                self.teller.over(Trouble::Held).await;
                self.note_shut_out(shut_out.as_deref(), is_new).await;
            }
            Readers::Perhaps { why, .. } => {
                self.condition.ready_but(&format!("cannot verify: {why}"));
                if is_new {
                    tracing::warn!(why, "cannot verify that a queue receives what is published");
                }
                self.teller.over(Trouble::Held).await;
            }
            Readers::Nobody { to_do } => {
                self.condition.not_ready(to_do.as_str());
                if is_new {
                    tracing::error!(to_do, "held back: nobody would receive what is published");
                }
                self.teller.tell(Trouble::Held, to_do).await;
            }
        }
        self.known = Some(found);
    }

    /// Messages are published all the same: a queue that is none of ours must not stop them.
    async fn note_shut_out(&mut self, to_do: Option<&str>, is_new: bool) {
        let Some(to_do) = to_do else {
            self.condition.ready();
            return self.teller.over(Trouble::ShutOut).await;
        };
        self.condition.ready_but(to_do);
        if is_new {
            tracing::warn!(to_do, "a queue that subscribes receives nothing");
        }
        self.teller.tell(Trouble::ShutOut, to_do).await;
    }

    /// The last answer holds.
    fn not_now(&self, why: &str) -> Duration {
        tracing::warn!(why, "cannot ask now who receives what is published");
        if self.known.is_none() {
            self.condition.not_ready(format!("not known yet: {why}"));
        }
        ASK_AGAIN
    }
}
