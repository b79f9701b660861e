//! What ingest counts.

use crate::process::metrics::{Registry, WAIT_SECONDS, counters};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use std::time::Duration;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(super) enum Ending {
    /// Its request was created.
    Created,
    /// Its request existed.
    Duplicate,
    /// Another request has its identity: left to the dead-letter queue.
    Conflict,
    /// It is no order: left to the dead-letter queue.
    Invalid,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    result: Ending,
}

/// The metrics of this role; clones share them.
#[derive(Clone, Debug)]
pub(super) struct Metrics {
    messages: Family<Labels, Counter>,
    age: Histogram,
    /// Receives that failed.
    pub(super) receive_errors: Counter,
    /// Messages whose request cannot be created now.
    pub(super) held: Gauge,
}

impl Metrics {
    pub(super) fn register(registry: &Registry) -> Self {
        let endings = [
            Ending::Created,
            Ending::Duplicate,
            Ending::Conflict,
            Ending::Invalid,
        ];
        let metrics = Self {
            messages: counters(endings.map(|result| Labels { result })),
            age: Histogram::new(WAIT_SECONDS),
            receive_errors: Counter::default(),
            held: Gauge::default(),
        };
        registry.register(
            "restock_ingest_messages",
            "Messages by what became of them; one that comes back is counted once",
            metrics.messages.clone(),
        );
        registry.register(
            "restock_ingest_message_age_seconds",
            "Age of a message at its receipt",
            metrics.age.clone(),
        );
        registry.register(
            "restock_ingest_receive_errors",
            "Receives that failed",
            metrics.receive_errors.clone(),
        );
        registry.register(
            "restock_ingest_held_messages",
            "Messages whose request cannot be created now",
            metrics.held.clone(),
        );
        metrics
    }

    pub(super) fn count(&self, result: Ending) {
        self.messages.get_or_create(&Labels { result }).inc();
    }

    pub(super) fn received(&self, age: Duration) {
        self.age.observe(age.as_secs_f64());
    }
}
