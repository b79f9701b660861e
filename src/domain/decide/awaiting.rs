//! What an Awaiting request does next: wait for the callback, or take the verdict.

use super::word::{goods_are_parked, goods_wait};
use super::{LOOK_AGAIN, Step, attempts_max, failed, known, orders_counted, own_row, wait};
use crate::domain::policy::{OnOverdue, Policy};
use crate::domain::progress::{LedgerView, Observed, OrderOutcome, Phase, Progress, Reason};
use crate::domain::settle::{IN_DOUBT, believe};
use crate::domain::time::Time;

pub(super) fn awaiting(seen: &Observed, policy: &Policy, now: Time) -> Step {
    let Some(ledger) = &seen.ledger else {
        return wait(seen, LOOK_AGAIN, "the ledger does not answer");
    };
    let late_evidence = own_row(seen, ledger)
        .filter(|row| known(row) && seen.progress.outcome == OrderOutcome::Unknown);
    if let Some(row) = late_evidence {
        return Step::Record(Box::new(believe(&seen.progress, row, policy, now)));
    }
    let deadline = seen.progress.deadline.unwrap_or(ledger.now);
    if ledger.now < deadline {
        return wait(
            seen,
            deadline.since(ledger.now),
            "the factory's callback is awaited",
        );
    }
    if ledger.answering_for < policy.ledger_settle {
        return wait(
            seen,
            LOOK_AGAIN,
            "the ledger was away: callbacks may still be on their way",
        );
    }
    let inbox_seen_empty = ledger.inbox_empty_at.is_some_and(|at| at >= deadline);
    if !inbox_seen_empty && ledger.now < deadline + policy.inbox_grace {
        return wait(
            seen,
            LOOK_AGAIN,
            "the callback inbox was not seen empty yet",
        );
    }
    overdue(seen, policy, ledger)
}

/// The verdict over an overdue callback.
fn overdue(seen: &Observed, policy: &Policy, ledger: &LedgerView) -> Step {
    let attempts_left = orders_counted(ledger) < attempts_max(&seen.progress, policy);
    // Goods that a person counted are not ordered once more, also while nobody books them.
    let waiting = goods_wait(seen);
    let are_here = waiting.is_some() || goods_are_parked(&seen.progress);
    if policy.on_overdue == OnOverdue::Reorder && attempts_left && !are_here {
        return Step::Record(Box::new(Progress {
            phase: Phase::Pending,
            reason: Reason::Reordering,
            message: "The callback is overdue; the policy orders again.".into(),
            outcome: OrderOutcome::NotPlaced,
            ..seen.progress.clone()
        }));
    }
    let (reason, message) = match seen.progress.outcome {
        OrderOutcome::Placed => (
            Reason::CallbackOverdue,
            "The factory has the order but never called back.".to_owned(),
        ),
        _ => (
            Reason::OrderOutcomeUnknown,
            in_doubt(&seen.progress.message),
        ),
    };
    let message = match waiting {
        Some(why) => format!("{message} {why}"),
        None => message,
    };
    failed(seen, reason, message)
}

/// With why, as far as the request says it: whoever asks the factory needs it.
fn in_doubt(message: &str) -> String {
    match message.starts_with(IN_DOUBT) {
        true => format!("{message} It never called back."),
        false => format!("{IN_DOUBT}, and it never called back."),
    }
}
