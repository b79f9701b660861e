//! The limits that a pass decides by.

use std::time::Duration;

/// What to do when a callback is overdue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnOverdue {
    /// End and tell.
    #[default]
    Fail,
    /// Order again while attempts are left.
    Reorder,
}

/// Every limit that a decision depends on: the Factory's and the process's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Attempts that may have cost an order, over the request's whole life.
    pub max_attempts: u32,
    /// What follows an overdue callback.
    pub on_overdue: OnOverdue,
    /// From the announcement of an attempt to an overdue callback.
    pub callback_deadline: Duration,
    /// Budget of one series of back-offs.
    pub retry_for: Duration,
    /// After this long in one phase a request counts as delayed.
    pub delayed_after: Duration,
    /// How long a pass leaves a Placing alone that it did not begin.
    pub guard_time: Duration,
    /// How long a misconfigured Factory may be mended before requests fail.
    pub factory_grace: Duration,
    /// How long the ledger must have answered before an overdue verdict.
    pub ledger_settle: Duration,
    /// How long after the deadline a verdict waits for an empty inbox.
    pub inbox_grace: Duration,
}

impl Default for Policy {
    /// The defaults of design and CRD.
    fn default() -> Self {
        const MINUTE: u64 = 60;
        Self {
            max_attempts: 1,
            on_overdue: OnOverdue::Fail,
            callback_deadline: Duration::from_secs(5 * MINUTE),
            retry_for: Duration::from_secs(6 * 60 * MINUTE),
            delayed_after: Duration::from_secs(15 * MINUTE),
            // Above connect (3 s) + total (10 s) of a POST, its 5 s head start and a
            // status write (10 s), with room: economy, the fence row is the safety.
            guard_time: Duration::from_secs(45),
            factory_grace: Duration::from_secs(10 * MINUTE),
            ledger_settle: Duration::from_secs(2 * MINUTE),
            inbox_grace: Duration::from_secs(10 * MINUTE),
        }
    }
}
