//! Whether the passes come to their ends: what `/livez` knows of the reconcile loop.

use crate::process::health::Pulse;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is looked at.
const PAUSE: Duration = Duration::from_secs(5);

/// Longest pass: the POST (10 s, or what its Factory sets) and some calls of the API server
/// (10 s each) and the ledger (4 s each).
pub(super) const TURN_DEADLINE: Duration = Duration::from_secs(120);

/// Counts passes.
#[derive(Default)]
pub(super) struct Turning {
    begun: AtomicU64,
    ended: AtomicU64,
}

/// A pass under way; it ends with this value, also where it is dropped half-way.
pub(super) struct Turn<'a>(&'a Turning);

impl Turning {
    /// A pass begins.
    pub(super) fn begin(&self) -> Turn<'_> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        Turn(self)
    }

    /// Beats while passes end, or none is under way, until shutdown.
    pub(super) async fn watch(&self, pulse: Pulse, shutdown: CancellationToken) {
        let mut seen = 0;
        while !shutdown.is_cancelled() {
            let ended = self.ended.load(Ordering::Relaxed);
            let idle = ended == self.begun.load(Ordering::Relaxed);
            if idle || ended != seen {
                pulse.beat();
            }
            seen = ended;
            shutdown
                .run_until_cancelled(tokio::time::sleep(PAUSE))
                .await;
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}
