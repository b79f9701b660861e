//! A bounded look at the dead letters. What is met stays hidden until the end of the look,
//! so that each is met once in it, and is then given back at once; if this program is
//! killed, it comes back by itself.

use super::letters;
use super::queues::{Queues, failure};
use crate::edge::sqs::{BATCH_MAX, Received, Whole};
use crate::intake::Death;
use crate::plugin::failure::Failure;
use crate::plugin::screen;
use crate::process::clock;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

/// Letters that one look meets and leaves: a hundred receives, some ten seconds, and one more that
/// shows whether there are others. What is taken out meanwhile does not count: it is bounded by the
/// look that chose it.
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
        } else if !self.whole {
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
    async fn is_to_be_repeated(self, queues: &Queues, looks: u32) -> bool {
        let is_behind = queues.is_fifo && self.letters > 0;
        let repeated = self.whole && self.is_short() && !is_behind && looks < LOOKS_MAX;
        if repeated {
            if looks == 1 {
                screen::complain("note:  somebody hides some letters just now: looking again\n");
            }
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

/// What follows from a letter: to go on, or to break off.
pub(super) type Judged = ControlFlow<Result<(), Failure>, Verdict>;

/// Shows letters to `judge`, in as many looks as it takes until what was `sought` is there; again
/// only while somebody else hides some. The last of the looks is returned.
pub(super) async fn look<S>(
    queues: &Queues,
    sought: &mut S,
    is_found: impl Fn(&S) -> bool,
    mut judge: impl AsyncFnMut(&mut S, Found) -> Judged,
) -> Result<Looked, Failure> {
    let mut looks = 0;
    loop {
        let looked = look_once(queues, async |found| judge(&mut *sought, found).await).await?;
        // Nothing that a look leads to is begun after Ctrl-C.
        queues.stop.go_on()?;
        looks += 1;
        if is_found(sought) || !looked.is_to_be_repeated(queues, looks).await {
            return Ok(looked);
        }
    }
}

/// Shows each letter to `judge`, once, until there are no more or it breaks off.
async fn look_once(
    queues: &Queues,
    mut judge: impl AsyncFnMut(Found) -> Judged,
) -> Result<Looked, Failure> {
    let (mut looked, mut kept) = (Looked::default(), Kept::default());
    looked.depth = queues.depth;
    queues.stop.looking(true);
    let done = async {
        loop {
            queues.stop.go_on()?;
            let received = queues.dead.receive_whole(BATCH_MAX, WAIT, VISIBILITY).await;
            let received = received.map_err(|why| failure("receive dead letters", RIGHTS, &why))?;
            if received.is_empty() {
                looked.whole = true;
                looked.depth = queues.count().await?;
                return Ok(());
            }
            let is_full = kept.letters() >= LETTERS_MAX;
            let received = received.into_iter();
            let news: Vec<Whole> = received.filter(|whole| kept.add(whole)).collect();
            if is_full && !news.is_empty() {
                return Ok(());
            }
            looked.letters += news.len();
            for whole in news {
                queues.stop.go_on()?;
                let id = whole.message.message_id.clone();
                match judge(Found::of(whole, queues)).await {
                    ControlFlow::Continue(Verdict::Keep) => {}
                    ControlFlow::Continue(Verdict::Gone) => {
                        looked.gone += 1;
                        kept.receipts.remove(&id);
                    }
                    ControlFlow::Break(ending) => return ending,
                }
            }
        }
    }
    .await;
    // Also after a failure.
    give_back(queues, &kept).await;
    queues.stop.looking(false);
    done.map(|()| looked)
}

/// Letters that were met, and are to be given back. One that is looked at for so long that it
/// shows again is still that one.
#[derive(Default)]
struct Kept {
    /// By message, the latest.
    receipts: BTreeMap<String, String>,
}

impl Kept {
    fn letters(&self) -> usize {
        self.receipts.len()
    }

    /// Whether it is met for the first time.
    fn add(&mut self, whole: &Whole) -> bool {
        let Received {
            message_id,
            receipt,
            ..
        } = &whole.message;
        let before = self.receipts.insert(message_id.clone(), receipt.clone());
        before.is_none()
    }
}

async fn give_back(queues: &Queues, kept: &Kept) {
    let receipts: Vec<&str> = kept.receipts.values().map(String::as_str).collect();
    for batch in receipts.chunks(BATCH_MAX) {
        let given = queues.dead.change_visibility_batch(batch, Duration::ZERO);
        if let Err(why) = given.await {
            screen::complain(&format!(
                "note:  dead letters come back in two minutes, not at once: {why}\n"
            ));
            return;
        }
    }
}
