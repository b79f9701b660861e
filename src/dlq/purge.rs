//! Deletes what is known of letters that have left the queue long ago.

use crate::edge::store::Store;
use crate::process::{Process, purging};
use std::time::Duration;

/// How long a letter is known after it was last met: a queue keeps it for two weeks at most, and for
/// as long again each time that it is moved. One that dies after that is no longer told as again.
const LETTERS_KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Rows of one batch: locked together for milliseconds.
const BATCH: u32 = 100;

/// Pause between two batches. Faster than letters come: a look meets a thousand.
const BREATH: Duration = Duration::from_millis(200);

/// Purges until shutdown.
pub(super) async fn run(store: Store, process: Process) {
    let delete = || store.purge_dead_letters(LETTERS_KEPT, BATCH);
    purging::run(&process, "dead letters", BREATH, delete).await;
}
