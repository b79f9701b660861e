//! What is done to each letter of a plan, one after the other, as they are met.

use super::choice::{Letter, Plan};
use super::letters;
use super::progress::Progress;
use super::queues::{Queues, failure};
use super::report::{Outcome, Report};
use super::scan::{self, Found, Judged, Looked, Verdict};
use crate::plugin::failure::{Failure, Failures};
use std::collections::BTreeMap;
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
/// could be done either.
pub(super) async fn each(
    queues: &Queues,
    plan: Plan,
    done: Done,
    report: &mut Report,
    mut act: impl AsyncFnMut(&Found) -> Result<Acted, Failure>,
) -> Result<(), Failure> {
    let (planned, rest) = (plan.letters.len() as u64, plan.rest(queues));
    report.begin(Outcome::NotMet);
    let mut acting = Acting {
        left: plan.letters,
        done,
        count: 0,
        progress: Progress::begin(done.words, planned),
        report,
        failures: Failures::default(),
    };
    let all_met = |acting: &Acting<'_>| acting.left.is_empty();
    let looked = scan::look(queues, &mut acting, all_met, async |acting, found| {
        if acting.left.is_empty() {
            return ControlFlow::Break(Ok(()));
        }
        if acting.left.remove(found.id()).is_none() {
            return ControlFlow::Continue(Verdict::Keep);
        }
        let acted = act(&found).await;
        acting.note(found.id(), acted)
    });
    let looked = looked.await;
    let Acting {
        left,
        count,
        progress,
        report,
        mut failures,
        ..
    } = acting;
    drop(progress);
    report.say(&format!("{count} of {} {}\n", letters(planned), done.words));
    // First, for the last one says how it ended.
    if let Err(why) = rest {
        failures.add(why);
    }
    match looked {
        Err(why) => failures.add(why),
        Ok(looked) if !left.is_empty() => match unmet(left.len(), looked, queues) {
            Ok(said) => report.say(&said),
            Err(why) => failures.add(why),
        },
        Ok(_) => {}
    }
    failures.told()
}

/// What is said of those of the plan that were not met.
fn unmet(count: usize, looked: Looked, queues: &Queues) -> Result<String, Failure> {
    let next = "Run it again for those.";
    if !looked.whole {
        let what = format!("{count} of them were not come to");
        return Err(Failure::new(what, next));
    }
    match looked.shortfall(queues) {
        Some(why) => Err(Failure::new(
            format!("{count} of them were not met. {why}"),
            next,
        )),
        None => Ok(format!(
            "{count} were not met: somebody else has taken them\n"
        )),
    }
}

/// What of a plan is done.
struct Acting<'a> {
    left: BTreeMap<String, Letter>,
    done: Done,
    count: u64,
    progress: Progress,
    report: &'a mut Report,
    failures: Failures,
}

impl Acting<'_> {
    fn note(&mut self, id: &str, acted: Result<Acted, Failure>) -> Judged {
        match acted {
            Ok(Acted::Done) => {
                self.count += 1;
                self.report.note(id, self.done.outcome, None);
                self.progress.at(self.count);
                ControlFlow::Continue(Verdict::Gone)
            }
            Ok(Acted::Stays(why)) => {
                self.report.note(id, Outcome::Stays, Some(why.in_words()));
                self.failures.add(why);
                ControlFlow::Continue(Verdict::Keep)
            }
            Err(why) => {
                self.report.note(id, Outcome::Stays, Some(why.in_words()));
                ControlFlow::Break(Err(why))
            }
        }
    }
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
