//! The circuit breaker: after a run of failures nothing is sent for a while, then one
//! order tries.

use crate::domain::progress::Answer;
use std::time::Duration;

/// Failures in a row that open it: five of 10 s each are most of a minute lost already.
pub(super) const FAILURES_TO_OPEN: u32 = 5;

/// How long it stays open before one order tries.
pub(super) const OPEN_FOR: Duration = Duration::from_secs(30);

/// Whether orders go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::controller) enum Breaker {
    /// Yes.
    Closed,
    /// None does.
    Open,
    /// One does, to try.
    HalfOpen,
}

/// The breaker's memory. Time is an argument: since boot.
#[derive(Clone, Debug, Default)]
pub(super) struct Switch {
    failures: u32,
    opened_at: Option<Duration>,
    probing: bool,
}

impl Switch {
    /// How it stands.
    pub(super) fn state(&self, now: Duration) -> Breaker {
        match self.opened_at {
            None => Breaker::Closed,
            Some(at) if now.saturating_sub(at) < OPEN_FOR => Breaker::Open,
            Some(_) => Breaker::HalfOpen,
        }
    }

    /// For how long nothing goes through; none if an order may go now.
    pub(super) fn closed_for(&self, now: Duration) -> Option<Duration> {
        match (self.state(now), self.opened_at) {
            (Breaker::Open, Some(at)) => Some((at + OPEN_FOR).saturating_sub(now)),
            // The probe's own answer decides, within the time-outs of one order.
            (Breaker::HalfOpen, _) if self.probing => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// An order goes through; while half open it is the one that tries.
    pub(super) fn probe(&mut self) {
        self.probing = self.opened_at.is_some();
    }

    /// The order that was to try was not sent.
    pub(super) fn not_probed(&mut self) {
        self.probing = false;
    }

    /// What an order came to. A refusal, and being asked to wait, are answers of a factory
    /// that works.
    pub(super) fn report(&mut self, answer: &Answer, now: Duration) {
        self.probing = false;
        match answer {
            Answer::NotSent(_) | Answer::InDoubt(_) => {
                self.failures += 1;
                if self.failures >= FAILURES_TO_OPEN {
                    self.opened_at = Some(now);
                }
            }
            Answer::Placed { .. } | Answer::Refused { .. } | Answer::Throttled { .. } => {
                self.failures = 0;
                self.opened_at = None;
            }
        }
    }
}
