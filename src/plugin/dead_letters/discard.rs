//! `dlq discard`: each letter is copied to a file, and only then deleted.

mod record;

use super::choice::{Choice, Plan};
use super::confirm::Consent;
use super::letters;
use super::progress::Progress;
use super::queues::{Queues, Whose, failure};
use super::scan::{self, Found, Verdict};
use crate::domain::message::plain_text;
use crate::plugin::failure::Failure;
use crate::plugin::screen;
use crate::plugin::target::Target;
use record::{Record, Word};
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Longest reason, in characters; that of a word about a request.
const BECAUSE_CHARACTERS_MAX: usize = 512;

/// Which letters, why, and where to.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("chosen").required(true).args(["ids", "reason"]))]
pub(super) struct Args {
    #[command(flatten)]
    choice: Choice,
    /// Why, for those who read the file later
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    because: String,
    /// File for their copies, a line of JSON each; it must not exist
    #[arg(long, value_name = "PATH")]
    save: PathBuf,
    /// Who throws them away
    #[arg(long, value_name = "NAME", env = "USER", default_value = "unknown")]
    by: String,
    #[command(flatten)]
    confirm: Consent,
    #[command(flatten)]
    queues: Whose,
}

/// Throws them away.
pub(super) async fn run(args: Args, target: &Target) -> Result<(), Failure> {
    record::is_free(&args.save)?;
    let queues = args.queues.open(target).await?;
    let plan = Plan::of(&args.choice, &queues).await?;
    screen::print(&plan.words(&queues));
    let what = format!(
        "save {} to {} and delete what was saved, for good",
        letters(plan.ids.len() as u64),
        args.save.display()
    );
    if !args.confirm.confirmed(&what)? {
        return Ok(());
    }
    let word = Word {
        by: plain_text(&args.by, BECAUSE_CHARACTERS_MAX),
        because: plain_text(&args.because, BECAUSE_CHARACTERS_MAX),
    };
    let record = Record::create(&args.save, word)?;
    delete(&queues, plan, record).await
}

async fn delete(queues: &Queues, plan: Plan, mut record: Record) -> Result<(), Failure> {
    let planned = plan.ids.len() as u64;
    let (mut left, mut deleted) = (plan.ids, 0);
    let mut progress = Progress::begin("saved and deleted", planned);
    let done = scan::look(queues, async |found| {
        if left.is_empty() {
            return ControlFlow::Break(Ok(()));
        }
        if !left.remove(found.id()) {
            return ControlFlow::Continue(Verdict::Keep);
        }
        match delete_one(queues, &found, &mut record).await {
            Ok(()) => {
                deleted += 1;
                progress.at(deleted);
                ControlFlow::Continue(Verdict::Gone)
            }
            Err(why) => ControlFlow::Break(Err(why)),
        }
    })
    .await;
    drop(progress);
    screen::print(&format!(
        "{deleted} of {} saved and deleted\n",
        letters(planned)
    ));
    if done.is_ok() && !left.is_empty() {
        screen::print(&format!(
            "{} were not met: somebody else has taken them, or looks at them now\n",
            left.len()
        ));
    }
    done.map(drop)
}

/// On the disk first: whoever is killed in between leaves the letter where it was, too.
async fn delete_one(queues: &Queues, found: &Found, record: &mut Record) -> Result<(), Failure> {
    record.add(found)?;
    let doing = format!("delete {}, which is saved", found.id());
    let receipt = found.whole.message.receipt.as_str();
    let failed = queues.dead.delete_batch(&[receipt]).await;
    let failed = failed.map_err(|why| failure(&doing, "sqs:DeleteMessage", &why))?;
    match failed.first() {
        None => Ok(()),
        Some(entry) => Err(Failure::new(
            format!("cannot {doing}: {}", entry.reason),
            "It is still in the queue. Run it again, with another file.",
        )),
    }
}
