//! Does what was decided: one step, its effects in their order.

use crate::controller::book::book;
use crate::controller::context::Context;
use crate::controller::observe::Subject;
use crate::controller::place::{attempt_row, in_flight, place};
use crate::controller::record::record;
use crate::domain::decide::{LOOK_AGAIN, Step};
use crate::domain::progress::{Answer, Observed, Progress};
use crate::edge::store::attempts::Fenced;
use kube::runtime::controller::Action;
use std::time::Duration;

/// Longest pause between two passes over a live request: a change that no watch, wake or
/// timer told of is still seen within it.
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Performs the step; says when to look again.
pub(super) async fn act(
    subject: &Subject,
    seen: &Observed,
    step: Step,
    context: &Context,
) -> Action {
    keep_place(subject, context);
    match step {
        Step::Rest => Action::await_change(),
        Step::Wait { time, why, tell } => {
            if let Some(kind) = tell {
                context.notifier.tell(subject.notice(kind));
            }
            tracing::debug!(request_id = %subject.request.id, why, "waiting");
            Action::requeue(time.min(PAUSE_MAX))
        }
        Step::Record(progress) => record(subject, seen, &progress, context).await,
        Step::Settle(answer, progress) => settle(subject, seen, &answer, &progress, context).await,
        Step::Order(announced, order) => place(subject, seen, *announced, &order, context).await,
        Step::Book(quantity, progress) => book(subject, seen, quantity, &progress, context).await,
        Step::Fence => fence(subject, context).await,
    }
}

/// A request in flight has one of its Factory's places, and only then.
fn keep_place(subject: &Subject, context: &Context) {
    let uid = &subject.request.uid;
    match &subject.progress.order {
        Some(order) if in_flight(&subject.progress) => context.gates.occupy(order, uid),
        _ => context.gates.release(uid),
    }
}

/// The row's outcome first: a status that is lost after it is mended from the ledger.
async fn settle(
    subject: &Subject,
    seen: &Observed,
    answer: &Answer,
    progress: &Progress,
    context: &Context,
) -> Action {
    let request = &subject.request;
    let Some(nonce) = &progress.nonce else {
        return record(subject, seen, progress, context).await;
    };
    let attempt = subject.progress.attempt;
    let outcome = answer.row_outcome();
    let closing = context
        .ledger
        .store
        .close_attempt(&request.id, attempt, nonce, outcome);
    match context.ledger.note(closing.await) {
        // The row knows better than the person: decided afresh. An answer of our own is
        // what the factory said, whatever stands in the row.
        Some(false) if seen.held_answer.is_none() => Action::requeue(Duration::ZERO),
        Some(_) => record(subject, seen, progress, context).await,
        None => Action::requeue(LOOK_AGAIN),
    }
}

/// Makes it certain that nothing will be sent under the attempt that another process
/// announced; the next pass believes the row that stands then, whichever it is.
async fn fence(subject: &Subject, context: &Context) -> Action {
    let Some(row) = attempt_row(subject, &subject.progress, context) else {
        return Action::requeue(LOOK_AGAIN);
    };
    match context
        .ledger
        .note(context.ledger.store.fence_attempt(&row).await)
    {
        Some(Fenced::Inserted | Fenced::Taken) => Action::requeue(Duration::ZERO),
        None => Action::requeue(LOOK_AGAIN),
    }
}
