//! `dlq redrive`: back to their queue. All of them by SQS's own task; a choice of them, or
//! such as would lose their identity by it, one by one.

mod copies;
mod task;

use super::choice::{Choice, Plan};
use super::confirm::Consent;
use super::queues::{Queues, Whose};
use super::report::Report;
use super::stop::Stop;
use super::{letters, of_aws};
use crate::edge::sqs::MOVED_PER_SECOND_MAX;
use crate::plugin::failure::Failure;
use crate::plugin::output::Output;
use crate::plugin::target::Target;
use crate::process::columns::wrapped;

/// Letters in a second where nobody says: a tenth of what ingest takes (ARCHITECTURE.md,
/// Measured), so that new messages are not held up by old ones.
const PER_SECOND: u32 = 50;

/// Which letters, and how fast.
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("chosen").required(true).args(["ids", "reason", "all"]),
    after_help = of_aws(
        "  kubectl restock dlq redrive --all --dry-run\n  \
         kubectl restock dlq redrive --reason 'no product id' --yes\n  \
         kubectl restock dlq redrive 7fc83baf-8cf7-4ded-a631-cd819746e40b"
    )
)]
pub(super) struct Args {
    #[command(flatten)]
    choice: Choice,
    /// All of them
    #[arg(long)]
    all: bool,
    /// Letters in a second at most; no more than 500
    #[arg(long, value_name = "NUMBER", default_value_t = PER_SECOND,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(MOVED_PER_SECOND_MAX)))]
    per_second: u32,
    #[command(flatten)]
    confirm: Consent,
    #[command(flatten)]
    queues: Whose,
    /// Print what became of each letter; what is told beside it then stands on standard error
    #[arg(short, long, value_enum)]
    output: Option<Output>,
}

/// Sends them back.
pub(super) async fn run(args: Args, target: &Target, stop: &Stop) -> Result<(), Failure> {
    let queues = args.queues.open(target, stop).await?;
    let before = task::none_is_active(&queues).await?;
    let plan = Plan::of(&args.choice, &queues).await?;
    let mut report = Report::of(&plan, args.output);
    if plan.letters.is_empty() {
        if let Some(why) = plan.looked.shortfall(&queues) {
            let what = format!("no dead letter was met: {}", plan.looked.words());
            return Err(Failure::new(what, why));
        }
        report.say("there are no dead letters to send back\n");
        return report.print();
    }
    let by_task = args.all && plan.nameless == 0;
    tell(&plan, &queues, by_task, &report);
    let what = match by_task {
        true => format!(
            "have SQS send all of about {} back to where they came from, at most {} a second",
            letters(plan.looked.depth),
            args.per_second
        ),
        false => format!(
            "send {} back to {}, at most {} a second",
            letters(plan.letters.len() as u64),
            queues.queue_arn,
            args.per_second
        ),
    };
    if !args.confirm.confirmed(&what).await? {
        return report.print().and_then(|()| plan.rest(&queues));
    }
    let done = match by_task {
        true => task::run(&queues, &plan, args.per_second, before, &mut report).await,
        false => copies::run(&queues, plan, args.per_second, &mut report).await,
    };
    report.print()?;
    done
}

/// What is meant, and what is to be known of it.
fn tell(plan: &Plan, queues: &Queues, by_task: bool, report: &Report) {
    report.say(&plan.words(queues));
    if plan.nameless > 0 {
        let said = format!(
            "To {} of them only SQS gave an id, and it gives another one to what is sent again: \
             they go back one by one, with the old one as their EventId, and stay the same \
             requests.",
            plan.nameless
        );
        report.say(&wrapped(&said, 0));
    }
    if by_task && plan.looked.shortfall(queues).is_some() {
        let said = "Those that were not looked at go back too. If one of them was sent without \
             SNS and without an EventId, and had become a request before it died, it is ordered \
             again.";
        report.say(&wrapped(said, 0));
    }
}
