//! Deletes from the outbox what was sent long ago: rows that the relay has the last word on.

use crate::edge::store::{Store, StoreError};
use crate::process::Process;
use crate::process::health::Pulse;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a message is kept after it was sent: time to ask what became of a sale.
const SENT_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Pause between two rounds; with nothing to delete a round is one indexed read.
const PAUSE: Duration = Duration::from_secs(60);

/// Rows of one batch: locked together for milliseconds.
const BATCH: u32 = 100;

/// Pause between two batches, so that a ledger that was never purged is not kept busy. Faster
/// than sales come: five hundred rows a second are forty million a day.
const BREATH: Duration = Duration::from_millis(200);

/// Between two signs of life: the pause, or a batch of 4 s.
const TURN_DEADLINE: Duration = Duration::from_secs(60);

/// Purges until shutdown.
pub(super) async fn run(store: Store, process: Process) {
    let pulse = process.health.pulse("purge", TURN_DEADLINE);
    let shutdown = &process.shutdown;
    while !shutdown.is_cancelled() {
        match round(&store, &pulse, shutdown).await {
            Ok(0) => {}
            Ok(sent) => tracing::info!(sent, "deleted old rows of the outbox"),
            Err(error) => {
                tracing::warn!(%error, "old rows of the outbox were not all deleted");
            }
        }
        pulse.beat();
        let pause = tokio::time::sleep(PAUSE);
        shutdown.run_until_cancelled(pause).await;
    }
}

async fn round(store: &Store, pulse: &Pulse, stop: &CancellationToken) -> Result<u64, StoreError> {
    let mut purged = 0;
    loop {
        let batch = store.purge_outbox(SENT_KEPT, BATCH).await?;
        purged += batch;
        pulse.beat();
        let breath = tokio::time::sleep(BREATH);
        if batch == 0 || stop.run_until_cancelled(breath).await.is_none() {
            return Ok(purged);
        }
    }
}
