//! What every request of a buyer needs at hand.

use super::metrics::Metrics;
use super::till::Till;
use crate::domain::order::{ProductId, Sku};
use crate::domain::purchase::Terms;
use crate::edge::store::products::Product;
use crate::edge::store::{CONNECTIONS_DEFAULT, Store, StoreError};
use crate::process::Process;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Questions to the ledger at once, besides purchases: half of its connections. In a rush most
/// callers look at the shelf again and again, and buyers must not wait in line behind them.
const READS_MAX: usize = CONNECTIONS_DEFAULT as usize / 2;

/// Longest wait of a question for its turn: that of a purchase for a connection.
const READ_WAIT: Duration = Duration::from_secs(2);

/// The role's neighbour and its own state.
pub(super) struct Shop {
    pub(super) store: Store,
    reads: Semaphore,
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
            reads: Semaphore::new(READS_MAX),
            till: Arc::new(till),
            metrics,
            process,
        }
    }
    /// The product of this SKU, or of which this is another name.
    pub(super) async fn product(&self, sku: &Sku) -> Result<Option<Product>, StoreError> {
        self.read(self.store.product(&ProductId::from(sku))).await
    }

    /// The answer to a question that is no purchase, in its turn.
    pub(super) async fn read<T>(
        &self,
        asking: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let turn = timeout(READ_WAIT, self.reads.acquire()).await;
        let _turn = turn.map_err(|_| StoreError::Unavailable("too many ask".to_owned()))?;
        asking.await
    }
}
