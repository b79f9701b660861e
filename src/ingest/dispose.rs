//! What the queue is told of messages whose fate is known: delete, or show again and when.
//! Failure costs nothing but time and a duplicate: the message comes back.

use super::held::Receipt;
use super::poller::Poller;
use crate::edge::aws::AwsError;
use crate::edge::sqs::EntryFailure;
use std::time::Duration;

/// How soon a message is received again that will never be created: quick enough for
/// the redrive policy to take it in seconds, slow enough to be no busy loop.
const REFUSED_VISIBILITY: Duration = Duration::from_secs(2);

impl Poller {
    pub(super) async fn delete(&self, receipts: &[Receipt]) {
        let answer = self.queue.delete_batch(&handles(receipts)).await;
        complain(receipts, answer, "not deleted, the message comes back");
    }

    /// For the redrive policy.
    pub(super) async fn give_back(&self, receipts: &[Receipt]) {
        self.show_again(receipts, REFUSED_VISIBILITY).await;
    }

    pub(super) async fn show_again(&self, receipts: &[Receipt], after: Duration) {
        let handles = handles(receipts);
        let answer = self.queue.change_visibility_batch(&handles, after).await;
        complain(receipts, answer, "visibility not changed");
    }
}

fn handles(receipts: &[Receipt]) -> Vec<&str> {
    let handles = receipts.iter().map(|receipt| receipt.handle.as_str());
    handles.collect()
}

fn complain(receipts: &[Receipt], answer: Result<Vec<EntryFailure>, AwsError>, what: &str) {
    let all = |why: AwsError| {
        let each = (0..receipts.len()).map(|index| (index, why.to_string()));
        each.collect::<Vec<_>>()
    };
    let failures = answer.map_or_else(all, |failures| {
        let each = failures.into_iter().map(|one| (one.index, one.reason));
        each.collect()
    });
    for (index, why) in failures {
        let request_id = receipts.get(index).map(|one| one.request_id.as_str());
        tracing::warn!(request_id, why, "{what}");
    }
}
