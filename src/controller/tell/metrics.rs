//! What the notifier counts.

use crate::domain::notice::Kind;
use crate::process::metrics::{Registry, counters};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use std::fmt;
use std::time::Duration;

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(super) enum Outcome {
    /// Every channel acknowledged it.
    Acknowledged,
    /// A channel did not; it is sent again.
    Failed,
    /// No room, or nowhere to send it; it is asked for again.
    Dropped,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    kind: KindWord,
    outcome: Outcome,
}

/// A kind by its own word, as notices and logs have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct KindWord(Kind);

impl EncodeLabelValue for KindWord {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        EncodeLabelValue::encode(&self.0.word(), encoder)
    }
}

const KINDS: [Kind; 7] = [
    Kind::Failed,
    Kind::Delayed,
    Kind::Resolved,
    Kind::Surplus,
    Kind::Gone,
    Kind::Unclaimed,
    Kind::Differs,
];

/// The metrics of the notifier.
pub(super) struct Metrics {
    notices: Family<Labels, Counter>,
    oldest: Gauge,
}

impl Metrics {
    pub(super) fn register(registry: &Registry) -> Self {
        let outcomes = [Outcome::Acknowledged, Outcome::Failed, Outcome::Dropped];
        let labels = KINDS.into_iter().flat_map(|kind| {
            outcomes.map(|outcome| Labels {
                kind: KindWord(kind),
                outcome,
            })
        });
        let metrics = Self {
            notices: counters(labels),
            oldest: Gauge::default(),
        };
        registry.register(
            "restock_controller_notices",
            "Notices by what became of them; one that is sent again is counted again",
            metrics.notices.clone(),
        );
        registry.register(
            "restock_controller_oldest_untold_notice_age_seconds",
            "Age of the oldest notice that not every channel has acknowledged, else 0",
            metrics.oldest.clone(),
        );
        metrics
    }

    pub(super) fn count(&self, kind: Kind, outcome: Outcome) {
        let kind = KindWord(kind);
        self.notices.get_or_create(&Labels { kind, outcome }).inc();
    }

    pub(super) fn oldest(&self, age: Duration) {
        self.oldest
            .set(i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
    }
}
