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

/// How long a version that this process wrote is waited for in the watch: it comes within
/// milliseconds, and after a restore of the cluster it never comes.
const WATCH_LAG_MAX: Duration = Duration::from_secs(10);

/// Memory of one process, by the object's uid.
#[derive(Default)]
pub(super) struct Memory {
    objects: Mutex<HashMap<String, Remembered>>,
    written: Mutex<HashMap<String, Written>>,
}

/// What this process wrote last, until the watch brings it.
struct Written {
    version: u64,
    at: Duration,
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

    /// The objects that something is remembered of.
    pub(super) fn remembered(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    /// Notes that this version of the object is ours.
    pub(super) fn wrote(&self, uid: &str, version: &str) {
        let mut written = self.written();
        let at = clock::since_boot();
        if written.len() >= OBJECTS_MAX {
            written.retain(|_, note| at.saturating_sub(note.at) < WATCH_LAG_MAX);
        }
        // Versions are numbers, and rise: Kubernetes, "Resource versions", since 1.35.
        if let (Ok(version), true) = (version.parse(), written.len() < OBJECTS_MAX) {
            written.insert(uid.to_owned(), Written { version, at });
        }
    }

    /// Whether the object is older than what this process wrote: to decide on it would
    /// cost a ledger read and a write that can only end as a conflict.
    pub(super) fn is_outdated(&self, uid: &str, version: &str) -> bool {
        let mut written = self.written();
        let Some(note) = written.get(uid) else {
            return false;
        };
        let late = clock::since_boot().saturating_sub(note.at) >= WATCH_LAG_MAX;
        let older = version
            .parse::<u64>()
            .is_ok_and(|version| version < note.version);
        if late || !older {
            written.remove(uid);
            return false;
        }
        true
    }

    fn written(&self) -> MutexGuard<'_, HashMap<String, Written>> {
        // As below.
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_version_before_our_own_is_outdated() {
        let memory = Memory::default();
        assert!(!memory.is_outdated("a", "7"), "nothing was written");
        memory.wrote("a", "9");
        assert!(memory.is_outdated("a", "7"));
        assert!(!memory.is_outdated("b", "7"), "another object");
        assert!(!memory.is_outdated("a", "9"), "the watch has caught up");
        assert!(!memory.is_outdated("a", "7"), "and is trusted from then on");
        memory.wrote("a", "not a number");
        assert!(!memory.is_outdated("a", "7"));
    }
}
