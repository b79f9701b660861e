//! Leader election over a Lease of coordination.k8s.io: economy, not safety.
//!
//! Two leaders at once are safe (compare-and-set and the ledger's rows see to it); one
//! saves the work of the other. So the rules lean towards simplicity: whoever cannot
//! renew stops leading by its own clock, without asking anyone.

mod tenure;

use super::health::Condition;
use super::{Process, clock};
use anyhow::{Context, bail};
use k8s_openapi::api::coordination::v1::{Lease as Record, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, ObjectMeta, PostParams};
use kube::core::Status;
use std::time::Duration;
use tenure::{Reading, Tenure};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

/// Others may take a lease that was not renewed for so long.
const DURATION_SECONDS: i32 = 15;

/// A renewal is two calls and a pause, 8 s at worst: one fits before leadership ends.
const CALL_DEADLINE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_secs(2);
const TURN_MAX: Duration = Duration::from_secs(8);

/// The lease is not what it was when it was read: another candidate was faster.
const CONFLICT: u16 = 409;

/// For want of a right.
const FORBIDDEN: u16 = 403;

/// One candidate's side of a lease.
pub struct Lease {
    records: Api<Record>,
    name: String,
    identity: String,
    tenure: Tenure,
    leads: watch::Sender<bool>,
    condition: Condition,
}

impl Lease {
    /// Stands for the lease until shutdown, which hands it back.
    ///
    /// `identity` is the name of this pod: no other candidate may have the same. The
    /// receiver says whether this process leads; it turns false at the deadline without
    /// any call.
    pub fn spawn(
        client: kube::Client,
        namespace: &str,
        name: &str,
        identity: &str,
        process: &Process,
    ) -> watch::Receiver<bool> {
        let (leads, receiver) = watch::channel(false);
        let mut lease = Lease {
            records: Api::namespaced(client, namespace),
            name: name.to_owned(),
            identity: identity.to_owned(),
            tenure: Tenure::default(),
            leads,
            condition: process.health.condition("lease"),
        };
        let pulse = process.health.pulse("lease", TURN_MAX);
        let shutdown = process.shutdown.clone();
        process.tasks.spawn(async move {
            // Dropping a turn half-way is harmless: at worst the lease was renewed once
            // more than this process knows.
            while shutdown.run_until_cancelled(lease.turn()).await.is_some() {
                pulse.beat();
            }
            lease.release().await;
        });
        receiver
    }

    /// One try and the pause after it. No wait goes past the end of leadership.
    async fn turn(&mut self) {
        let began = Instant::now();
        let tried = match self.tenure.leads_until(began) {
            Some(deadline) => tokio::time::timeout_at(deadline, self.take()).await,
            None => Ok(self.take().await),
        };
        // What we hold we go on holding until its deadline, whatever fails.
        let answered = match tried {
            Ok(Ok(true)) => {
                self.tenure.renew(began);
                Ok(())
            }
            Ok(Ok(false)) => {
                self.tenure.end();
                Ok(())
            }
            Ok(Err(error)) if refusal(&error).is_some_and(|why| why.code == CONFLICT) => Ok(()),
            Ok(Err(error)) => Err(self.advised(&error)),
            Err(_) => Err(format!("lease {}: not renewed in time", self.name)),
        };
        match answered {
            Ok(()) => self.condition.ready(),
            Err(why) => self.condition.held_up(why),
        }
        self.publish();
        let now = Instant::now();
        let next = now + PAUSE;
        let leads_until = self.tenure.leads_until(now);
        sleep_until(leads_until.map_or(next, |deadline| next.min(deadline))).await;
        self.publish();
    }

    /// The error, and what to do where only a person can do it.
    fn advised(&self, error: &anyhow::Error) -> String {
        let why = match refusal(error) {
            Some(why) if why.code == FORBIDDEN => format!(
                "bind a Role there that may get, create and update leases: {}",
                why.message
            ),
            _ => format!("{error:#}"),
        };
        format!("lease {}: {why}", self.name)
    }

