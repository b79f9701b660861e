//! `dlq discard`: each letter is copied to a file, and only then deleted.

mod record;

use super::choice::{Choice, Plan};
use super::confirm::Consent;
use super::one_by_one::{self, Acted, Done};
use super::queues::{Queues, Whose};
use super::report::{Outcome, Report};
use super::scan::Found;
use super::stop::Stop;
use super::{letters, of_aws};
use crate::domain::message::plain_text;
use crate::domain::order::ID_CHARACTERS_MAX;
use crate::plugin::failure::Failure;
use crate::plugin::output::Output;
use crate::plugin::target::Target;
use crate::plugin::word;
use clap::builder::NonEmptyStringValueParser;
use record::{Record, Word};
use std::path::PathBuf;

/// What letters are afterwards.
const DELETED: Done = Done {
    outcome: Outcome::Deleted,
    words: "saved and deleted",
};

/// Which letters, why, and where to.
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("chosen").required(true).args(["ids", "reason"]),
    after_help = of_aws(
        "  kubectl restock dlq discard --reason 'no keys' --because junk --save a.jsonl --by kim"
    )
)]
pub(super) struct Args {
    #[command(flatten)]
    choice: Choice,
    /// Why they are thrown away, for those who read the file later
    #[arg(long, value_name = "TEXT", value_parser = word::reason)]
    because: String,
    /// File for their copies, a line of JSON each; it must not exist
    #[arg(long, value_name = "PATH")]
    save: PathBuf,
    /// Who throws them away; if not set, your user name
    #[arg(long, value_name = "NAME", env = "USER", value_parser = NonEmptyStringValueParser::new())]
    by: String,
    #[command(flatten)]
    confirm: Consent,
    #[command(flatten)]
    queues: Whose,
    /// Print what became of each letter; what is told beside it then stands on standard error
    #[arg(short, long, value_enum)]
    output: Option<Output>,
}

/// Throws them away.
pub(super) async fn run(args: Args, target: &Target, stop: &Stop) -> Result<(), Failure> {
    record::is_free(&args.save)?;
    let queues = args.queues.open(target, stop).await?;
    let plan = Plan::of(&args.choice, &queues).await?;
    let mut report = Report::of(&plan, args.output);
    report.say(&plan.words(&queues));
    let what = format!(
        "save {} to {} and delete what was saved, for good",
        letters(plan.letters.len() as u64),
        args.save.display()
    );
    if !args.confirm.confirmed(&what).await? {
        return report.print().and_then(|()| plan.rest(&queues));
    }
    let word = Word {
        by: plain_text(&args.by, ID_CHARACTERS_MAX),
        because: args.because,
    };
    let mut record = Record::create(&args.save, word)?;
    let each = async |found: &Found| delete(&queues, found, &mut record).await;
    let done = one_by_one::each(&queues, plan, DELETED, &mut report, each).await;
    report.print()?;
    done
}

/// On the disk first: whoever is killed in between leaves the letter where it was, too.
async fn delete(queues: &Queues, found: &Found, record: &mut Record) -> Result<Acted, Failure> {
    record.add(found)?;
    let doing = format!("delete {}, which is saved", found.id());
    let next = "It is still in the queue. Run it again, with another file.";
    one_by_one::delete(queues, found, &doing, next).await
}
