//! What the dlq role measures.

use crate::process::metrics::Registry;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

/// The metrics of this role; clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Metrics {
    /// Messages in the dead-letter queue, by its own approximate count.
    pub(super) depth: Gauge,
    /// Age of the oldest message met in the last sweep, in seconds.
    pub(super) oldest_age: Gauge,
    /// Dead letters that the operations team was told of.
    pub(super) told: Counter,
    /// Turns that could not be completed.
    pub(super) failures: Counter,
}

impl Metrics {
    pub(super) fn register(registry: &Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "restock_dlq_depth_messages",
            "Messages in the dead-letter queue",
            metrics.depth.clone(),
        );
        registry.register(
            "restock_dlq_oldest_message_age_seconds",
            "Age of the oldest dead letter, since it was first sent; 0 without any",
            metrics.oldest_age.clone(),
        );
        registry.register(
            "restock_dlq_told_messages",
            "Dead letters that the operations team was told of",
            metrics.told.clone(),
        );
        registry.register(
            "restock_dlq_failed_turns",
            "Turns of the role that could not be completed",
            metrics.failures.clone(),
        );
        metrics
    }
}
