//! What every request of a buyer needs at hand.

use super::metrics::Metrics;
use super::till::Till;
use crate::domain::purchase::Terms;
use crate::edge::store::Store;
use crate::process::Process;
use std::sync::Arc;

/// The role's neighbour and its own state.
pub(super) struct Shop {
    pub(super) store: Store,
    pub(super) till: Arc<Till>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) process: Process,
}

impl Shop {
    pub(super) fn new(store: Store, terms: Terms, metrics: Metrics, process: Process) -> Self {
        let metrics = Arc::new(metrics);
        let till = Till::new(
            store.clone(),
            terms,
            Arc::clone(&metrics),
            process.tasks.clone(),
        );
        Self {
            store,
            till: Arc::new(till),
            metrics,
            process,
        }
    }
}
