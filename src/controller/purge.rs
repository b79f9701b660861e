//! Deletes from the ledger what it has kept long enough: attempts and the archive, the rows
//! that the controller writes.
//!
//! A request that still has an object keeps its attempts, however old: they are the fence
//! in front of its orders. Without its object a request could only be ordered once more if
//! its message came again. That message was deleted when the object was made; a copy of it
//! lives 14 days in a queue, and as long again each time somebody moves it, so it would
//! have to be moved six times unread. Where goods came, the arrival says no even then.

use crate::controller::areas::{self, AreaError};
use crate::crd::request::RestockRequest;
use crate::domain::arrival::TOKEN_LIFETIME;
use crate::edge::cluster;
use crate::edge::store::purge::OldAttempt;
use crate::edge::store::{Store, StoreError};
use crate::process::args::Area;
use crate::process::health::Pulse;
use crate::process::purging;
use kube::Client;
use kube::api::Api;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long an attempt is kept after it was closed.
const ATTEMPTS_KEPT: Duration = Duration::from_secs(90 * DAY.as_secs());

/// How long a finished request stays in the archive.
const ARCHIVE_KEPT: Duration = Duration::from_secs(365 * DAY.as_secs());

/// How long SQS keeps a message, at most: so long a callback may lie in the inbox.
const QUEUE_KEEPS: Duration = Duration::from_secs(14 * DAY.as_secs());

// An attempt that was told as overdue is closed, and its goods may come all the same: its
// row outlasts the last moment at which they are booked.
const _: () = assert!(ATTEMPTS_KEPT.as_secs() > TOKEN_LIFETIME.as_secs() + QUEUE_KEEPS.as_secs());

/// Pause between two rounds; with nothing to delete a round is an indexed read for each
/// area, and one of the archive.
pub const PAUSE: Duration = Duration::from_secs(60);

/// Rows of one batch: locked together for milliseconds.
const BATCH: u32 = 100;

/// Pause between two batches, so that a ledger that was never purged is not kept busy: a
/// hundred rows a second are eight million a day.
const BREATH: Duration = Duration::from_secs(1);

/// Between two signs of life: the pause, or one batch: two calls of the ledger (4 s each)
/// and a hundred reads of a few milliseconds, or one of 10 s after which the round ends.
pub const TURN_DEADLINE: Duration = Duration::from_secs(60);

const NOT_ALL: &str = "old rows of the ledger were not all deleted";

/// What is purged, and who says what still lives.
pub struct Purge {
    /// The ledger.
    pub store: Store,
    /// The cluster.
    pub client: Client,
    /// Whose attempts: one ledger may serve many controllers, each with areas of its own.
    pub areas: Vec<Area>,
}

/// Purges until shutdown, while `leads` says that this process should.
pub async fn run(
    purge: Purge,
    leads: impl Fn() -> bool,
    pulse: Pulse,
    shutdown: CancellationToken,
) {
    while !shutdown.is_cancelled() {
        if leads()
            && let Err(error) = purge.round(&pulse, &shutdown).await
        {
            tracing::warn!(%error, "{NOT_ALL}");
        }
        pulse.beat();
        shutdown
            .run_until_cancelled(tokio::time::sleep(PAUSE))
            .await;
    }
}

impl Purge {
    /// One round over everything old, area by area: one that does not answer keeps the rows
    /// of no other.
    ///
    /// # Errors
    /// [`StoreError`]; what was deleted until then is gone.
    pub async fn round(&self, pulse: &Pulse, stop: &CancellationToken) -> Result<(), StoreError> {
        let mut attempts = 0;
        for area in &self.areas {
            let purged = self.attempts(area, pulse, stop).await;
            attempts += areas::settle(area, purged, NOT_ALL)?.unwrap_or_default();
            pulse.beat();
        }
        let archived = self.archive(pulse, stop).await?;
        if attempts + archived > 0 {
            tracing::info!(attempts, archived, "deleted old rows of the ledger");
        }
        Ok(())
    }

    async fn attempts(
        &self,
        area: &Area,
        pulse: &Pulse,
        stop: &CancellationToken,
    ) -> Result<u64, AreaError> {
        let namespace = area.namespace();
        let mut purged = 0;
        let mut last: Option<OldAttempt> = None;
        loop {
            let page = self
                .store
                .old_attempts(namespace, ATTEMPTS_KEPT, last.as_ref(), BATCH)
                .await?;
            purged += self.batch(&page).await?;
            pulse.beat();
            // Keys only rise, so this ends where the ledger does.
            last = page.into_iter().last();
            if last.is_none() || breathe(stop).await {
                return Ok(purged);
            }
        }
    }

    /// Deletes those whose object is gone. Whatever object has the name now: an object of
    /// the same request needs the rows to know that it is not the first.
    async fn batch(&self, page: &[OldAttempt]) -> Result<u64, AreaError> {
        let mut gone = Vec::new();
        for row in page {
            let requests: Api<RestockRequest> =
                Api::namespaced(self.client.clone(), &row.namespace);
            if cluster::get(&requests, &row.name).await?.is_none() {
                gone.push(row);
            }
        }
        match gone.is_empty() {
            true => Ok(0),
            false => Ok(self.store.purge_attempts(&gone).await?),
        }
    }

    async fn archive(&self, pulse: &Pulse, stop: &CancellationToken) -> Result<u64, StoreError> {
        let delete = || self.store.purge_archive(ARCHIVE_KEPT, BATCH);
        purging::round(pulse, stop, BREATH, delete).await
    }
}

/// Pauses between two batches; whether it is time to stop.
async fn breathe(stop: &CancellationToken) -> bool {
    stop.run_until_cancelled(tokio::time::sleep(BREATH))
        .await
        .is_none()
}
