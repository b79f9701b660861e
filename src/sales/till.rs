//! The till: buyers of one product who come together are decided together.
//!
//! A database takes the purchases of one product one after the other, and each waits for the
//! disk. So all that come while one transaction is on its way share the next one, in the order
//! in which they came; where there is a crowd, the next one waits a moment for as many as were
//! just answered, who may come again. A buyer who comes alone is decided alone, at once.

mod lane;

use super::metrics::Metrics;
use crate::domain::order::Sku;
use crate::domain::purchase::{Purchase, Terms, Verdict};
use crate::edge::store::{Store, StoreError};
use crate::process::clock;
use crate::process::trouble::Trouble;
use lane::{Lane, Queue};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

/// Purchases that wait or are being decided, of all products: twice the connections of the
/// server, each of which asks one thing at a time. At half a KiB each, 2 MiB.
const WAITING_MAX: usize = 4_096;

/// Longest wait for a verdict: the ledger's deadline of 4 s for the group, and a second for the
/// group before it. A buyer's program gives up soon after.
const VERDICT_WITHIN: Duration = Duration::from_secs(5);

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoVerdict {
    /// The ledger has no product of this SKU.
    NoSuchProduct,
    /// Too many wait. Nothing was done.
    Busy,
    /// The ledger did not take it. Nothing was done.
    Unavailable(String),
    /// It is not known whether anything was done: the same key gets the answer.
    Unknown(String),
}

impl From<StoreError> for NoVerdict {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::CommitUnknown(_) => Self::Unknown(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

/// A purchase, and whom to tell.
struct Waiting {
    purchase: Purchase,
    buyer: Buyer,
}

/// Whoever waits for a verdict, and the place that is taken meanwhile.
struct Buyer {
    tell: oneshot::Sender<Result<Verdict, NoVerdict>>,
    _place: OwnedSemaphorePermit,
}

/// The lanes of all products at which somebody waits.
pub(super) struct Till {
    store: Store,
    terms: Terms,
    metrics: Arc<Metrics>,
    tasks: TaskTracker,
    places: Arc<Semaphore>,
    /// A lane is here while a task serves it.
    lanes: Mutex<HashMap<Sku, Queue>>,
    /// What the last group met.
    pub(super) trouble: Trouble,
}

impl Till {
    pub(super) fn new(
        store: Store,
        terms: Terms,
        metrics: Arc<Metrics>,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            store,
            terms,
            metrics,
            tasks,
            places: Arc::new(Semaphore::new(WAITING_MAX)),
            lanes: Mutex::default(),
            trouble: Trouble::default(),
        }
    }

    /// The verdict on this purchase, after those that came before it. A caller that gives up
    /// while it waits has bought nothing; later, the answer is kept under its key.
    pub(super) async fn decide(self: &Arc<Self>, purchase: Purchase) -> Result<Verdict, NoVerdict> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| NoVerdict::Busy)?;
        let (tell, told) = oneshot::channel();
        let buyer = Buyer {
            tell,
            _place: place,
        };
        self.queue(Waiting { purchase, buyer });
        match timeout(VERDICT_WITHIN, told).await {
            Ok(Ok(verdict)) => verdict,
            // The lane's task is gone with the runtime, or panicked.
            Ok(Err(_)) => Err(NoVerdict::Unknown("the purchase was given up".to_owned())),
            Err(_) => Err(NoVerdict::Unknown("no answer in time".to_owned())),
        }
    }

    fn queue(self: &Arc<Self>, waiting: Waiting) {
        let sku = waiting.purchase.form.sku.clone();
        let mut lanes = self.lanes();
        if let Some(lane) = lanes.get_mut(&sku) {
            return lane.add(waiting);
        }
        lanes.insert(sku.clone(), Queue::of(waiting));
        self.tasks.spawn(Lane::open(self, sku).serve());
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<Sku, Queue>> {
        // Every change is one call on the map: a panic cannot leave it half done.
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn verdicts(&self, sku: &Sku, group: &[Purchase]) -> Vec<Result<Verdict, NoVerdict>> {
        let deciding = self.store.decide_purchases(sku, group, self.terms);
        let ended = deciding.await;
        self.note(sku, &ended);
        match ended {
            Ok(Some(verdicts)) => {
                complain_of_unreadable(sku, &verdicts);
                verdicts.into_iter().map(Ok).collect()
            }
            Ok(None) => vec![Err(NoVerdict::NoSuchProduct); group.len()],
            Err(error) => vec![Err(error.into()); group.len()],
        }
    }

    fn note<T>(&self, sku: &Sku, ended: &Result<T, StoreError>) {
        let Err(why) = ended else {
            return self.trouble.note(None, clock::now());
        };
        tracing::warn!(%sku, %why, "a group of purchases was not decided");
        // A row that cannot be read, or that somebody holds, is the trouble of one product, not
        // of the shop.
        if !matches!(why, StoreError::Unusable(_) | StoreError::Locked) {
            self.trouble.note(Some(&why.to_string()), clock::now());
        }
    }
}

/// The rest of its group was decided: it is no trouble of the shop.
fn complain_of_unreadable(sku: &Sku, verdicts: &[Verdict]) {
    for verdict in verdicts {
        if let Verdict::Unreadable(why) = verdict {
            tracing::warn!(%sku, why, "a kept answer cannot be read by this version");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::metrics::Registry;
    use secrecy::SecretString;

    #[tokio::test]
    async fn what_one_product_meets_is_no_trouble_of_the_shop() {
        let url = SecretString::from("mysql://nobody:none@127.0.0.1:1/none");
        let store = Store::connect(&url, 1).expect("a URL");
        let metrics = Arc::new(Metrics::register(&Registry::default()));
        let till = Till::new(store, Terms::default(), metrics, TaskTracker::new());
        let sku = Sku::parse("CP-1").expect("a SKU");
        let after = |why| {
            till.note(&sku, &Err::<(), _>(why));
            till.trouble.at(clock::now())
        };
        assert_eq!(after(StoreError::Locked), None);
        assert_eq!(after(StoreError::Unusable("a row".to_owned())), None);
        assert!(after(StoreError::Unavailable("read-only".to_owned())).is_some());
    }
}
