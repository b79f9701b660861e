//! The only place that reads a clock.

use crate::domain::time::Time;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The wall clock of this machine.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads this clock"
)]
pub fn now() -> Time {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Time::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}

/// Time since this machine started, suspended time included: what a process must go by
/// that asks how old its own intent is. Unlike the wall clock nobody can set it.
pub fn since_boot() -> Duration {
    let boot = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = u64::try_from(boot.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(boot.tv_nsec).unwrap_or_default())
}
