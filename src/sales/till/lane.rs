//! The lane of one product: who waits at it, and the task that serves them.

use super::{Till, Waiting};
use crate::domain::order::Sku;
use crate::edge::store::purchases::PURCHASES_MAX;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// How long a crowd is gathered for its next transaction at most: a tenth of what one of a full
/// group takes, and long enough for the next requests of most who were just answered.
const GATHER: Duration = Duration::from_millis(2);

/// Those who wait, in the order in which they came.
#[derive(Default)]
pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
    /// As many as are gathered for; 0 while nobody gathers.
    awaited: usize,
    come: Arc<Notify>,
}

impl Queue {
    /// With the one that opens it.
    pub(super) fn of(first: Waiting) -> Self {
        Self {
            waiting: VecDeque::from([first]),
            ..Self::default()
        }
    }

    pub(super) fn add(&mut self, waiting: Waiting) {
        self.waiting.push_back(waiting);
        if self.waiting.len() == self.awaited {
            self.come.notify_one();
        }
    }

    /// Those who waited longest; who has given up buys nothing.
    fn next_group(&mut self) -> Vec<Waiting> {
        self.awaited = 0;
        let mut group = Vec::new();
        while group.len() < PURCHASES_MAX
            && let Some(waiting) = self.waiting.pop_front()
        {
            if !waiting.buyer.tell.is_closed() {
                group.push(waiting);
            }
        }
        group
    }
}

/// One product's lane, while somebody waits at it.
pub(super) struct Lane {
    till: Arc<Till>,
    sku: Sku,
    is_open: bool,
}

impl Lane {
    /// The one whose queue is among the till's lanes.
    pub(super) fn open(till: &Arc<Till>, sku: Sku) -> Self {
        Self {
            till: Arc::clone(till),
            sku,
            is_open: true,
        }
    }

    pub(super) async fn serve(mut self) {
        while let Some(group) = self.next_group() {
            let count = group.len();
            self.till.metrics.group(count);
            let pairs = group.into_iter().map(|one| (one.purchase, one.buyer));
            let (purchases, buyers): (Vec<_>, Vec<_>) = pairs.unzip();
            let verdicts = self.till.verdicts(&self.sku, &purchases).await;
            for (buyer, verdict) in buyers.into_iter().zip(verdicts) {
                // Nobody may be there any more: the answer is kept under the key.
                let _ = buyer.tell.send(verdict);
            }
            if count > 1 {
                self.gather(count).await;
            }
        }
    }

    /// Waits until so many are there, for a moment at most.
    async fn gather(&self, count: usize) {
        let Some(come) = self.not_yet(count) else {
            return;
        };
        // One that was told of in an earlier round only ends this one early.
        let _ = timeout(GATHER, come.notified()).await;
    }

    fn not_yet(&self, count: usize) -> Option<Arc<Notify>> {
        let mut lanes = self.till.lanes();
        let queue = lanes.get_mut(&self.sku)?;
        queue.awaited = count;
        (queue.waiting.len() < count).then(|| Arc::clone(&queue.come))
    }

    /// None, and the lane is closed, if nobody waits.
    fn next_group(&mut self) -> Option<Vec<Waiting>> {
        let mut lanes = self.till.lanes();
        let group = lanes.get_mut(&self.sku)?.next_group();
        if group.is_empty() {
            lanes.remove(&self.sku);
            // The next one of this product may be open before this one is dropped.
            self.is_open = false;
            return None;
        }
        Some(group)
    }
}

impl Drop for Lane {
    /// A lane that nobody serves must not stand: whoever waits is told, the next one opens it.
    fn drop(&mut self) {
        if self.is_open {
            self.till.lanes().remove(&self.sku);
        }
    }
}
