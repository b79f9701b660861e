//! What is done to each letter of a plan, one after the other, as they are met.

use super::choice::Plan;
use super::letters;
use super::progress::Progress;
use super::queues::{Queues, failure};
use super::scan::{self, Found, Verdict};
use crate::plugin::failure::{Failure, Failures};
use crate::plugin::screen;
use std::ops::ControlFlow;

/// What became of one letter.
pub(super) enum Acted {
    /// It is not in the dead-letter queue any more.
    Done,
    /// It stays there, for a fault of its own: the others are not held up.
    Stays(Failure),
}

/// Does it to each that is still there, and says to how many; ends where none of the others
/// could be done either. `done` is what they are then ("sent back"), `missed` what is said of
/// those not met.
pub(super) async fn each(
    queues: &Queues,
    plan: Plan,
    done: &'static str,
    missed: &str,
    mut act: impl AsyncFnMut(&Found) -> Result<Acted, Failure>,
) -> Result<(), Failure> {
    let planned = plan.ids.len() as u64;
    let (mut left, mut count, mut failures) = (plan.ids, 0, Failures::default());
    let mut progress = Progress::begin(done, planned);
    let looked = scan::look(queues, async |found| {
        if left.is_empty() {
            return ControlFlow::Break(Ok(()));
        }
        if !left.remove(found.id()) {
            return ControlFlow::Continue(Verdict::Keep);
        }
        match act(&found).await {
            Ok(Acted::Done) => {
                count += 1;
                progress.at(count);
                ControlFlow::Continue(Verdict::Gone)
            }
            Ok(Acted::Stays(why)) => {
                failures.add(why);
                ControlFlow::Continue(Verdict::Keep)
            }
            Err(why) => ControlFlow::Break(Err(why)),
        }
    })
    .await;
    drop(progress);
    screen::print(&format!("{count} of {} {done}\n", letters(planned)));
    let looked = looked?;
    if !left.is_empty() && !looked.whole {
        let what = format!("{} of them were not come to", left.len());
        failures.add(Failure::new(what, "Run it again for those."));
    } else if !left.is_empty() {
        screen::print(&format!(
            "{} were not met: somebody else has taken them, or looks at them now{missed}\n",
            left.len()
        ));
    }
    failures.told()
}

/// Takes the letter out of the dead-letter queue. `doing` is that in words, `next` what to do if
/// it stays.
pub(super) async fn delete(
    queues: &Queues,
    found: &Found,
    doing: &str,
    next: &str,
) -> Result<Acted, Failure> {
    let receipt = found.whole.message.receipt.as_str();
    let failed = queues.dead.delete_batch(&[receipt]).await;
    let failed = failed.map_err(|why| failure(doing, "sqs:DeleteMessage", &why))?;
    match failed.first() {
        None => Ok(Acted::Done),
        Some(entry) => Err(Failure::new(
            format!("cannot {doing}: {}", entry.reason),
            next,
        )),
    }
}
