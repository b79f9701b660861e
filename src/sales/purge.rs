//! Deletes the answers that were kept long enough, the rows that this role writes and that
//! are not kept for ever.

use super::shop::Shop;
use crate::process::purging;
use std::sync::Arc;
use std::time::Duration;

/// How long a repeat gets the same answer.
const ANSWERS_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Rows of one batch: locked together for milliseconds.
const BATCH: u32 = 1_000;

/// Pause between two batches. A thousand rows a second are 86 million a day: more than are
/// sold.
const BREATH: Duration = Duration::from_secs(1);

/// Purges until shutdown.
pub(super) async fn run(shop: Arc<Shop>) {
    let delete = || shop.store.purge_answers(ANSWERS_KEPT, BATCH);
    purging::run(&shop.process, "answers", BREATH, delete).await;
}
