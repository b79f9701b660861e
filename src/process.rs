//! How a process of this software lives: arguments, clock, telemetry, health, shutdown.

pub mod clock;
pub mod health;

use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What every role is given: the means to say how it is, and to hear when to stop.
pub struct Process {
    /// Readiness and liveness of this role.
    pub health: health::Health,
    /// Cancelled at the first SIGTERM or SIGINT.
    pub shutdown: CancellationToken,
    /// Tasks whose end the process waits for.
    pub tasks: TaskTracker,
    /// Where the role registers its metrics before it starts.
    pub registry: Registry,
}
