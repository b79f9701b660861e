//! Who may have a connection: so many at once, and under pressure not those that only
//! sit there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// The open connections.
pub struct Lobby {
    slots: Arc<Semaphore>,
    next_id: AtomicU64,
    floor: Mutex<Floor>,
}

/// Who could make room.
#[derive(Default)]
struct Floor {
    /// Connections whose next request has not come yet, longest silent first.
    silent: BTreeMap<u64, CancellationToken>,
    /// A newcomer waits, and there was nobody to be shown out for it.
    is_wanted: bool,
}

/// One connection's place; dropping it frees the place.
pub struct Visit {
    lobby: Arc<Lobby>,
    /// Its place among the silent: a later one each time that it falls silent.
    id: AtomicU64,
    /// Whether it is being served.
    speaks: AtomicBool,
    shown_out: CancellationToken,
    _slot: OwnedSemaphorePermit,
}

impl Lobby {
    /// So many places.
    pub fn new(connections_max: usize) -> Arc<Self> {
        Arc::new(Self {
            slots: Arc::new(Semaphore::new(connections_max)),
            next_id: AtomicU64::new(0),
            floor: Mutex::default(),
        })
    }

    /// A place for a new connection. When all are taken, the connection that has been
    /// silent for longest has to go, or if all are being served the one that is answered first:
    /// who has something to ask asks it at once, and a factory that has found no place does not
    /// come back.
    pub async fn enter(self: &Arc<Self>) -> Visit {
        let slots = Arc::clone(&self.slots);
        let slot = match Arc::clone(&slots).try_acquire_owned() {
            Ok(slot) => slot,
            Err(_) => {
                self.floor().make_room();
                let slot = slots.acquire_owned().await;
                self.floor().is_wanted = false;
                slot.expect("the semaphore is never closed")
            }
        };
        let visit = Visit {
            lobby: Arc::clone(self),
            id: AtomicU64::default(),
            speaks: AtomicBool::new(false),
            shown_out: CancellationToken::new(),
            _slot: slot,
        };
        visit.sit_down(&mut self.floor());
        visit
    }

    fn floor(&self) -> MutexGuard<'_, Floor> {
        // Each change of the map is one call: a panic cannot leave it half done.
        self.floor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Floor {
    fn make_room(&mut self) {
        match self.silent.pop_first() {
            Some((_, oldest)) => oldest.cancel(),
            None => self.is_wanted = true,
        }
    }
}

impl Visit {
    /// The request has come: from now on this connection is served to its end. If it was just
    /// shown out, another one has to go in its stead.
    pub fn spoke(&self) {
        self.speaks.store(true, Ordering::Relaxed);
        let mut floor = self.lobby.floor();
        if !self.stand_up(&mut floor) && self.shown_out.is_cancelled() {
            floor.make_room();
        }
    }

    /// It was answered, and may ask again: not if its place is wanted. Then this was its last
    /// answer.
    #[must_use]
    pub fn may_stay(&self) -> bool {
        self.speaks.store(false, Ordering::Relaxed);
        let mut floor = self.lobby.floor();
        if self.shown_out.is_cancelled() || std::mem::take(&mut floor.is_wanted) {
            return false;
        }
        self.sit_down(&mut floor);
        true
    }

    /// Ends when this connection has to go.
    pub async fn shown_out(&self) {
        self.shown_out.cancelled().await;
    }

    /// Whether its request is being served.
    pub fn speaks(&self) -> bool {
        self.speaks.load(Ordering::Relaxed)
    }

    fn sit_down(&self, floor: &mut Floor) {
        let id = self.lobby.next_id.fetch_add(1, Ordering::Relaxed);
        self.id.store(id, Ordering::Relaxed);
        floor.silent.insert(id, self.shown_out.clone());
    }

    fn stand_up(&self, floor: &mut Floor) -> bool {
        let id = self.id.load(Ordering::Relaxed);
        floor.silent.remove(&id).is_some()
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.stand_up(&mut self.lobby.floor());
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
        assert!(served.may_stay());
        lobby.floor().make_room();
        assert!(younger.shown_out().now_or_never().is_some());
        assert!(served.shown_out().now_or_never().is_none(), "heard last");

        drop(oldest);
        let newcomer = newcomer.await;
        drop((served, younger, newcomer));
        assert_eq!(lobby.slots.available_permits(), 3);
        assert!(lobby.floor().silent.is_empty());
    }

    #[tokio::test]
    async fn where_all_are_served_the_first_that_is_answered_makes_room() {
        let lobby = Lobby::new(2);
        let (one, other) = (lobby.enter().await, lobby.enter().await);
        one.spoke();
        other.spoke();
        let mut newcomer = Box::pin(lobby.enter());
        assert!((&mut newcomer).now_or_never().is_none(), "no place yet");
        assert!(!one.may_stay());
        assert!(other.may_stay(), "one place is enough");
        drop(one);
        let newcomer = newcomer.await;
        newcomer.spoke();
        assert!(newcomer.may_stay(), "nobody waits any more");
    }

    #[tokio::test]
    async fn one_that_speaks_while_it_is_shown_out_is_served_and_another_one_goes() {
        let lobby = Lobby::new(2);
        let (late, other) = (lobby.enter().await, lobby.enter().await);
        let mut newcomer = Box::pin(lobby.enter());
        assert!((&mut newcomer).now_or_never().is_none(), "no place yet");
        assert!(late.shown_out().now_or_never().is_some());
        late.spoke();
        assert!(late.speaks());
        assert!(other.shown_out().now_or_never().is_some());
        assert!(!late.may_stay(), "it was told to go");
        assert!(!late.speaks());
        drop(other);
        newcomer.await;
    }
}
