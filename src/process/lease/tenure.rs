//! Who may lead, and until when: by this machine's monotonic clock alone, because the
//! times in a lease are those of another machine.

use std::time::Duration;
use tokio::time::Instant;

/// A leader stops that long after the last renewal *began*: 5 s before others may start.
const RENEW_DEADLINE: Duration = Duration::from_secs(10);

/// A lease written by another version may name another duration; more than this would
/// keep everybody waiting for a mistake.
const DURATION_MAX: Duration = Duration::from_secs(60);

/// What the lease says at one reading.
pub(super) struct Reading<'a> {
    /// Empty when it was handed back.
    pub(super) holder: &'a str,
    /// Changes with every renewal.
    pub(super) version: &'a str,
    /// How long the holder wants to be believed.
    pub(super) duration: Duration,
}

/// What one candidate remembers.
#[derive(Default)]
pub(super) struct Tenure {
    renewed: Option<Instant>,
    seen: Option<(String, Instant)>,
}

impl Tenure {
    /// Whether `me` may write itself into the lease: it is free, mine, or its holder has
    /// not renewed it for its whole duration under our own eyes.
    pub(super) fn may_take(&mut self, reading: &Reading<'_>, me: &str, now: Instant) -> bool {
        if reading.holder.is_empty() || reading.holder == me {
            return true;
        }
        match &self.seen {
            Some((version, since)) if version == reading.version => {
                now.duration_since(*since) > reading.duration.min(DURATION_MAX)
            }
            _ => {
                self.seen = Some((reading.version.to_owned(), now));
                false
            }
        }
    }

    /// The lease was written; `began` is when that call began, because others may count
    /// from any moment after it.
    pub(super) fn renew(&mut self, began: Instant) {
        self.renewed = Some(began);
    }

    /// Another holds the lease, or it was handed back.
    pub(super) fn end(&mut self) {
        self.renewed = None;
    }

    /// When leadership ends unless it is renewed; `None` when there is none, or none any
    /// more.
    pub(super) fn leads_until(&self, now: Instant) -> Option<Instant> {
        let deadline = self.renewed.map(|began| began + RENEW_DEADLINE);
        deadline.filter(|deadline| now < *deadline)
    }

    /// Whether this candidate leads, with no network at all.
    pub(super) fn leads(&self, now: Instant) -> bool {
        self.leads_until(now).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DURATION: Duration = Duration::from_secs(15);

    fn reading<'a>(holder: &'a str, version: &'a str) -> Reading<'a> {
        Reading {
            holder,
            version,
            duration: DURATION,
        }
    }

    #[test]
    fn a_free_lease_and_ones_own_are_taken_at_once() {
        let now = Instant::now();
        assert!(Tenure::default().may_take(&reading("", "1"), "me", now));
        assert!(Tenure::default().may_take(&reading("me", "1"), "me", now));
    }

    #[test]
    fn another_holder_is_believed_for_its_duration_from_our_first_sight() {
        let (mut tenure, start) = (Tenure::default(), Instant::now());
        assert!(!tenure.may_take(&reading("other", "1"), "me", start));
        assert!(!tenure.may_take(&reading("other", "1"), "me", start + DURATION));
        let after = start + DURATION + Duration::from_millis(1);
        assert!(tenure.may_take(&reading("other", "1"), "me", after));
    }

    #[test]
    fn every_renewal_of_another_starts_the_wait_again() {
        let (mut tenure, start) = (Tenure::default(), Instant::now());
        assert!(!tenure.may_take(&reading("other", "1"), "me", start));
        assert!(!tenure.may_take(&reading("other", "2"), "me", start + 2 * DURATION));
        assert!(!tenure.may_take(&reading("other", "2"), "me", start + 3 * DURATION));
        assert!(tenure.may_take(&reading("other", "2"), "me", start + 4 * DURATION));
    }

    #[test]
    fn an_absurd_duration_is_capped() {
        let (mut tenure, start) = (Tenure::default(), Instant::now());
        let for_ever = Reading {
            holder: "other",
            version: "1",
            duration: Duration::MAX,
        };
        assert!(!tenure.may_take(&for_ever, "me", start));
        assert!(tenure.may_take(&for_ever, "me", start + DURATION_MAX + DURATION));
    }

    #[test]
    fn leadership_ends_by_itself_before_others_may_start() {
        let (mut tenure, start) = (Tenure::default(), Instant::now());
        assert!(
            !tenure.leads(start),
            "nobody leads before the first renewal"
        );
        tenure.renew(start);
        assert!(tenure.leads(start + RENEW_DEADLINE - Duration::from_millis(1)));
        assert!(!tenure.leads(start + RENEW_DEADLINE));
        assert!(RENEW_DEADLINE < DURATION);
        tenure.renew(start + RENEW_DEADLINE);
        assert!(tenure.leads(start + RENEW_DEADLINE));
        tenure.end();
        assert!(!tenure.leads(start + RENEW_DEADLINE));
    }
}
