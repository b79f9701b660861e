//! What one turn of the relay does.

use super::Args;
use super::aside::Aside;
use super::audience::Audience;
use super::metrics::Metrics;
use super::page::{Outcome, PAGE_MAX, Publisher};
use super::tell::Teller;
use crate::edge::aws::{self, AwsError};
use crate::edge::channels::Channels;
use crate::edge::sns::Topic;
use crate::edge::store::{CONNECTIONS_DEFAULT, Store, StoreError};
use crate::ledger;
use crate::process::Process;
use crate::process::backoff::Backoff;
use crate::process::clock;
use crate::process::health::{Condition, Pulse};
use crate::process::recent::Recent;
use anyhow::Context as _;
use std::time::Duration;

/// How often an outbox with nothing to send is looked at: a message waits for a quarter of a
/// second on average, and a look is one indexed read.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Waits after a failure. The longest is short against the minutes after which anybody would
/// miss a restock, and seldom enough for a service that is throttling.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LONGEST: Duration = Duration::from_secs(20);

/// How often the backlog is measured: more often than metrics are read.
const MEASURE_EVERY: Duration = Duration::from_secs(10);

/// How far it is counted: far above what should ever wait, and read in some tens of
/// milliseconds.
const COUNT_MAX: u32 = 10_000;

/// A third of how long the loop may be silent; see `Health::pulse`. Of one turn: the backlog
/// (4 s), who receives (20 s) and that it is told (18 s), a page (18 s), a back-off (20 s).
const TURN_DEADLINE: Duration = Duration::from_secs(80);

/// Everything that lasts from turn to turn.
pub(super) struct Role {
    store: Store,
    publisher: Publisher,
    audience: Audience,
    metrics: Metrics,
    backoff: Backoff,
    /// The last row of the page before, if that sent nothing.
    after: i64,
    pass: Pass,
    /// In time since boot.
    measure_at: Duration,
    ledger: Condition,
    topic: Condition,
    pulse: Pulse,
}

/// What was met in the pages since the oldest message.
#[derive(Default)]
struct Pass {
    stuck: i64,
    refused: bool,
}

impl Role {
    /// Waits for a region and for the ledger; none at shutdown.
    pub(super) async fn new(args: Args, process: &Process) -> anyhow::Result<Option<Self>> {
        let topic_arn = args
            .ops
            .topic_arn
            .clone()
            .context("set RESTOCK_TOPIC_ARN")?;
        let recipients = args.ops.recipients_if_any()?;
        let metrics = Metrics::register(&process.registry);
        let Some(config) = process.wait_for(aws::REGION, aws::config).await else {
            return Ok(None);
        };
        let following = ledger::follow(&args.database, process, CONNECTIONS_DEFAULT);
        let Some(store) = following.await? else {
            return Ok(None);
        };
        let topic_condition = process.health.condition("topic");
        let subscription = process.health.condition("subscription");
        let ready = process.wait_for("ledger", || store.require_schema());
        if ready.await.is_none() {
            return Ok(None);
        }
        let topic = Topic::new(&config, &topic_arn);
        let channels = recipients.map(|recipients| Channels::new(&recipients, &config));
        if let Some(problem) = channels.as_ref().and_then(Channels::problem) {
            process.health.condition("notices").not_ready(problem);
        }
        let audience = Audience::new(
            config,
            topic.clone(),
            Teller::new(store.clone(), channels, &topic_arn),
            metrics.clone(),
            subscription,
            process.shutdown.clone(),
        );
        Ok(Some(Self {
            store,
            publisher: Publisher {
                topic,
                metrics: metrics.clone(),
                aside: Aside::default(),
                told: Recent::default(),
            },
            audience,
            metrics,
            backoff: Backoff::new(RETRY_FIRST, RETRY_LONGEST),
            after: 0,
            pass: Pass::default(),
            measure_at: Duration::ZERO,
            ledger: process.health.condition("ledger"),
            topic: topic_condition,
            pulse: process.health.pulse("turn", TURN_DEADLINE),
        }))
    }

    pub(super) fn store(&self) -> Store {
        self.store.clone()
    }

    /// Measures, asks who receives, and publishes one page; answers how long to wait.
    pub(super) async fn turn(&mut self) -> Duration {
        self.pulse.beat();
        self.measure().await;
        self.audience.look().await;
        self.pulse.beat();
        let Some(source_arn) = self.audience.source_arn() else {
            self.topic.ready_but("nothing is published");
            return LOOK_EVERY;
        };
        let mut outcome = Outcome::default();
        let publish = async |page: &[_]| {
            let publishing = self.publisher.publish(page, source_arn, &mut outcome);
            publishing.await
        };
        let page = self.store.relay_page(self.after, PAGE_MAX, publish).await;
        let last = match page {
            Ok(last) => last,
            Err(why) => return self.without_ledger(&why),
        };
        self.ledger.ready();
        match last {
            Some(last) => self.go_on(last, outcome),
            None => self.rest(),
        }
    }

    /// After a page. What was sent has left the list, so the next page is the oldest again; only
    /// pages that stay are passed by. Going on to the end of the list would leave behind for
    /// ever, under a load without end, what a slow sale or a dead relay left at its head.
    fn go_on(&mut self, last: i64, outcome: Outcome) -> Duration {
        self.pass.stuck += outcome.stuck;
        self.after = last;
        if outcome.sent_any {
            self.begin_again();
        }
        let Some(why) = outcome.trouble else {
            if outcome.sent_any {
                // Not only at the end of the list, which a long one reaches late.
                self.topic.ready();
                self.backoff.reset();
            }
            return Duration::ZERO;
        };
        self.topic.not_ready(why.to_string());
        tracing::warn!(%why, "messages wait in the outbox");
        if matches!(why, AwsError::Refused(_)) {
            // It may be the fault of the messages of this page: others get their turn.
            self.pass.refused = true;
        } else {
            self.begin_again();
        }
        self.backoff.wait()
    }

    /// At the end of the list.
    fn rest(&mut self) -> Duration {
        let Pass { stuck, refused } = self.begin_again();
        self.metrics.stuck.set(stuck);
        if refused {
            // Not ready, as that page said.
            return LOOK_EVERY;
        }
        self.backoff.reset();
        match stuck {
            0 => self.topic.ready(),
            _ => self.topic.ready_but(&format!(
                "{stuck} messages cannot be published: the log names each once"
            )),
        }
        LOOK_EVERY
    }

    fn begin_again(&mut self) -> Pass {
        self.after = 0;
        std::mem::take(&mut self.pass)
    }

    async fn measure(&mut self) {
        let now = clock::since_boot();
        if now < self.measure_at {
            return;
        }
        self.measure_at = now + MEASURE_EVERY;
        match self.store.outbox_backlog(COUNT_MAX).await {
            Ok(backlog) => {
                self.ledger.ready();
                self.metrics.unsent.set(backlog.unsent.into());
                let age = backlog.oldest_age.as_secs();
                self.metrics
                    .oldest_age
                    .set(i64::try_from(age).unwrap_or(i64::MAX));
            }
            Err(why) => self.ledger.not_ready(why.to_string()),
        }
    }

    fn without_ledger(&mut self, why: &StoreError) -> Duration {
        self.ledger.not_ready(why.to_string());
        self.begin_again();
        self.backoff.wait()
    }
}
