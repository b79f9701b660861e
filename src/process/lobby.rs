//! Who may have a connection: so many at once, and under pressure not those that only
//! sit there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// The open connections.
pub struct Lobby {
    slots: Arc<Semaphore>,
    next_id: AtomicU64,
    /// Connections whose next request has not come yet, longest silent first.
    silent: Mutex<BTreeMap<u64, CancellationToken>>,
}

/// One connection's place; dropping it frees the place.
pub struct Visit {
    lobby: Arc<Lobby>,
    /// Its place among the silent: a later one each time that it falls silent.
    id: AtomicU64,
    shown_out: CancellationToken,
    _slot: OwnedSemaphorePermit,
}

impl Lobby {
    /// So many places.
    pub fn new(connections_max: usize) -> Arc<Self> {
        Arc::new(Self {
            slots: Arc::new(Semaphore::new(connections_max)),
            next_id: AtomicU64::new(0),
            silent: Mutex::default(),
        })
    }

    /// A place for a new connection. When all are taken, the connection that has been
    /// silent for longest has to go: who has something to ask asks it at once, and a
    /// factory that has found no place does not come back.
    pub async fn enter(self: &Arc<Self>) -> Visit {
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
        let visit = Visit {
            lobby: Arc::clone(self),
            id: AtomicU64::default(),
            shown_out: CancellationToken::new(),
            _slot: slot,
        };
        visit.fell_silent();
        visit
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
    pub fn spoke(&self) {
        self.lobby.silent().remove(&self.id.load(Ordering::Relaxed));
    }

    /// It was answered, and may ask again.
    pub fn fell_silent(&self) {
        let id = self.lobby.next_id.fetch_add(1, Ordering::Relaxed);
        self.id.store(id, Ordering::Relaxed);
        self.lobby.silent().insert(id, self.shown_out.clone());
    }

    /// Ends when this connection has to go.
    pub async fn shown_out(&self) {
        self.shown_out.cancelled().await;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.spoke();
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
        served.fell_silent();
        lobby.show_out_the_oldest();
        assert!(younger.shown_out().now_or_never().is_some());
        assert!(served.shown_out().now_or_never().is_none(), "heard last");

        drop(oldest);
        let newcomer = newcomer.await;
        drop((served, younger, newcomer));
        assert_eq!(lobby.slots.available_permits(), 3);
        assert!(lobby.silent().is_empty());
    }
}
