//! What the dlq role measures.

use super::present::Present;
use crate::intake::Cause;
use crate::process::clock;
use crate::process::metrics::Registry;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    reason: Cause,
}

/// The metrics of this role; clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Metrics {
    /// Messages in the dead-letter queue, by its own approximate count.
    pub(super) depth: Gauge,
    letters: Family<Labels, Gauge>,
    oldest_age: Gauge,
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
            "restock_dlq_letters",
            "Dead letters that were looked at and are still there, by why they died",
            metrics.letters.clone(),
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
        metrics.show(&Present::default());
        metrics
    }

    /// What is in the queue.
    pub(super) fn show(&self, present: &Present) {
        for reason in Cause::ALL {
            let letters = self.letters.get_or_create(&Labels { reason });
            letters.set(i64::try_from(present.count(reason)).unwrap_or(i64::MAX));
        }
        let oldest = present.oldest().map(|sent_at| clock::now().since(sent_at));
        let age = oldest.unwrap_or_default().as_secs();
        self.oldest_age.set(i64::try_from(age).unwrap_or(i64::MAX));
    }
}
