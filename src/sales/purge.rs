//! Deletes the answers that were kept long enough, the rows that this role writes and that
//! are not kept for ever.

use super::shop::Shop;
use crate::edge::store::CALL_DEADLINE;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long a repeat gets the same answer.
const ANSWERS_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Pause between two batches. A thousand rows a second are 86 million a day: more than are
/// sold.
const PAUSE: Duration = Duration::from_secs(1);

/// Pause after the last one: an indexed read that finds nothing.
const REST: Duration = Duration::from_secs(60);

/// Rows of one batch: locked together for milliseconds.
const BATCH: u32 = 1_000;

/// Deletes in small batches until told to stop.
pub(super) async fn purge(shop: Arc<Shop>) {
    let pulse = shop.process.health.pulse("purge", REST + CALL_DEADLINE);
    let stop = shop.process.shutdown.clone();
    loop {
        let pause = match shop.store.purge_answers(ANSWERS_KEPT, BATCH).await {
            Ok(purged) if purged >= BATCH.into() => PAUSE,
            Ok(_) => REST,
            Err(why) => {
                tracing::warn!(%why, "old answers of the ledger were not all deleted");
                REST
            }
        };
        pulse.beat();
        if timeout(pause, stop.cancelled()).await.is_ok() {
            return;
        }
    }
}
