//! Readiness (named conditions, each with a reason) and liveness (loops that turn).

use std::time::Duration;

/// The health of one process; clones share it.
#[derive(Clone, Default)]
pub struct Health {}

/// One named condition of readiness; starts as not ready ("starting").
#[derive(Clone)]
pub struct Condition {}

/// The turns of one loop; `/livez` fails when none completed within 3 call deadlines.
#[derive(Clone)]
pub struct Pulse {}

impl Health {
    /// A further condition of readiness.
    pub fn condition(&self, _name: &'static str) -> Condition {
        Condition {}
    }

    /// A further loop whose turns prove life.
    pub fn pulse(&self, _name: &'static str, _call_deadline: Duration) -> Pulse {
        Pulse {}
    }
}

impl Condition {
    /// From now on this is in order.
    pub fn ready(&self) {}

    /// From now on it is not, and why, in words for people.
    pub fn not_ready(&self, _why: impl Into<String>) {}
}

impl Pulse {
    /// One turn completed, failed or not.
    pub fn beat(&self) {}
}
