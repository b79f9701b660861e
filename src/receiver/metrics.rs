//! What the receiver counts.

use crate::domain::arrival::Claims;
use crate::edge::store::arrivals::NewArrival;
use crate::process::metrics::{DELIVERY_SECONDS, Registry, counters};
use crate::receiver::delivery::Ending;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use std::time::Duration;

/// Seconds to an answer: the commit is around 5 ms, the promise 2 s.
const ANSWER_SECONDS: [f64; 9] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0];

/// How a callback was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(super) enum CallbackResult {
    /// 200, the stock rose.
    Committed,
    /// 200, it had risen before.
    Repeat,
    /// 202.
    Parked,
    /// 503.
    Unavailable,
    /// 404.
    BadToken,
    /// 404, although it was authentic.
    Expired,
    /// 404, no callback at all: somebody looks what is here, or lost a method to a redirect.
    NotPost,
}

impl CallbackResult {
    const ALL: [Self; 7] = [
        Self::Committed,
        Self::Repeat,
        Self::Parked,
        Self::Unavailable,
        Self::BadToken,
        Self::Expired,
        Self::NotPost,
    ];
}

impl From<Ending> for CallbackResult {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Committed => Self::Committed,
            Ending::Repeat => Self::Repeat,
            Ending::Parked => Self::Parked,
            Ending::Neither => Self::Unavailable,
        }
    }
}

/// What became of a message taken out of the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(super) enum InboxResult {
    /// The stock rose.
    Committed,
    /// It had risen before.
    Repeat,
    /// It stays for a later try or a person.
    Left,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallbackLabels {
    result: CallbackResult,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InboxLabels {
    result: InboxResult,
}

/// The role's metrics; every series starts at 0.
pub(super) struct Metrics {
    callbacks: Family<CallbackLabels, Counter>,
    inbox: Family<InboxLabels, Counter>,
    surplus: Counter,
    notes: Counter,
    answer: Histogram,
    order_to_arrival: Histogram,
}

impl Metrics {
    pub(super) fn register(registry: &Registry) -> Self {
        let inbox = [
            InboxResult::Committed,
            InboxResult::Repeat,
            InboxResult::Left,
        ];
        let metrics = Self {
            callbacks: counters(CallbackResult::ALL.map(|result| CallbackLabels { result })),
            inbox: counters(inbox.map(|result| InboxLabels { result })),
            surplus: Counter::default(),
            notes: Counter::default(),
            answer: Histogram::new(ANSWER_SECONDS),
            order_to_arrival: Histogram::new(DELIVERY_SECONDS),
        };
        metrics.name(registry);
        metrics
    }

    fn name(&self, registry: &Registry) {
        registry.register(
            "restock_receiver_callbacks",
            "Callbacks by how they were answered",
            self.callbacks.clone(),
        );
        registry.register(
            "restock_receiver_inbox_messages",
            "Messages taken out of the callback inbox by what became of them",
            self.inbox.clone(),
        );
        registry.register(
            "restock_receiver_surplus",
            "Arrivals of a second attempt of one request",
            self.surplus.clone(),
        );
        registry.register(
            "restock_receiver_notes",
            "Arrivals whose body did not agree with the order",
            self.notes.clone(),
        );
        registry.register(
            "restock_receiver_answer_seconds",
            "From the head of an authentic callback to its answer",
            self.answer.clone(),
        );
        registry.register(
            "restock_receiver_order_to_arrival_seconds",
            "From the signing of an order to the arrival of its goods",
            self.order_to_arrival.clone(),
        );
    }

    pub(super) fn count(&self, result: CallbackResult) {
        self.callbacks
            .get_or_create(&CallbackLabels { result })
            .inc();
    }

    pub(super) fn inbox(&self, result: InboxResult) {
        self.inbox.get_or_create(&InboxLabels { result }).inc();
    }

    pub(super) fn answered(&self, took: Duration) {
        self.answer.observe(took.as_secs_f64());
    }

    /// An arrival was committed.
    pub(super) fn arrived(&self, claims: &Claims, arrival: &NewArrival, surplus: bool) {
        let took = arrival.received_at.since(claims.signed_at());
        self.order_to_arrival.observe(took.as_secs_f64());
        self.surplus.inc_by(u64::from(surplus));
        self.notes.inc_by(u64::from(arrival.note.is_some()));
    }
}
