//! One request of the summary.

use crate::domain::time::Time;
use crate::plugin::view::{View, span};
use serde::Serialize;

/// How much a request needs a person, most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Need {
    /// Ended without goods.
    Failed,
    /// Longer in one phase than its Factory allows.
    Delayed,
    /// Its callback should have come.
    Overdue,
    /// Nobody knows whether it was ordered.
    InDoubt,
    /// Held back by a person.
    Suspended,
    /// Under way.
    None,
    /// Nothing is left to do.
    Done,
}

impl Need {
    fn of(view: &View, now: Time) -> Self {
        let phase = view.phase();
        let is_quiet = view.reason() == "Duplicate" && view.is_true("/status/finished");
        match phase.as_str() {
            "Succeeded" => Self::Done,
            "Failed" if is_quiet => Self::Done,
            "Failed" => Self::Failed,
            _ if view.is_there("/status/delay") => Self::Delayed,
            "Awaiting" if view.time("/status/deadline").is_some_and(|at| at < now) => Self::Overdue,
            "Awaiting" if view.text("/status/orderOutcome").as_deref() == Some("Unknown") => {
                Self::InDoubt
            }
            _ if view.is_true("/spec/suspend") => Self::Suspended,
            _ => Self::None,
        }
    }

    /// In the narrow table.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Overdue => "overdue",
            Self::InDoubt => "in doubt",
            Self::Suspended => "suspended",
            Self::None => "",
            Self::Done => "done",
        }
    }
}

/// What the summary shows of a request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) product: String,
    pub(super) quantity: Option<String>,
    pub(super) phase: String,
    pub(super) reason: String,
    pub(super) need: Need,
    pub(super) factory: Option<String>,
    pub(super) attempt: Option<String>,
    pub(super) message: Option<String>,
    pub(super) age: String,
    /// For the order of the rows.
    #[serde(skip)]
    pub(super) created: Time,
}

impl Row {
    pub(super) fn of(view: &View, now: Time) -> Self {
        Self {
            namespace: view.namespace(),
            name: view.name(),
            product: view.product(),
            quantity: view.quantity(),
            phase: view.phase(),
            reason: view.reason(),
            need: Need::of(view, now),
            factory: view.text("/status/factory/name"),
            attempt: view.text("/status/attempt"),
            message: view.text("/status/message"),
            age: span(now.since(view.created())),
            created: view.created(),
        }
    }

    /// Whether anything may still become of it.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self.phase.as_str(), "Succeeded" | "Failed")
    }
}
