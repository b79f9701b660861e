//! What one controller process remembers between passes: never more than it can afford to
//! lose, for another process knows nothing of it.

use crate::domain::order::Nonce;
use crate::domain::progress::Answer;
use crate::process::clock;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Objects remembered at a time. Only those in Placing are, and `maxInFlight` of all
/// Factories bounds those far below; past it the oldest knowledge is simply not kept.
const OBJECTS_MAX: usize = 20_000;

/// Memory of one process, by the object's uid.
#[derive(Default)]
pub(super) struct Memory {
    objects: Mutex<HashMap<String, Remembered>>,
}

#[derive(Clone, Debug)]
struct Remembered {
    nonce: Nonce,
    first_seen: Duration,
    answer: Option<Answer>,
}

impl Memory {
    /// How long this process has seen the object in Placing with this nonce.
    pub(super) fn placing_seen_for(&self, uid: &str, nonce: &Nonce) -> Duration {
        let now = clock::since_boot();
        let mut objects = self.lock();
        match objects.get(uid) {
            Some(known) if known.nonce == *nonce => now.saturating_sub(known.first_seen),
            _ => {
                remember(&mut objects, uid, Remembered::new(nonce, None));
                Duration::ZERO
            }
        }
    }

    /// The answer to our own POST under this nonce that is not recorded yet.
    pub(super) fn answer(&self, uid: &str, nonce: &Nonce) -> Option<Answer> {
        let objects = self.lock();
        let known = objects.get(uid).filter(|known| known.nonce == *nonce)?;
        known.answer.clone()
    }

    /// Holds an answer that could not be recorded.
    pub(super) fn hold(&self, uid: &str, nonce: &Nonce, answer: Answer) {
        remember(&mut self.lock(), uid, Remembered::new(nonce, Some(answer)));
    }

    /// Forgets the object: its attempt is settled, or it is gone.
    pub(super) fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    /// Number of answers that are not recorded yet.
    pub(super) fn held(&self) -> usize {
        self.lock()
            .values()
            .filter(|known| known.answer.is_some())
            .count()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Remembered>> {
        // No update leaves the map half done, so a panic elsewhere does not spoil it.
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remembered {
    fn new(nonce: &Nonce, answer: Option<Answer>) -> Self {
        Self {
            nonce: nonce.clone(),
            first_seen: clock::since_boot(),
            answer,
        }
    }
}

/// An answer is always kept: there are at most as many as passes at a time.
fn remember(objects: &mut HashMap<String, Remembered>, uid: &str, known: Remembered) {
    if known.answer.is_some() || objects.len() < OBJECTS_MAX || objects.contains_key(uid) {
        objects.insert(uid.to_owned(), known);
    }
}
