//! What the controller counts. Labels come from enums only.

use crate::domain::progress::{Answer, Phase, Reason};
use crate::process::metrics::{Registry, WAIT_SECONDS, counters};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use std::time::Duration;

/// How a request ended or what it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
enum Entered {
    Pending,
    Placing,
    Placed,
    Unknown,
    Succeeded,
    LateArrival,
    Invalid,
    Duplicate,
    AttemptsExhausted,
    FactoryUnreachable,
    FactoryThrottled,
    Refused,
    CallbackOverdue,
    OrderOutcomeUnknown,
}

/// What a POST came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
enum Posted {
    NotSent,
    Throttled,
    Refused,
    Placed,
    InDoubt,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EnteredLabels {
    state: Entered,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PostedLabels {
    answer: Posted,
}

/// The metrics of this role.
pub(super) struct Metrics {
    entered: Family<EnteredLabels, Counter>,
    posted: Family<PostedLabels, Counter>,
    order_age: Histogram,
    /// Passes over objects that cannot be read.
    pub(super) unreadable: Counter,
}

impl Metrics {
    pub(super) fn register(registry: &Registry) -> Self {
        use Entered as E;
        let entered = [
            E::Pending,
            E::Placing,
            E::Placed,
            E::Unknown,
            E::Succeeded,
            E::LateArrival,
            E::Invalid,
            E::Duplicate,
            E::AttemptsExhausted,
            E::FactoryUnreachable,
            E::FactoryThrottled,
            E::Refused,
            E::CallbackOverdue,
            E::OrderOutcomeUnknown,
        ];
        let posted = [
            Posted::NotSent,
            Posted::Throttled,
            Posted::Refused,
            Posted::Placed,
            Posted::InDoubt,
        ];
        let metrics = Self {
            entered: counters(entered.map(|state| EnteredLabels { state })),
            posted: counters(posted.map(|answer| PostedLabels { answer })),
            order_age: Histogram::new(WAIT_SECONDS),
            unreadable: Counter::default(),
        };
        let (entered, posted) = (metrics.entered.clone(), metrics.posted.clone());
        registry.register(
            "restock_controller_entered",
            "Requests by the state they entered",
            entered,
        );
        registry.register(
            "restock_controller_orders",
            "Orders sent, by what came of them",
            posted,
        );
        registry.register(
            "restock_controller_order_age_seconds",
            "Age of the request when its order was answered",
            metrics.order_age.clone(),
        );
        registry.register(
            "restock_controller_unreadable",
            "Passes over objects that cannot be read",
            metrics.unreadable.clone(),
        );
        metrics
    }

    /// A request entered a phase.
    pub(super) fn entered(&self, phase: Phase, reason: Reason) {
        let state = entered(phase, reason);
        self.entered.get_or_create(&EnteredLabels { state }).inc();
    }

    /// An order was answered, when its request was this old.
    pub(super) fn answered(&self, answer: &Answer, age: Duration) {
        let answer = match answer {
            Answer::NotSent(_) => Posted::NotSent,
            Answer::Throttled { .. } => Posted::Throttled,
            Answer::Refused { .. } => Posted::Refused,
            Answer::Placed { .. } => Posted::Placed,
            Answer::InDoubt(_) => Posted::InDoubt,
        };
        self.posted.get_or_create(&PostedLabels { answer }).inc();
        self.order_age.observe(age.as_secs_f64());
    }
}

fn entered(phase: Phase, reason: Reason) -> Entered {
    match (phase, reason) {
        (Phase::Pending, _) => Entered::Pending,
        (Phase::Placing, _) => Entered::Placing,
        (Phase::Awaiting, Reason::OrderPlaced) => Entered::Placed,
        (Phase::Awaiting, _) => Entered::Unknown,
        (Phase::Succeeded, Reason::LateArrival) => Entered::LateArrival,
        (Phase::Succeeded, _) => Entered::Succeeded,
        (Phase::Failed, Reason::Duplicate) => Entered::Duplicate,
        (Phase::Failed, Reason::AttemptsExhausted) => Entered::AttemptsExhausted,
        (Phase::Failed, Reason::FactoryUnreachable) => Entered::FactoryUnreachable,
        (Phase::Failed, Reason::FactoryThrottled) => Entered::FactoryThrottled,
        (Phase::Failed, Reason::Refused) => Entered::Refused,
        (Phase::Failed, Reason::CallbackOverdue) => Entered::CallbackOverdue,
        (Phase::Failed, Reason::OrderOutcomeUnknown) => Entered::OrderOutcomeUnknown,
        (Phase::Failed, _) => Entered::Invalid,
    }
}
