//! What last went wrong with a neighbour that answers questions and may yet take nothing:
//! a ledger that only reads, an inbox that we may not send to.

use crate::domain::time::Time;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a failure is believed without another one. What failed is tried again every
/// 15 s or sooner, so this lasts as long as the trouble; an old failure must not make a role
/// not ready that could do its work.
const BELIEVED_FOR: Duration = Duration::from_secs(60);

/// The last failure, until a success.
#[derive(Default)]
pub struct Trouble {
    last: Mutex<Option<(Time, String)>>,
}

impl Trouble {
    /// It failed, and why; or it went well.
    pub fn note(&self, failure: Option<&str>, now: Time) {
        *self.last() = failure.map(|why| (now, why.to_owned()));
    }

    /// Why it would fail now, as far as is known.
    pub fn at(&self, now: Time) -> Option<String> {
        let believed = |(at, _): &(Time, String)| now.since(*at) < BELIEVED_FOR;
        self.last().clone().filter(believed).map(|(_, why)| why)
    }

    fn last(&self) -> MutexGuard<'_, Option<(Time, String)>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_counts_until_a_success_or_for_a_while() {
        let trouble = Trouble::default();
        let now = Time::from_micros(1_000_000);
        assert_eq!(trouble.at(now), None);
        trouble.note(Some("read-only"), now);
        assert_eq!(trouble.at(now).as_deref(), Some("read-only"));
        assert_eq!(trouble.at(now + BELIEVED_FOR), None);
        trouble.note(None, now);
        assert_eq!(trouble.at(now), None);
    }
}
