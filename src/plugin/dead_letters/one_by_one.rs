//! What is done to each letter of a plan, one after the other, as they are met.

use super::choice::Plan;
use super::letters;
use super::progress::Progress;
use super::queues::{Queues, failure};
use super::scan::{self, Found, Verdict};
use crate::plugin::failure::Failure;
use crate::plugin::screen;
use std::ops::ControlFlow;

/// Does it to each that is still there, and says to how many; ends at the first that fails.
/// `done` is what they are then ("sent back"), `missed` what is said of those not met.
pub(super) async fn each(
    queues: &Queues,
    plan: Plan,
    done: &'static str,
    missed: &str,
    mut act: impl AsyncFnMut(&Found) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let planned = plan.ids.len() as u64;
    let (mut left, mut count) = (plan.ids, 0);
    let mut progress = Progress::begin(done, planned);
    let ended = scan::look(queues, async |found| {
        if left.is_empty() {
            return ControlFlow::Break(Ok(()));
        }
        if !left.remove(found.id()) {
            return ControlFlow::Continue(Verdict::Keep);
        }
        match act(&found).await {
            Ok(()) => {
                count += 1;
                progress.at(count);
                ControlFlow::Continue(Verdict::Gone)
            }
            Err(why) => ControlFlow::Break(Err(why)),
        }
    })
    .await;
    drop(progress);
    screen::print(&format!("{count} of {} {done}\n", letters(planned)));
    if ended.is_ok() && !left.is_empty() {
        screen::print(&format!(
            "{} were not met: somebody else has taken them, or looks at them now{missed}\n",
            left.len()
        ));
    }
    ended.map(drop)
}

/// Takes the letter out of the dead-letter queue. `doing` is that in words, `next` what to do if
/// it stays.
pub(super) async fn delete(
    queues: &Queues,
    found: &Found,
    doing: &str,
    next: &str,
) -> Result<(), Failure> {
    let receipt = found.whole.message.receipt.as_str();
    let failed = queues.dead.delete_batch(&[receipt]).await;
    let failed = failed.map_err(|why| failure(doing, "sqs:DeleteMessage", &why))?;
    match failed.first() {
        None => Ok(()),
        Some(entry) => Err(Failure::new(
            format!("cannot {doing}: {}", entry.reason),
            next,
        )),
    }
}
