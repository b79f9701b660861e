//! What one turn of the dlq role does.

use super::Args;
use super::gone::{Gone, Look};
use super::metrics::Metrics;
use super::present::Present;
use super::sweep::{Sweep, behind};
use super::tell::Teller;
use crate::domain::time::Time;
use crate::edge::aws;
use crate::edge::channels::Channels;
use crate::edge::mapping::{Mapping, MappingFile};
use crate::edge::sqs::{Queue, pairing};
use crate::edge::store::{CONNECTIONS_DEFAULT, Store, StoreError};
use crate::ledger;
use crate::process::Process;
use crate::process::health::{Condition, Pulse};
use anyhow::Context as _;
use std::time::Duration;

/// A third of how long the loop may be silent; see `Health::pulse`. It is heard after each
/// batch of letters (a receive of 10 s, ten notes of 4 s each), each notice (SNS, SES and
/// two calls of the ledger, 28 s) and each second of the wait for the next turn.
const TURN_DEADLINE: Duration = Duration::from_secs(60);

/// Nothing was last met before it.
const NEVER: Time = Time::from_micros(i64::MIN);

/// Letters of which a turn settles how often they died: as many as one sweep meets.
const SETTLED_MAX: u32 = 1_000;

/// Everything that lasts from turn to turn.
pub(super) struct Role {
    queue: Queue,
    dead: Queue,
    store: Store,
    channels: Channels,
    mapping: Mapping,
    file: Option<MappingFile>,
    present: Present,
    gone: Gone,
    metrics: Metrics,
    teller: Teller,
    /// Letters that the last sweep could not look at.
    behind: u64,
    /// What is wrong between the two queues.
    mispaired: Vec<String>,
    conditions: Conditions,
}

struct Conditions {
    queue: Condition,
    mapping: Condition,
    notices: Condition,
    pulse: Pulse,
}

/// What the queues say of themselves, asked in each turn: it shows that both are there.
struct Looked {
    queue_arn: String,
    dead_arn: String,
    /// Letters that could be received, approximately.
    visible: u64,
    /// Those that somebody else looks at, approximately.
    hidden: u64,
    /// What is wrong between the two.
    mispaired: Vec<String>,
}

impl Role {
    /// Waits for a region and for the ledger's URL; none at shutdown.
    pub(super) async fn new(args: Args, process: &Process) -> anyhow::Result<Option<Self>> {
        let Some(config) = process.wait_for(aws::REGION, aws::config).await else {
            return Ok(None);
        };
        let (file, mapping) = match &args.mapping_file {
            Some(path) => {
                let opening = process.wait_for("mapping", || MappingFile::open(path));
                let Some((file, mapping)) = opening.await else {
                    return Ok(None);
                };
                (Some(file), mapping)
            }
            None => (None, Mapping::common_shop()),
        };
        let following = ledger::follow(&args.database, process, CONNECTIONS_DEFAULT);
        let Some(store) = following.await? else {
            return Ok(None);
        };
        let metrics = Metrics::register(&process.registry);
        let channels = Channels::new(&args.ops.recipients()?, &config);
        Ok(Some(Self {
            queue: Queue::new(&config, args.queue_url),
            dead: Queue::new(&config, args.dlq_url),
            teller: Teller::new(channels.clone(), store.clone(), metrics.clone()),
            store,
            channels,
            mapping,
            file,
            present: Present::default(),
            gone: Gone::at_intervals(Duration::from_secs(args.dlq_interval_seconds)),
            metrics,
            behind: 0,
            mispaired: Vec::new(),
            conditions: Conditions {
                queue: process.health.condition("queue"),
                mapping: process.health.condition("mapping"),
                notices: process.health.condition("notices"),
                pulse: process.health.pulse("turn", TURN_DEADLINE),
            },
        }))
    }

