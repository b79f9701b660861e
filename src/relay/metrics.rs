//! What the relay measures.

use crate::edge::aws::AwsError;
use crate::process::metrics::{Registry, counters};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

/// What one try to publish a message came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
enum Ending {
    Published,
    Throttled,
    Unavailable,
    Gone,
    Denied,
    Refused,
}

const ENDINGS: [Ending; 6] = [
    Ending::Published,
    Ending::Throttled,
    Ending::Unavailable,
    Ending::Gone,
    Ending::Denied,
    Ending::Refused,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    result: Ending,
}

/// The metrics of this role; clones share them.
#[derive(Clone, Debug)]
pub(super) struct Metrics {
    messages: Family<Labels, Counter>,
    /// Messages that wait, as far as they are counted.
    pub(super) unsent: Gauge,
    /// For how long the oldest one waits, in seconds.
    pub(super) oldest_age: Gauge,
    /// Messages that cannot be published, and are in nobody's way.
    pub(super) stuck: Gauge,
    /// 1 while a queue is known to receive what is published.
    pub(super) verified: Gauge,
}

impl Metrics {
    pub(super) fn register(registry: &Registry) -> Self {
        let metrics = Self {
            messages: counters(ENDINGS.map(|result| Labels { result })),
            unsent: Gauge::default(),
            oldest_age: Gauge::default(),
            stuck: Gauge::default(),
            verified: Gauge::default(),
        };
        registry.register(
            "restock_relay_messages",
            "Tries to publish a message, by what they came to",
            metrics.messages.clone(),
        );
        registry.register(
            "restock_relay_unsent_messages",
            "Messages in the outbox that are not sent, counted up to 10,000",
            metrics.unsent.clone(),
        );
        registry.register(
            "restock_relay_oldest_unsent_age_seconds",
            "For how long the oldest of them has been waiting; 0 without any",
            metrics.oldest_age.clone(),
        );
        registry.register(
            "restock_relay_stuck_messages",
            "Messages in the outbox that cannot be read, or that the topic refuses",
            metrics.stuck.clone(),
        );
        registry.register(
            "restock_relay_subscription_verified",
            "1 while a queue receives what is published for certain, and none is shut out, else 0",
            metrics.verified.clone(),
        );
        metrics
    }

    /// One try.
    pub(super) fn tried(&self, result: &Result<(), AwsError>) {
        let result = match result {
            Ok(()) => Ending::Published,
            Err(AwsError::Throttled(_)) => Ending::Throttled,
            Err(AwsError::Unavailable(_)) => Ending::Unavailable,
            Err(AwsError::Gone(_)) => Ending::Gone,
            Err(AwsError::Denied(_)) => Ending::Denied,
            Err(AwsError::Refused(_)) => Ending::Refused,
        };
        self.messages.get_or_create(&Labels { result }).inc();
    }
}
