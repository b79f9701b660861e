//! A copy to the queue, and only then the original away: whoever is killed in between leaves
//! both, and the second one that ingest reads is the same request.

use crate::domain::message::{EVENT_ID, IdentityKind};
use crate::plugin::dead_letters::choice::Plan;
use crate::plugin::dead_letters::one_by_one;
use crate::plugin::dead_letters::queues::{Queues, failure};
use crate::plugin::dead_letters::scan::Found;
use crate::plugin::failure::Failure;
use std::time::Duration;

const MISSED: &str = "; none is lost. Run it again for those that are there";

/// Sends those of the plan that are still there.
pub(super) async fn run(queues: &Queues, plan: Plan, per_second: u32) -> Result<(), Failure> {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / per_second);
    let each = async |found: &Found| {
        ticks.tick().await;
        send(queues, found).await
    };
    one_by_one::each(queues, plan, "sent back", MISSED, each).await
}

async fn send(queues: &Queues, found: &Found) -> Result<(), Failure> {
    let id = found.id();
    // What only SQS named keeps the name by which ingest may know it already.
    let keeps = found.death.identity == Some(IdentityKind::Sqs);
    let sent = queues
        .queue
        .send_copy(&found.whole, keeps.then_some((EVENT_ID, id)));
    if let Err(why) = sent.await {
        let doing = format!("send {id} to {}", queues.queue.url());
        return Err(failure(&doing, "sqs:SendMessage on that queue", &why));
    }
    let doing = format!("take {id} out of the dead-letter queue, after it was sent back");
    let next = "Run it again: a copy that is sent twice is the same request.";
    one_by_one::delete(queues, found, &doing, next).await
}
