//! A waiting line: the oldest request comes first.

use crate::domain::time::Time;
use std::collections::BTreeMap;
use std::time::Duration;

/// A waiting request that did not ask for this long is no longer waited for: it was
/// deleted or suspended. Three of its longest pauses.
const WAITER_GONE_AFTER: Duration = Duration::from_secs(90);

/// Places in line that are told apart; further back it is simply long.
const COUNTED_MAX: usize = 1_000;

/// Who waits: when its request was created, and the uid of its object.
pub(super) type Waiter = (Time, String);

/// Who waits, oldest first, and when each last asked. Time is since boot.
#[derive(Default)]
pub(super) struct Line(BTreeMap<Waiter, Duration>);

impl Line {
    /// Stands in line, or still does.
    pub(super) fn join(&mut self, waiter: &Waiter, now: Duration) {
        self.0.insert(waiter.clone(), now);
    }

    /// Goes away.
    pub(super) fn leave(&mut self, waiter: &Waiter) {
        self.0.remove(waiter);
    }

    /// How many stand before it, as far as they are counted.
    pub(super) fn ahead_of(&self, waiter: &Waiter) -> u32 {
        let older = self.0.keys().take(COUNTED_MAX);
        let ahead = older.take_while(|other| *other != waiter).count();
        u32::try_from(ahead).unwrap_or(u32::MAX)
    }

    /// Forgets those who are gone; says whether anybody is left.
    pub(super) fn tidy(&mut self, now: Duration) -> bool {
        self.0
            .retain(|_, asked| now.saturating_sub(*asked) < WAITER_GONE_AFTER);
        !self.0.is_empty()
    }
}
