//! Deletes what was kept long enough, in small batches, for as long as a process lives.

use super::Process;
use super::health::Pulse;
use std::fmt::Display;
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Pause between two rounds; with nothing to delete a round is one indexed read.
const PAUSE: Duration = Duration::from_secs(60);

/// Between two signs of life: the pause, or a batch of some seconds.
const TURN_DEADLINE: Duration = Duration::from_secs(60);

/// Deletes batch after batch until none is left, again and again until shutdown. `rows` is what
/// people call them, and `breath` the pause after a batch, so that a ledger that was never
/// purged is not kept busy; `delete` answers how many it deleted.
pub async fn run<E: Display, Deleting>(
    process: &Process,
    rows: &'static str,
    breath: Duration,
    delete: impl Fn() -> Deleting,
) where
    Deleting: Future<Output = Result<u64, E>>,
{
    let pulse = process.health.pulse("purge", TURN_DEADLINE);
    let shutdown = &process.shutdown;
    while !shutdown.is_cancelled() {
        match round(&pulse, shutdown, breath, &delete).await {
            Ok(0) => {}
            Ok(deleted) => tracing::info!(rows, deleted, "deleted old rows of the ledger"),
            Err(error) => {
                tracing::warn!(rows, %error, "old rows of the ledger were not all deleted");
            }
        }
        pulse.beat();
        shutdown.run_until_cancelled(sleep(PAUSE)).await;
    }
}

/// Deletes until nothing old is left, or it is time to stop; how many.
///
/// # Errors
/// Those of `delete`; what was deleted until then is gone.
pub async fn round<E, Deleting>(
    pulse: &Pulse,
    stop: &CancellationToken,
    breath: Duration,
    delete: impl Fn() -> Deleting,
) -> Result<u64, E>
where
    Deleting: Future<Output = Result<u64, E>>,
{
    let mut deleted = 0;
    loop {
        let batch = delete().await?;
        deleted += batch;
        pulse.beat();
        if batch == 0 || stop.run_until_cancelled(sleep(breath)).await.is_none() {
            return Ok(deleted);
        }
    }
}
