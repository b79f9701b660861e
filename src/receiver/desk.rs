//! What every callback needs at hand.

use crate::domain::arrival::{Claims, TokenError};
use crate::domain::time::Time;
use crate::edge::sqs::Queue;
use crate::edge::store::Store;
use crate::process::Process;
use crate::process::callback_keys::CallbackKeys;
use crate::process::trouble::Trouble;
use crate::receiver::metrics::Metrics;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Callbacks that are kept in memory while neither ledger nor inbox takes them. Each is
/// about 2 KiB (the body is reduced to a digest), so all together stay below 1 MiB.
const HELD_MAX: usize = 256;

/// The role's neighbours and its own state.
pub(super) struct Desk {
    pub(super) store: Store,
    pub(super) inbox: Queue,
    pub(super) keys: Arc<CallbackKeys>,
    pub(super) metrics: Metrics,
    pub(super) process: Process,
    /// With commits, and with what is parked: to be asked is not to be able.
    pub(super) commits: Trouble,
    pub(super) parks: Trouble,
    /// One permit for each callback that is held in memory.
    pub(super) held: Semaphore,
    /// Cancelled when the last connection is done: what is held then has no more time.
    pub(super) closed: CancellationToken,
}

impl Desk {
    pub(super) fn new(
        store: Store,
        inbox: Queue,
        keys: Arc<CallbackKeys>,
        metrics: Metrics,
        process: Process,
    ) -> Self {
        let held = Semaphore::new(HELD_MAX);
        let closed = CancellationToken::new();
        Self {
            store,
            inbox,
            keys,
            metrics,
            process,
            commits: Trouble::default(),
            parks: Trouble::default(),
            held,
            closed,
        }
    }

    /// The claims of a callback path; an unknown key id is worth a look at the file.
    pub(super) async fn claims(&self, path: &str, now: Time) -> Result<Claims, TokenError> {
        match self.keys.ring().verify_path(path, now) {
            Err(TokenError::UnknownKey) => {
                self.keys.refresh().await;
                self.keys.ring().verify_path(path, now)
            }
            other => other,
        }
    }
}
