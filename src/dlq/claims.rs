//! Letters that this process is telling are its own while it lives: what it holds is renewed,
//! whatever its turns are waiting for, and is free soon after its death.

use crate::edge::store::Store;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long claimed letters are ours without a word: after so long, another process tells those of
/// one that was killed.
pub(super) const HOLD: Duration = Duration::from_secs(120);

/// Between two renewals: with six seconds for a call that fails, three in a row may, as in a failover
/// of the ledger.
const RENEWED_EVERY: Duration = Duration::from_secs(20);

/// Those of this process: no more than the notices that it has on their way.
#[derive(Clone, Default)]
pub(super) struct Claims {
    claimants: Arc<Mutex<BTreeSet<String>>>,
}

/// One of them, renewed until it is dropped.
pub(super) struct Claim {
    pub(super) claimant: String,
    of: Claims,
}

impl Claims {
    pub(super) fn hold(&self, claimant: String) -> Claim {
        self.lock().insert(claimant.clone());
        Claim {
            claimant,
            of: self.clone(),
        }
    }

    /// Renews them until shutdown.
    pub(super) async fn keep(self, store: Store, shutdown: CancellationToken) {
        loop {
            let pause = tokio::time::sleep(RENEWED_EVERY);
            if shutdown.run_until_cancelled(pause).await.is_none() {
                return;
            }
            let held = self.lock().clone();
            for claimant in held {
                if let Err(why) = store.renew_claim(&claimant, HOLD).await {
                    tracing::warn!(%why, "a claim on dead letters was not renewed");
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        // Every change is one call on the set: a panic cannot leave it half done.
        self.claimants
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.of.lock().remove(&self.claimant);
    }
}
