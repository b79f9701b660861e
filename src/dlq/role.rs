//! What one turn of the dlq role does.

use super::Args;
use super::claims::Claims;
use super::gone::{Gone, Look};
use super::metrics::Metrics;
use super::notice::Whereabouts;
use super::present::Present;
use super::sweep::{Sweep, behind};
use super::tell::Teller;
use crate::domain::time::Time;
use crate::edge::aws;
use crate::edge::channels::Channels;
use crate::edge::mapping::{Mapping, MappingFile};
use crate::edge::sqs::{Queue, QueueAttributes, pairing};
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

/// How long a ledger remembers that another dead-letter queue was watched: two turns at the longest
/// interval (10 min), and a restart.
const OTHERS_REMEMBERED: Duration = Duration::from_secs(25 * 60);

/// What is wrong then.
const SHARED: &str = "another dead-letter queue was watched with this ledger within 25 minutes, \
     and a ledger keeps the letters of one: let all queues of a ledger name the same dead-letter \
     queue. Until then no letter counts as gone";

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
    /// Where people find the release.
    namespace: Option<String>,
    /// What is wrong with the queues.
    problems: Vec<String>,
    /// What they said last.
    known: Option<Arns>,
    conditions: Conditions,
}

struct Conditions {
    queue: Condition,
    mapping: Condition,
    notices: Condition,
    pulse: Pulse,
}

/// The names of both queues, which never change.
#[derive(Clone)]
struct Arns {
    queue: String,
    dead: String,
}

/// What the queues say of themselves, asked in each turn: it shows that both are there.
struct Looked {
    arns: Arns,
    /// Whether the dead-letter queue keeps an order.
    is_fifo: bool,
    /// Letters that could be received, approximately.
    visible: u64,
    /// Those that somebody else looks at, approximately.
    hidden: u64,
    /// Whether the ledger knows of another dead-letter queue.
    is_shared: bool,
    /// What is wrong between these two, and with others.
    problems: Vec<String>,
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
        let claims = Claims::default();
        let keeping = claims.clone().keep(store.clone(), process.shutdown.clone());
        process.tasks.spawn(keeping);
        Ok(Some(Self {
            queue: Queue::new(&config, args.queue_url),
            dead: Queue::new(&config, args.dlq_url),
            teller: Teller::new(channels.clone(), store.clone(), metrics.clone(), claims),
            store,
            channels,
            mapping,
            file,
            present: Present::default(),
            gone: Gone::default(),
            metrics,
            behind: 0,
            namespace: args.release_namespace,
            problems: Vec::new(),
            known: None,
            conditions: Conditions {
                queue: process.health.condition("queue"),
                mapping: process.health.condition("mapping"),
                notices: process.health.condition("notices"),
                pulse: process.health.pulse("turn", TURN_DEADLINE),
            },
        }))
    }

    /// The ledger.
    pub(super) fn store(&self) -> Store {
        self.store.clone()
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
        match self.look().await {
            Ok(looked) => self.sweep_and_report(&looked).await,
            Err(why) => self.report(&self.conditions.queue, &Err(why)),
        }
        // What was noted is told also while the queues cannot be asked.
        if let Some(arns) = self.known.clone() {
            let told = self.tell(&arns.dead).await;
            self.report(&self.conditions.notices, &told);
        }
    }

    async fn sweep_and_report(&mut self, looked: &Looked) {
        self.known = Some(looked.arns.clone());
        self.warn_of(&looked.problems);
        match self.sweep(looked).await {
            Ok(()) if !looked.problems.is_empty() => {
                self.conditions.queue.ready_but(&looked.problems.join("; "));
            }
            swept => self.report(&self.conditions.queue, &swept),
        }
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
    fn warn_of(&mut self, problems: &[String]) {
        if self.problems != problems {
            for why in problems {
                tracing::warn!(why, "queue and dead-letter queue do not fit together");
            }
            self.problems = problems.to_vec();
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
        if let Some(why) = pairing::eats(&dead) {
            // Not looked at: each look would bring its letters nearer to being moved away.
            anyhow::bail!(why);
        }
        let (queue_arn, mut problems) = self.source(&dead).await?;
        let is_shared = self
            .store
            .watch_dead_letter_queue(&dead.arn, OTHERS_REMEMBERED)
            .await?;
        if is_shared {
            problems.push(SHARED.to_owned());
        }
        Ok(Looked {
            is_fifo: dead.is_fifo(),
            arns: Arns {
                queue: queue_arn,
                dead: dead.arn,
            },
            visible: dead.messages_visible,
            hidden: dead.messages_in_flight,
            is_shared,
            problems,
        })
    }

    /// The queue that the letters come from, and how the two fit together. If it cannot be asked
    /// now, its letters are looked at all the same.
    async fn source(&self, dead: &QueueAttributes) -> anyhow::Result<(String, Vec<String>)> {
        match (self.queue.attributes().await, &self.known) {
            (Ok(queue), _) => {
                let problems = pairing::problems(&queue, dead);
                Ok((queue.arn, problems))
            }
            (Err(why), Some(known)) => {
                let problem = format!("the queue cannot be asked: {why}");
                Ok((known.queue.clone(), vec![problem]))
            }
            (Err(why), None) => Err(why).context("the queue"),
        }
    }

    async fn sweep(&mut self, looked: &Looked) -> anyhow::Result<()> {
        let mut sweep = Sweep {
            dead: &self.dead,
            store: &self.store,
            queue_arn: &looked.arns.queue,
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
            is_ordered: looked.is_fifo,
        });
        // After all that were met have been noted, and also after a failure: what was noted
        // before it is told, where nothing else can be said of it later.
        let gone = look.as_ref().ok().and_then(|look| {
            self.gone.add(*look);
            self.gone.soon()
        });
        self.settle(gone.unwrap_or(NEVER)).await?;
        let look = look?;
        let gone = self.gone.at_last();
        if !looked.is_shared {
            self.note(&look, gone).await?;
        }
        self.present.end_sweep(look.is_sure());
        self.metrics.show(&self.present);
        let behind = behind(looked.is_fifo, looked.visible, look.met);
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

    async fn note(&self, look: &Look, gone_before: Option<Time>) -> Result<(), StoreError> {
        if let Some(before) = gone_before {
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
        let whereabouts = Whereabouts {
            queue_arn: dead_queue_arn,
            behind: self.behind,
            namespace: self.namespace.as_deref(),
        };
        let telling = self.teller.turn(&whereabouts, pulse);
        Ok(telling.await?)
    }
}
