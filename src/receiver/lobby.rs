//! Who may have a connection: so many at once, and under pressure not those that only
//! sit there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// The open connections.
pub(super) struct Lobby {
    slots: Arc<Semaphore>,
    next_id: AtomicU64,
    /// Connections whose request has not come yet, oldest first.
    silent: Mutex<BTreeMap<u64, CancellationToken>>,
}

/// One connection's place; dropping it frees the place.
pub(super) struct Visit {
    lobby: Arc<Lobby>,
    id: u64,
    shown_out: CancellationToken,
    _slot: OwnedSemaphorePermit,
}

impl Lobby {
    pub(super) fn new(connections_max: usize) -> Arc<Self> {
        Arc::new(Self {
            slots: Arc::new(Semaphore::new(connections_max)),
            next_id: AtomicU64::new(0),
            silent: Mutex::default(),
        })
    }

    /// A place for a new connection. When all are taken, the connection that has been
    /// silent for longest has to go: a callback sends its request at once, and the
    /// factory that makes it does not come back.
    pub(super) async fn enter(self: &Arc<Self>) -> Visit {
        let slots = Arc::clone(&self.slots);
        let slot = match Arc::clone(&slots).try_acquire_owned() {
            Ok(slot) => slot,
            Err(_) => {
                self.show_out_the_oldest();
                slots
                    .acquire_owned()
                    .await
                    .expect("the semaphore is never closed")
            }
        };
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let shown_out = CancellationToken::new();
        self.silent().insert(id, shown_out.clone());
        Visit {
            lobby: Arc::clone(self),
            id,
            shown_out,
            _slot: slot,
        }
    }

    fn show_out_the_oldest(&self) {
        if let Some((_, oldest)) = self.silent().pop_first() {
            oldest.cancel();
        }
    }

    fn silent(&self) -> MutexGuard<'_, BTreeMap<u64, CancellationToken>> {
        // Every change is one call on the map: a panic cannot leave it half done.
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Visit {
    /// The request has come: from now on this connection is served to its end.
    pub(super) fn spoke(&self) {
        self.lobby.silent().remove(&self.id);
    }

    /// Ends when this connection has to go.
    pub(super) async fn shown_out(&self) {
        self.shown_out.cancelled().await;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.lobby.silent().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    #[tokio::test]
    async fn whoever_is_silent_for_longest_makes_room() {
        let lobby = Lobby::new(3);
        let served = lobby.enter().await;
        let oldest = lobby.enter().await;
        let younger = lobby.enter().await;
        served.spoke();

        let mut newcomer = Box::pin(lobby.enter());
        assert!((&mut newcomer).now_or_never().is_none(), "no place yet");
        assert!(oldest.shown_out().now_or_never().is_some());
        assert!(younger.shown_out().now_or_never().is_none());
        assert!(served.shown_out().now_or_never().is_none());

        drop(oldest);
        let newcomer = newcomer.await;
        drop((served, younger, newcomer));
        assert_eq!(lobby.slots.available_permits(), 3);
        assert!(lobby.silent().is_empty());
    }
}