    fn publish(&self) {
        let leads = self.tenure.leads(Instant::now());
        let changed = self
            .leads
            .send_if_modified(|led| std::mem::replace(led, leads) != leads);
        if changed {
            tracing::info!(lease = self.name, leads, "leadership");
        }
    }

    /// Whether the lease is ours now.
    async fn take(&mut self) -> anyhow::Result<bool> {
        let Some(record) = within("read", self.records.get_opt(&self.name)).await? else {
            let record = self.record(None, ObjectMeta::default());
            within(
                "create",
                self.records.create(&PostParams::default(), &record),
            )
            .await?;
            return Ok(true);
        };
        let spec = record.spec.unwrap_or_default();
        let seconds = spec.lease_duration_seconds.unwrap_or(DURATION_SECONDS);
        let reading = Reading {
            holder: spec.holder_identity.as_deref().unwrap_or_default(),
            version: record
                .metadata
                .resource_version
                .as_deref()
                .unwrap_or_default(),
            duration: Duration::from_secs(u64::try_from(seconds).unwrap_or(0)),
        };
        if !self
            .tenure
            .may_take(&reading, &self.identity, Instant::now())
        {
            return Ok(false);
        }
        self.replace(self.record(Some(spec), record.metadata))
            .await?;
        Ok(true)
    }

    /// The lease as we write it; `metadata` carries the version that was read, so that of
    /// two candidates one is refused.
    fn record(&self, before: Option<LeaseSpec>, metadata: ObjectMeta) -> Record {
        let now = Timestamp::from_microsecond(clock::now().as_micros())
            .ok()
            .map(MicroTime);
        let before = before.unwrap_or_default();
        let ours = before.holder_identity.as_deref() == Some(&self.identity);
        let terms = before.lease_transitions.unwrap_or(0);
        Record {
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                ..metadata
            },
            spec: Some(LeaseSpec {
                holder_identity: Some(self.identity.clone()),
                lease_duration_seconds: Some(DURATION_SECONDS),
                acquire_time: if ours {
                    before.acquire_time
                } else {
                    now.clone()
                },
                renew_time: now,
                lease_transitions: Some(if ours { terms } else { terms.saturating_add(1) }),
                ..LeaseSpec::default()
            }),
        }
    }

    async fn replace(&self, record: Record) -> anyhow::Result<Record> {
        let parameters = PostParams::default();
        within(
            "write",
            self.records.replace(&self.name, &parameters, &record),
        )
        .await
    }

    /// Hands the lease back, so that the next leader need not wait for it to run out.
    async fn release(&mut self) {
        let led = self.tenure.leads(Instant::now());
        self.tenure.end();
        // Before the write: nobody may lead while we still say that we do.
        self.publish();
        if led && let Err(error) = self.hand_back().await {
            tracing::warn!(
                lease = self.name,
                error = format!("{error:#}"),
                "cannot hand back"
            );
        }
    }

    async fn hand_back(&self) -> anyhow::Result<()> {
        let mut record = within("read", self.records.get(&self.name)).await?;
        let spec = record.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() != Some(&self.identity) {
            bail!("it is held by another");
        }
        spec.holder_identity = None;
        spec.lease_duration_seconds = Some(1);
        self.replace(record).await.map(drop)
    }
}

/// What the API server said, if it refused.
fn refusal(error: &anyhow::Error) -> Option<&Status> {
    match error.downcast_ref() {
        Some(kube::Error::Api(status)) => Some(status),
        _ => None,
    }
}

/// One call and its deadline.
async fn within<T>(what: &str, call: impl Future<Output = kube::Result<T>>) -> anyhow::Result<T> {
    let answer = timeout(CALL_DEADLINE, call).await;
    answer
        .with_context(|| format!("{what}: no answer within 3 s"))?
        .with_context(|| what.to_owned())
}
