//! The ledger as a pass reads it, and how long it has been answering.

use crate::domain::order::RequestId;
use crate::domain::progress::LedgerView;
use crate::edge::store::{Store, StoreError};
use crate::process::clock;
use crate::process::health::Condition;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The ledger, with the memory that an overdue verdict needs.
pub(super) struct Ledger {
    /// The store itself, for everything but a pass's first look.
    pub(super) store: Store,
    answering_since: Mutex<Option<Duration>>,
    condition: Condition,
}

impl Ledger {
    /// A ledger that has not answered yet.
    pub(super) fn new(store: Store, condition: Condition) -> Self {
        Self {
            store,
            answering_since: Mutex::new(None),
            condition,
        }
    }

    /// Everything the ledger knows of the request; none if it does not answer.
    pub(super) async fn view(&self, id: &RequestId) -> Option<LedgerView> {
        let reading = self.note(self.store.view(id).await)?;
        Some(LedgerView {
            now: reading.now,
            arrivals: reading.arrivals,
            rows: reading.rows,
            inbox_empty_at: reading.inbox_empty_at,
            answering_for: self.answering_for(),
        })
    }

    /// Takes the value of an answer, and remembers whether there was one.
    pub(super) fn note<T>(&self, answer: Result<T, StoreError>) -> Option<T> {
        let mut since = self
            .answering_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match answer {
            Ok(value) => {
                since.get_or_insert_with(clock::since_boot);
                self.condition.ready();
                Some(value)
            }
            // An answer, though none to work with: that one row is unusable is no outage, and
            // must not put off the verdicts on all other requests.
            Err(error @ StoreError::Unusable(_)) => {
                tracing::error!(%error, "the ledger holds what cannot be used");
                None
            }
            Err(error) => {
                tracing::warn!(%error, "the ledger did not answer");
                *since = None;
                self.condition.not_ready(error.to_string());
                None
            }
        }
    }

    /// How long it has answered without a failure.
    fn answering_for(&self) -> Duration {
        let since = *self
            .answering_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        since.map_or(Duration::ZERO, |since| {
            clock::since_boot().saturating_sub(since)
        })
    }
}
