//! A bounded look at the dead letters. What is met stays hidden until the end of the look,
//! so that each is met once in it, and is then given back at once; if this program is
//! killed, it comes back by itself.

use super::letters;
use super::queues::{Queues, failure};
use crate::edge::sqs::{BATCH_MAX, Whole};
use crate::intake::Death;
use crate::plugin::failure::Failure;
use crate::plugin::screen;
use crate::process::clock;
use std::ops::ControlFlow;
use std::time::Duration;

/// Letters that one look meets and leaves: a hundred receives, some ten seconds. What is taken
/// out meanwhile does not count: it is bounded by the look that chose it.
pub(super) const LETTERS_MAX: usize = 1_000;

/// How long a letter is hidden: a look takes far less, and so does what is done to a batch.
const VISIBILITY: Duration = Duration::from_secs(120);

/// How long one receive waits: long enough to ask every server of the queue.
const WAIT: Duration = Duration::from_secs(1);

/// Looks at most where somebody hides letters. The dlq role hides a thousand new ones for some
/// fifteen seconds: six looks, with a pause between them and the receive that finds nothing, last
/// longer.
const LOOKS_MAX: u32 = 6;

/// From one look to the next: most are hidden for a second or two.
const PAUSE: Duration = Duration::from_secs(3);

/// What a look needs of AWS, in words.
const RIGHTS: &str = "sqs:ReceiveMessage and sqs:ChangeMessageVisibility";

/// A letter, and what it is.
pub(super) struct Found {
    pub(super) whole: Whole,
    pub(super) death: Death,
}

impl Found {
    fn of(whole: Whole, queues: &Queues) -> Self {
        let source = whole.message.dead_letter_source_arn.as_deref();
        let source = source.unwrap_or(&queues.queue_arn);
        let death = Death::of(&whole.message, source, &queues.mapping, clock::now());
        Self { whole, death }
    }

    /// Its SQS message id.
    pub(super) fn id(&self) -> &str {
        &self.whole.message.message_id
    }
}

/// How far a look got.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Looked {
    /// Letters that were looked at.
    pub(super) letters: usize,
    /// Whether it went on until no more were met.
    pub(super) whole: bool,
    /// Letters in the queue, approximately, those included that somebody looks at now: at the end
    /// of a look that was whole, else before it.
    pub(super) depth: u64,
    /// Of those that were looked at, how many are not there any more.
    gone: usize,
}

impl Looked {
    /// "12 of about 40", for people.
    pub(super) fn words(self) -> String {
        format!(
            "looked at {} of about {}",
            self.letters,
            letters(self.depth)
        )
    }

    /// Whether letters may be there that it did not meet.
    fn is_short(self) -> bool {
        let there = self.letters.saturating_sub(self.gone);
        !self.whole || (there as u64) < self.depth
    }

    /// Why not at all of them, if so.
    pub(super) fn shortfall(self, queues: &Queues) -> Option<&'static str> {
        if !self.is_short() {
            None
        } else if self.letters >= LETTERS_MAX {
            Some("One look ends after 1,000: what is behind is met once those before it are gone.")
        } else if queues.is_fifo {
            Some(
                "A FIFO queue shows the first ten of a message group: what is behind is met once \
                 those before it are gone.",
            )
        } else {
            Some("Somebody else looks at the others now, such as the dlq role: ask again soon.")
        }
    }

    /// Whether to look once more after this look, one of so many; that is a pause later. What
    /// somebody else hides is met soon; what is behind others of a FIFO queue is not.
    pub(super) async fn is_to_be_repeated(self, queues: &Queues, looks: u32) -> bool {
        let is_behind = queues.is_fifo && self.letters > 0;
        let repeated = self.whole && self.is_short() && !is_behind && looks < LOOKS_MAX;
        if repeated {
            tokio::time::sleep(PAUSE).await;
        }
        repeated
    }
}

/// What was decided about a letter.
pub(super) enum Verdict {
    /// It goes back when the look has ended.
    Keep,
    /// It is not in the queue any more.
    Gone,
}

/// Shows each letter to `judge`, until there are no more or it breaks off.
pub(super) async fn look(
    queues: &Queues,
    mut judge: impl AsyncFnMut(Found) -> ControlFlow<Result<(), Failure>, Verdict>,
) -> Result<Looked, Failure> {
    let (mut looked, mut kept) = (Looked::default(), Vec::new());
    looked.depth = queues.depth;
    let done = async {
        while kept.len() < LETTERS_MAX {
            let received = queues.dead.receive_whole(BATCH_MAX, WAIT, VISIBILITY).await;
            let received = received.map_err(|why| failure("receive dead letters", RIGHTS, &why))?;
            if received.is_empty() {
                looked.whole = true;
                looked.depth = queues.count().await?;
                break;
            }
            looked.letters += received.len();
            kept.extend(received.iter().map(|one| one.message.receipt.clone()));
            for whole in received {
                let receipt = whole.message.receipt.clone();
                match judge(Found::of(whole, queues)).await {
                    ControlFlow::Continue(Verdict::Keep) => {}
                    ControlFlow::Continue(Verdict::Gone) => {
                        looked.gone += 1;
                        kept.retain(|one| *one != receipt);
                    }
                    ControlFlow::Break(ending) => return ending,
                }
            }
        }
        Ok(())
    }
    .await;
    // Also after a failure.
    give_back(queues, &kept).await;
    done.map(|()| looked)
}

async fn give_back(queues: &Queues, receipts: &[String]) {
    for batch in receipts.chunks(BATCH_MAX) {
        let batch: Vec<&str> = batch.iter().map(String::as_str).collect();
        let given = queues.dead.change_visibility_batch(&batch, Duration::ZERO);
        if let Err(why) = given.await {
            screen::complain(&format!(
                "note:  dead letters come back in two minutes, not at once: {why}\n"
            ));
            return;
        }
    }
}