    /// Waits for the next turn; the loop is heard every second of it.
    pub(super) async fn pause(&self, seconds: u64) {
        for _ in 0..seconds {
            self.conditions.pulse.beat();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Looks and tells; each failure says so in readiness and waits for the next turn.
    pub(super) async fn turn(&mut self) {
        self.conditions.pulse.beat();
        self.reload().await;
        let looked = match self.look().await {
            Ok(looked) => looked,
            Err(why) => return self.report(&self.conditions.queue, &Err(why)),
        };
        self.warn_of(&looked.mispaired);
        let swept = self.sweep(&looked).await;
        self.report(&self.conditions.queue, &swept);
        if swept.is_ok() && !looked.mispaired.is_empty() {
            let remark = looked.mispaired.join("; ");
            self.conditions.queue.ready_but(&remark);
        }
        let told = self.tell(&looked.dead_arn).await;
        self.report(&self.conditions.notices, &told);
    }

    fn report(&self, condition: &Condition, ending: &anyhow::Result<()>) {
        match ending {
            Ok(()) => condition.ready(),
            Err(why) => {
                self.metrics.failures.inc();
                condition.not_ready(format!("{why:#}"));
            }
        }
    }

    /// Once, at the start or when it changes.
    fn warn_of(&mut self, mispaired: &[String]) {
        if self.mispaired != mispaired {
            for why in mispaired {
                tracing::warn!(why, "queue and dead-letter queue do not fit together");
            }
            self.mispaired = mispaired.to_vec();
        }
    }

    async fn reload(&mut self) {
        if let Some(file) = &mut self.file {
            match file.reload().await {
                Ok(Some(changed)) => {
                    self.mapping = changed;
                    // All are read again: the reasons are those of the mapping.
                    self.present = Present::default();
                }
                Ok(None) => {}
                Err(why) => {
                    let why = format!("the old mapping stays in force: {why}");
                    return self.conditions.mapping.not_ready(why);
                }
            }
        }
        self.conditions.mapping.ready();
    }

    async fn look(&self) -> anyhow::Result<Looked> {
        let dead = self
            .dead
            .attributes()
            .await
            .context("the dead-letter queue")?;
        let depth = dead.messages_visible + dead.messages_in_flight;
        self.metrics
            .depth
            .set(i64::try_from(depth).unwrap_or(i64::MAX));
        let queue = self.queue.attributes().await.context("the queue")?;
        Ok(Looked {
            mispaired: pairing::problems(&queue, &dead),
            queue_arn: queue.arn,
            dead_arn: dead.arn,
            visible: dead.messages_visible,
            hidden: dead.messages_in_flight,
        })
    }

    async fn sweep(&mut self, looked: &Looked) -> anyhow::Result<()> {
        let mut sweep = Sweep {
            dead: &self.dead,
            store: &self.store,
            queue_arn: &looked.queue_arn,
            mapping: &self.mapping,
            present: &mut self.present,
            pulse: &self.conditions.pulse,
        };
        let began = self.store.now().await?;
        let look = sweep.run().await.map(|met| Look {
            began,
            met: met.letters(),
            ran_dry: met.ran_dry,
            depth: looked.visible + looked.hidden,
            hidden: looked.hidden,
            is_all: met.is_all,
        });
        // After all that were met have been noted, and also after a failure: what was noted
        // before it is told, where nothing else can be said of it later.
        let gone = look.as_ref().map(|look| self.gone.soon(look));
        self.settle(gone.unwrap_or(NEVER)).await?;
        let look = look?;
        self.note(&look).await?;
        self.present.end_sweep(look.is_sure());
        self.metrics.show(&self.present);
        let behind = behind(&looked.dead_arn, looked.visible, look.met);
        if behind > 0 && behind != self.behind {
            tracing::warn!(
                behind,
                "dead letters that cannot be looked at: move or delete those before them in \
                 their message groups"
            );
        }
        self.behind = behind;
        Ok(())
    }

    async fn settle(&self, gone_before: Time) -> Result<(), StoreError> {
        for death in self.store.unsettled_deaths(SETTLED_MAX).await? {
            self.conditions.pulse.beat();
            self.store.settle_death(&death, gone_before).await?;
        }
        Ok(())
    }

    async fn note(&mut self, look: &Look) -> Result<(), StoreError> {
        if let Some(before) = self.gone.at_last(look) {
            self.store.set_dead_letters_gone(before).await?;
        }
        if look.is_to_end() {
            self.store.set_dead_letters_swept(look.began).await?;
        }
        Ok(())
    }

    async fn tell(&mut self, dead_queue_arn: &str) -> anyhow::Result<()> {
        if let Some(problem) = self.channels.problem() {
            anyhow::bail!("{problem}");
        }
        let pulse = &self.conditions.pulse;
        let telling = self.teller.turn(dead_queue_arn, self.behind, pulse);
        Ok(telling.await?)
    }
}
