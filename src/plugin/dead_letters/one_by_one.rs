//! What is done to each letter of a plan, one after the other, as they are met.

use super::choice::Plan;
use super::letters;
use super::progress::Progress;
use super::queues::{Queues, failure};
use super::report::{Outcome, Report};
use super::scan::{self, Found, Verdict};
use crate::plugin::failure::{Failure, Failures};
use std::ops::ControlFlow;

/// What letters are afterwards.
#[derive(Clone, Copy)]
pub(super) struct Done {
    /// In the report.
    pub(super) outcome: Outcome,
    /// In words, such as "sent back".
    pub(super) words: &'static str,
}

/// What became of one letter.
pub(super) enum Acted {
    /// It is not in the dead-letter queue any more.
    Done,
    /// It stays there, for a fault of its own: the others are not held up.
    Stays(Failure),
}

/// Does it to each that is still there, and says to how many; ends where none of the others
/// could be done either. `missed` is what is said of those not met.
pub(super) async fn each(
    queues: &Queues,
    plan: Plan,
    done: Done,
    report: &mut Report,
    missed: &str,
    mut act: impl AsyncFnMut(&Found) -> Result<Acted, Failure>,
) -> Result<(), Failure> {
    let planned = plan.letters.len() as u64;
    let (mut left, mut count, mut failures) = (plan.letters, 0, Failures::default());
    report.begin(Outcome::NotMet);
    let mut progress = Progress::begin(done.words, planned);
    let looked = scan::look(queues, async |found| {
        if left.is_empty() {
            return ControlFlow::Break(Ok(()));
        }
        if left.remove(found.id()).is_none() {
            return ControlFlow::Continue(Verdict::Keep);
        }
        match act(&found).await {
            Ok(Acted::Done) => {
                count += 1;
                report.note(found.id(), done.outcome, None);
                progress.at(count);
                ControlFlow::Continue(Verdict::Gone)
            }
            Ok(Acted::Stays(why)) => {
                report.note(found.id(), Outcome::Stays, Some(why.in_words()));
                failures.add(why);
                ControlFlow::Continue(Verdict::Keep)
            }
            Err(why) => {
                report.note(found.id(), Outcome::Stays, Some(why.in_words()));
                ControlFlow::Break(Err(why))
            }
        }
    })
    .await;
    drop(progress);
    report.say(&format!("{count} of {} {}\n", letters(planned), done.words));
    let looked = looked?;
    if !left.is_empty() && !looked.whole {
        let what = format!("{} of them were not come to", left.len());
        failures.add(Failure::new(what, "Run it again for those."));
    } else if !left.is_empty() {
        report.say(&format!(
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
