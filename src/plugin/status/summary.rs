//! All requests at a glance.

use super::row::Row;
use crate::domain::time::Time;
use crate::plugin::requests::Selection;
use crate::plugin::target::Place;
use crate::plugin::view::{span, written};
use serde::Serialize;
use std::collections::BTreeMap;

/// The phases, in the order in which a request goes through them.
pub(super) const PHASES: [&str; 5] = ["Pending", "Placing", "Awaiting", "Succeeded", "Failed"];

/// All requests of a place.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    /// When they were read.
    pub(super) at: String,
    /// Where, in words.
    pub(super) place: String,
    /// Whether that is in all namespaces: a name alone says little then.
    #[serde(skip)]
    pub(super) everywhere: bool,
    /// Whether only some were asked for.
    #[serde(skip)]
    pub(super) selects: bool,
    /// By Factory; those that have none yet are under the empty name.
    pub(super) factories: BTreeMap<String, Counts>,
    /// All of them together.
    pub(super) total: Counts,
    /// Each, those that need a person most first, older before younger.
    pub(super) requests: Vec<Row>,
}

/// How many there are, and since when the oldest that is still open.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Counts {
    /// By phase.
    pub(super) phases: BTreeMap<String, usize>,
    /// Age of the oldest open one.
    pub(super) oldest_open: Option<String>,
    #[serde(skip)]
    oldest_created: Option<Time>,
}

impl Counts {
    fn add(&mut self, row: &Row, now: Time) {
        *self.phases.entry(row.phase.clone()).or_default() += 1;
        let is_older = self
            .oldest_created
            .is_none_or(|oldest| row.created < oldest);
        if row.is_open() && is_older {
            self.oldest_created = Some(row.created);
            self.oldest_open = Some(span(now.since(row.created)));
        }
    }
}

impl Summary {
    pub(super) fn of(mut rows: Vec<Row>, place: &Place, selection: &Selection, now: Time) -> Self {
        // By name last, so that two looks at the same requests say the same.
        rows.sort_by(|a, b| {
            (a.need, a.created, &a.namespace, &a.name).cmp(&(
                b.need,
                b.created,
                &b.namespace,
                &b.name,
            ))
        });
        let mut factories: BTreeMap<String, Counts> = BTreeMap::new();
        let mut total = Counts::default();
        for row in &rows {
            let factory = row.factory.clone().unwrap_or_default();
            factories.entry(factory).or_default().add(row, now);
            total.add(row, now);
        }
        Self {
            at: written(now),
            place: place.words(),
            everywhere: place.namespace.is_none(),
            selects: selection.is_given(),
            factories,
            total,
            requests: rows,
        }
    }
}
