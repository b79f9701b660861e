//! Tells the operations team, and remembers who acknowledged until the object says so.
//!
//! A pass asks for a notice again and again until it finds it acknowledged; what is lost
//! here, by a crash or for want of room, is asked for once more. So nothing in this module
//! has to outlive the process, and a notice is told at least once.
//!
//! ```text
//! tell ─► group of (kind, cause, Factory) ─► first at once, the rest in summaries
//!                                                     │ all channels acknowledge
//!             acknowledged ◄── by notice id ◄─────────┘─► nudge: a pass may record it
//! ```

mod board;
mod metrics;

use crate::domain::notice::{Notice, Subject, compose};
use crate::domain::progress::Told;
use crate::edge::aws::AwsError;
use crate::edge::channels::{Acknowledgements, Channel, Channels, in_words};
use crate::process::Process;
use crate::process::backoff::Backoff;
use crate::process::clock;
use crate::process::health::Condition;
use board::{Asked, Board, Group};
use metrics::{Metrics, Outcome};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Publishes at a time: a storm of many causes must not take all connections.
const SENDS_MAX: usize = 4;

/// Pauses after a send that failed: short at first, for most failures are short.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LONGEST: Duration = Duration::from_secs(60);

/// How long notices may hold up the end of the process: two calls that run into their
/// deadline of 10 s. It leaves passes time to record what was acknowledged.
const FLUSH_MAX: Duration = Duration::from_secs(20);

/// How often the age of the oldest untold notice is looked at: far below any alert on it.
const AGE_PAUSE: Duration = Duration::from_secs(5);

/// Tells the operations team; clones share what is waiting.
#[derive(Clone)]
pub struct Notifier {
    desk: Arc<Desk>,
}

/// Told namespace and name of an object whose notice was acknowledged.
type Nudge = Box<dyn Fn(&str, &str) + Send + Sync>;

struct Desk {
    channels: Channels,
    /// For how long notices of one group are collected into a summary.
    interval: Duration,
    /// Called with namespace and name of an object whose notice was acknowledged.
    nudge: Nudge,
    board: Mutex<Board>,
    turns: Semaphore,
    metrics: Metrics,
    condition: Condition,
    process: Process,
}

impl Notifier {
    /// A notifier over these channels. `nudge` is told the namespace and name of each
    /// object whose notice was acknowledged; it must not block, and may lose it.
    pub fn spawn(
        channels: Channels,
        interval: Duration,
        nudge: impl Fn(&str, &str) + Send + Sync + 'static,
        process: &Process,
    ) -> Self {
        let condition = process.health.condition("notices");
        match channels.problem() {
            None => condition.ready(),
            Some(why) => condition.not_ready(why),
        }
        let desk = Arc::new(Desk {
            channels,
            interval,
            nudge: Box::new(nudge),
            board: Mutex::default(),
            turns: Semaphore::new(SENDS_MAX),
            metrics: Metrics::register(&process.registry),
            condition,
            process: process.clone(),
        });
        process.tasks.spawn(Arc::clone(&desk).watch_age());
        Self { desk }
    }

    /// Asks that this be told. Returns at once; a repeat while it waits changes nothing.
    /// What finds no room is dropped and counted: the next pass asks again.
    pub fn tell(&self, subject: Subject) {
        let desk = &self.desk;
        let kind = subject.kind;
        if desk.channels.problem().is_some() {
            return desk.metrics.count(kind, Outcome::Dropped);
        }
        let asked = desk.board().ask(subject);
        match asked {
            Asked::FirstOf(group) => {
                drop(desk.process.tasks.spawn(Arc::clone(desk).serve(group)));
            }
            Asked::Joined | Asked::Known => {}
            Asked::NoRoom => desk.metrics.count(kind, Outcome::Dropped),
        }
    }

    /// The acknowledgement of the notice with this id, by every channel, unless it was
    /// forgotten. A restart forgets it too: then it is told again.
    pub fn acknowledged(&self, notice_id: &str) -> Option<Told> {
        self.desk.board().told(notice_id)
    }

    /// Whether nothing waits to be told or acknowledged.
    pub fn is_idle(&self) -> bool {
        self.desk.board().oldest().is_none()
    }

    /// Takes back a notice that waits and is not being sent yet.
    pub(super) fn withdraw(&self, notice_id: &str) {
        self.desk.board().withdraw(notice_id);
    }

