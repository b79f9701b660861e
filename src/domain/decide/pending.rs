//! What a Pending request does next: order, wait, or give up.

use super::{LOOK_AGAIN, Step, failed, orders_counted, wait};
use crate::domain::order::Order;
use crate::domain::progress::{
    AttemptRow, LedgerView, Observed, OrderOutcome, Phase, Policy, Progress, Reason, Unresolved,
};
use crate::domain::settle::believe;
use crate::domain::time::Time;

pub(super) fn pending(seen: &Observed, policy: &Policy, now: Time) -> Step {
    if seen.request.suspended {
        return wait(seen, LOOK_AGAIN, "the request is suspended");
    }
    let Some(ledger) = &seen.ledger else {
        return wait(seen, LOOK_AGAIN, "the ledger does not answer");
    };
    // The cluster was restored or the status wiped: the ledger knows better.
    if let Some(row) = newer_row(seen, ledger) {
        return Step::Record(Box::new(believe(&seen.progress, row, policy, now)));
    }
    let order = match &seen.order {
        Ok(order) => order,
        Err(unresolved) => return unresolved_step(seen, policy, unresolved),
    };
    if orders_counted(ledger) >= policy.max_attempts {
        let message = format!("All {} attempts were used.", policy.max_attempts);
        return failed(seen, Reason::AttemptsExhausted, message);
    }
    if let Some(step) = budget_spent(seen, policy, now) {
        return step;
    }
    if let Some(at) = seen.progress.next_attempt_at.filter(|at| *at > now) {
        return wait(seen, at.since(now), "the next attempt is not due yet");
    }
    Step::Order(
        Box::new(announce(seen, ledger, policy, order)),
        order.clone(),
    )
}

/// The newest row of this object that the status does not know of, or knows otherwise.
fn newer_row<'a>(seen: &Observed, ledger: &'a LedgerView) -> Option<&'a AttemptRow> {
    let ours = ledger.rows.iter().filter(|row| row.uid == seen.request.uid);
    let newest = ours.max_by_key(|row| row.attempt)?;
    let unknown_here = newest.attempt > seen.progress.attempt;
    let reordering = seen.progress.reason == Reason::Reordering;
    let contradicts = newest.attempt == seen.progress.attempt && newest.outcome.counts();
    (unknown_here || (contradicts && !reordering)).then_some(newest)
}

fn unresolved_step(seen: &Observed, policy: &Policy, unresolved: &Unresolved) -> Step {
    match unresolved {
        Unresolved::Never(why) => failed(seen, Reason::Invalid, why.clone()),
        Unresolved::Misconfigured(why) if seen.factories_known_for > policy.factory_grace => {
            failed(seen, Reason::Invalid, why.clone())
        }
        Unresolved::Misconfigured(why) | Unresolved::NotNow(why) => wait(seen, LOOK_AGAIN, why),
    }
}

fn budget_spent(seen: &Observed, policy: &Policy, now: Time) -> Option<Step> {
    let since = seen.progress.retry_since?;
    if now.since(since) <= policy.retry_for {
        return None;
    }
    let reason = match seen.progress.reason {
        Reason::Throttled => Reason::FactoryThrottled,
        _ => Reason::FactoryUnreachable,
    };
    let minutes = policy.retry_for.as_secs() / 60;
    let message = format!("Tried for {minutes} min. {}", seen.progress.message);
    Some(failed(seen, reason, message))
}

/// The status that announces the next attempt; its nonce is drawn by the controller.
fn announce(seen: &Observed, ledger: &LedgerView, policy: &Policy, order: &Order) -> Progress {
    Progress {
        phase: Phase::Placing,
        reason: Reason::Ordering,
        message: "An order is being sent.".into(),
        outcome: OrderOutcome::NotPlaced,
        order: Some(order.clone()),
        attempt: seen.progress.attempt + 1,
        nonce: None,
        placing_since: Some(ledger.now),
        deadline: Some(ledger.now + policy.callback_deadline),
        next_attempt_at: None,
        ..seen.progress.clone()
    }
}
