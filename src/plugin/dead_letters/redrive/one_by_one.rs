//! A copy to the queue, and only then the original away: whoever is killed in between leaves
//! both, and the second one that ingest reads is the same request.

use crate::domain::message::{EVENT_ID, IdentityKind};
use crate::plugin::dead_letters::choice::Plan;
use crate::plugin::dead_letters::letters;
use crate::plugin::dead_letters::progress::Progress;
use crate::plugin::dead_letters::queues::{Queues, failure};
use crate::plugin::dead_letters::scan::{self, Found, Verdict};
use crate::plugin::failure::Failure;
use crate::plugin::screen;
use std::ops::ControlFlow;
use std::time::Duration;

/// Sends those of the plan that are still there.
pub(super) async fn run(queues: &Queues, plan: Plan, per_second: u32) -> Result<(), Failure> {
    let planned = plan.ids.len() as u64;
    let (mut left, mut sent) = (plan.ids, 0);
    let mut progress = Progress::begin("sent back", planned);
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / per_second);
    let done = scan::look(queues, async |found| {
        if left.is_empty() {
            return ControlFlow::Break(Ok(()));
        }
        if !left.remove(found.id()) {
            return ControlFlow::Continue(Verdict::Keep);
        }
        ticks.tick().await;
        match send(queues, &found).await {
            Ok(()) => {
                sent += 1;
                progress.at(sent);
                ControlFlow::Continue(Verdict::Gone)
            }
            Err(why) => ControlFlow::Break(Err(why)),
        }
    })
    .await;
    drop(progress);
    screen::print(&format!("{sent} of {} sent back\n", letters(planned)));
    if done.is_ok() && !left.is_empty() {
        screen::print(&format!(
            "{} were not met: somebody else has taken them, or looks at them now; none is \
             lost. Run it again for those that are there\n",
            left.len()
        ));
    }
    done.map(drop)
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
    let receipt = found.whole.message.receipt.as_str();
    let failed = queues.dead.delete_batch(&[receipt]).await;
    let failed = failed.map_err(|why| failure(&doing, "sqs:DeleteMessage", &why))?;
    match failed.first() {
        None => Ok(()),
        Some(entry) => Err(Failure::new(
            format!("cannot {doing}: {}", entry.reason),
            "Run it again: a copy that is sent twice is the same request.",
        )),
    }
}