    /// Forgets an acknowledgement: it is recorded where it belongs.
    pub fn forget(&self, notice_id: &str) {
        self.desk.board().forget(notice_id);
    }
}

impl Desk {
    fn board(&self) -> MutexGuard<'_, Board> {
        // Each change of the board is whole before anything can panic.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves one group until nothing of it came for a whole interval.
    async fn serve(self: Arc<Self>, group: Group) {
        let shutdown = &self.process.shutdown;
        let flushed_too_long = async {
            shutdown.cancelled().await;
            tokio::time::sleep(FLUSH_MAX).await;
        };
        tokio::select! {
            () = self.tell_until_empty(&group) => {}
            () = flushed_too_long => tracing::warn!(
                cause = group.cause,
                "notices were not acknowledged in time; they are told after the restart"
            ),
        }
    }

    async fn tell_until_empty(&self, group: &Group) {
        loop {
            // Only what is here now: what comes while these are sent waits for the next
            // summary, or a storm would become a stream of small ones.
            let batches = self.board().take(group);
            if batches.is_empty() {
                return;
            }
            for batch in batches {
                self.tell_batch(&batch).await;
            }
            // At shutdown there is no waiting for more.
            let interval = tokio::time::sleep(self.interval);
            self.process.shutdown.run_until_cancelled(interval).await;
        }
    }

    /// Sends one notice until every channel has acknowledged it. Its text stays the same,
    /// and a channel that has it is not asked again.
    async fn tell_batch(&self, batch: &[Subject]) {
        let notice = compose(batch);
        let mut acknowledged = Acknowledgements::new();
        let mut backoff = Backoff::new(RETRY_FIRST, RETRY_LONGEST);
        while let Err(failures) = self.send(&notice, &mut acknowledged).await {
            let why = in_words(&failures);
            tracing::warn!(notice = notice.subject, why, "notice not acknowledged");
            self.condition.not_ready(why);
            self.count(batch, Outcome::Failed);
            self.pause(backoff.wait()).await;
        }
        self.condition.ready();
        self.acknowledge(batch, &acknowledged);
    }

    async fn send(
        &self,
        notice: &Notice,
        acknowledged: &mut Acknowledgements,
    ) -> Result<(), Vec<(Channel, AwsError)>> {
        // Never closed, so there is always a turn; without one, sending is still right.
        let _turn = self.turns.acquire().await;
        self.channels.send(notice, acknowledged).await
    }

    /// The signal to stop ends a long pause; the ones after it are short.
    async fn pause(&self, wait: Duration) {
        let shutdown = &self.process.shutdown;
        if shutdown.is_cancelled() {
            tokio::time::sleep(wait.min(RETRY_FIRST)).await;
        } else {
            shutdown.run_until_cancelled(tokio::time::sleep(wait)).await;
        }
    }

    fn acknowledge(&self, batch: &[Subject], acknowledged: &Acknowledgements) {
        let at = clock::now();
        for of in batch {
            let told = Told {
                notice_id: of.notice_id.clone(),
                publish_id: acknowledged.values().next().cloned().unwrap_or_default(),
                channels: acknowledged
                    .keys()
                    .map(|one| one.word().to_owned())
                    .collect(),
                at,
            };
            tracing::info!(
                request_id = %of.request_id,
                name = of.name,
                kind = of.kind.word(),
                cause = of.cause,
                notice = told.notice_id,
                publish = told.publish_id,
                "told"
            );
            self.board().acknowledge(told);
        }
        self.count(batch, Outcome::Acknowledged);
        // After the whole batch, so that a pass that is woken finds what it was woken for.
        for of in batch {
            (self.nudge)(&of.namespace, &of.name);
        }
    }

    fn count(&self, batch: &[Subject], outcome: Outcome) {
        batch
            .iter()
            .for_each(|of| self.metrics.count(of.kind, outcome));
    }

    async fn watch_age(self: Arc<Self>) {
        let shutdown = &self.process.shutdown;
        while !shutdown.is_cancelled() {
            let oldest = self.board().oldest();
            let age = oldest.map_or(Duration::ZERO, |at| clock::now().since(at));
            self.metrics.oldest(age);
            shutdown
                .run_until_cancelled(tokio::time::sleep(AGE_PAUSE))
                .await;
        }
    }
}
