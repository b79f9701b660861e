//! Deletes from the outbox what was sent long ago: rows that the relay has the last word on.

use crate::edge::store::Store;
use crate::process::{Process, purging};
use std::time::Duration;

/// How long a message is kept after it was sent: time to ask what became of a sale.
const SENT_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Rows of one batch: locked together for milliseconds.
const BATCH: u32 = 100;

/// Pause between two batches. Faster than sales come: five hundred rows a second are forty
/// million a day.
const BREATH: Duration = Duration::from_millis(200);

/// Purges until shutdown.
pub(super) async fn run(store: Store, process: Process) {
    let delete = || store.purge_outbox(SENT_KEPT, BATCH);
    purging::run(&process, "outbox", BREATH, delete).await;
}
