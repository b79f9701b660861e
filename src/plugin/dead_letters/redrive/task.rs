//! By SQS itself.

use crate::domain::time::Time;
use crate::edge::sqs::Move;
use crate::plugin::dead_letters::choice::{Plan, not_all};
use crate::plugin::dead_letters::letters;
use crate::plugin::dead_letters::progress::Progress;
use crate::plugin::dead_letters::queues::{Queues, failure};
use crate::plugin::dead_letters::report::{Outcome, Report};
use crate::plugin::failure::Failure;
use crate::plugin::screen;
use crate::plugin::view::written;
use std::time::Duration;

/// How often it is asked how far it is.
const ASKED_EVERY: Duration = Duration::from_secs(1);

/// How often it is asked at most: SQS ends a task after 36 hours.
const ASKED_MAX: u32 = 36 * 60 * 60;

/// Questions in a row that may fail, each after ten seconds at most: a minute without an answer
/// is no reason to end, for SQS goes on.
const FAILED_MAX: u32 = 6;

/// What to do where nobody says how far it is.
const GOES_ON: &str = "ask later: SQS goes on, and `dlq redrive --all --dry-run` says whether it \
     still does";

/// What a task needs, in words.
const RIGHTS: &str = "sqs:StartMessageMoveTask, sqs:ListMessageMoveTasks, sqs:ReceiveMessage, \
     sqs:DeleteMessage and sqs:GetQueueAttributes on the dead-letter queue, and sqs:SendMessage \
     on where its letters came from";

/// Refuses to begin beside another one, of whomever; answers when the last one was started.
pub(super) async fn none_is_active(queues: &Queues) -> Result<Option<Time>, Failure> {
    match latest(queues).await? {
        Some(task) if task.is_active() => Err(active(&task)),
        ended => Ok(ended.map(|task| task.started_at)),
    }
}

/// Starts it, and tells how far it is until it ends. The list of tasks may be behind: the one
/// that was started `before` is not it.
pub(super) async fn run(
    queues: &Queues,
    plan: &Plan,
    per_second: u32,
    before: Option<Time>,
    report: &mut Report,
) -> Result<(), Failure> {
    if let Err(why) = queues.dead.start_move(&queues.dead_arn, per_second).await {
        // Another one may have been quicker.
        none_is_active(queues).await?;
        return Err(failure("start the redrive", RIGHTS, &why));
    }
    report.begin(Outcome::LeftToSqs);
    screen::complain("SQS is at it, and goes on if this is ended.\n");
    let mut progress = Progress::begin("sent back", plan.looked.depth);
    let mut failed = 0;
    for _ in 0..ASKED_MAX {
        let task = match latest(queues).await {
            Ok(task) => task,
            Err(why) if failed == FAILED_MAX => return Err(why.or_else(GOES_ON)),
            Err(_) => {
                failed += 1;
                tokio::time::sleep(ASKED_EVERY).await;
                continue;
            }
        };
        failed = 0;
        if let Some(task) = task.filter(|task| Some(task.started_at) != before) {
            progress.at(task.moved);
            if !task.is_active() {
                drop(progress);
                ended(&task, report)?;
                return none_is_left(queues, plan, task.moved).await;
            }
        }
        tokio::time::sleep(ASKED_EVERY).await;
    }
    Err(Failure::new(
        "the redrive does not end",
        "`aws sqs list-message-move-tasks` shows how it stands.",
    ))
}

/// A task takes what it meets: what somebody hid from it is there still.
async fn none_is_left(queues: &Queues, plan: &Plan, moved: u64) -> Result<(), Failure> {
    if moved >= plan.looked.depth {
        return Ok(());
    }
    match queues.count().await? {
        0 => Ok(()),
        left => Err(not_all(&format!(
            "Somebody else hid them, or they came since then: about {}.",
            letters(left)
        ))),
    }
}

async fn latest(queues: &Queues) -> Result<Option<Move>, Failure> {
    let latest = queues.dead.latest_move(&queues.dead_arn).await;
    latest.map_err(|why| failure("ask for redrives", "sqs:ListMessageMoveTasks", &why))
}

fn ended(task: &Move, report: &mut Report) -> Result<(), Failure> {
    report.ended(&task.status, task.moved);
    let moved = format!("{} sent back", letters(task.moved));
    if task.status == "COMPLETED" {
        report.say(&format!("{moved}\n"));
        return Ok(());
    }
    let why = task.failure.as_deref().unwrap_or("somebody cancelled it");
    Err(Failure::new(
        format!("the redrive ended as {}: {why}; {moved}", task.status),
        "The others are where they were. A letter that nobody knows the queue of was put there by \
         hand: send it back by its id.",
    ))
}

fn active(task: &Move) -> Failure {
    let of = task.to_move.map(|all| format!(" of about {all}"));
    let handle = task.handle.as_deref().unwrap_or("HANDLE");
    Failure::new(
        format!(
            "a redrive is already running since {} ({}): {}{} dead letters moved",
            written(task.started_at),
            task.status,
            task.moved,
            of.unwrap_or_default()
        ),
        format!(
            "Wait for its end, or cancel it: `aws sqs cancel-message-move-task --task-handle \
             {handle}`. What was not moved stays."
        ),
    )
}
