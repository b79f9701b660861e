//! What the metrics of all roles have in common.
//!
//! Labels come from enums only: a label taken from a message or an error text would let
//! a stranger grow the memory of this process and of whoever scrapes it.

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Metric, Registry as Metrics};
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Bounds in seconds for what should be quick and may wait for hours behind an outage:
/// the age of a message at its receipt, and the time from message to order. The last is
/// the retention of the stock queue, four days.
pub const WAIT_SECONDS: [f64; 14] = [
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 43_200.0, 345_600.0,
];

/// Bounds in seconds for the time from order to arrival: finest around the 40 to 50
/// seconds of the legacy factory, up to the 7 days for which a callback is honoured.
pub const DELIVERY_SECONDS: [f64; 13] = [
    1.0, 10.0, 30.0, 40.0, 45.0, 50.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 86_400.0, 604_800.0,
];

/// The metrics of this process; clones share them, so that the role registers and the
/// admin server reads. Names are full names: `restock_<role>_<what>_<unit>`.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    shared: Arc<Mutex<Metrics>>,
}

impl Registry {
    /// One more metric; the text format adds `_total` to the name of a counter.
    pub fn register(&self, name: &str, help: &str, metric: impl Metric) {
        let mut metrics = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        metrics.register(name, help, metric);
    }

    /// All metrics in the OpenMetrics text format.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let metrics = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let mut page = String::new();
        text::encode(&mut page, &metrics)?;
        Ok(page)
    }
}

/// One counter for each of `labels`, all at 0 from the start: an alert on a rise then
/// sees the first one too.
pub fn counters<Labels>(labels: impl IntoIterator<Item = Labels>) -> Family<Labels, Counter>
where
    Labels: Clone + Debug + Eq + Hash + EncodeLabelSet + Send + Sync + 'static,
{
    let family = Family::default();
    for labels in labels {
        drop(family.get_or_create(&labels));
    }
    family
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::EncodeLabelValue;

    #[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
    struct Labels {
        result: Ending,
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
    enum Ending {
        Stored,
        Invalid,
    }

    #[test]
    fn counters_start_at_zero_and_clones_share_the_registry() {
        let registry = Registry::default();
        let messages = counters([Ending::Stored, Ending::Invalid].map(|result| Labels { result }));
        registry
            .clone()
            .register("restock_messages", "Messages", messages.clone());
        messages
            .get_or_create(&Labels {
                result: Ending::Stored,
            })
            .inc();

        let page = registry.encode().unwrap();
        assert!(
            page.contains("restock_messages_total{result=\"Stored\"} 1\n"),
            "{page}"
        );
        assert!(
            page.contains("restock_messages_total{result=\"Invalid\"} 0\n"),
            "{page}"
        );
        assert!(page.ends_with("# EOF\n"), "{page}");
    }

    #[test]
    fn bounds_rise() {
        assert!(WAIT_SECONDS.is_sorted() && DELIVERY_SECONDS.is_sorted());
    }
}
