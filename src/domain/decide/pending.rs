//! What a Pending request does next: order, wait, or give up.

use super::{LOOK_AGAIN, Step, attempts_max, failed, orders_counted, wait};
use crate::domain::order::Order;
use crate::domain::policy::Policy;
use crate::domain::progress::{
    AttemptRow, LedgerView, Observed, OrderOutcome, Phase, Progress, Reason, Unresolved,
};
use crate::domain::settle::{TRIED_AGAIN, believe};
use crate::domain::time::{Time, in_words};
use std::time::Duration;

/// How soon a held request is looked at again although nothing told of a change: a mounted
/// Secret with headers appears without a word, and the grace time passes.
const LOOK_AGAIN_HELD: Duration = Duration::from_secs(30);

/// How long after its time a promised attempt may still be made when the budget has ended:
/// passes come within a second, and what a closed gate holds up longer is given up.
const LAST_TRY: Duration = Duration::from_secs(5);

/// Ends the message of one that is ordered again, while its Factory is held.
const ORDERED_AFTER: &str = " It is ordered again after that.";

pub(super) fn pending(seen: &Observed, policy: &Policy, now: Time) -> Step {
    if seen.request.suspended {
        return held(seen, Reason::Suspended, "spec.suspend is true.");
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
        Err(unresolved) => return unresolved_step(seen, policy, unresolved, now),
    };
    let attempts_max = attempts_max(&seen.progress, policy);
    if orders_counted(ledger) >= attempts_max {
        let message = format!("All {attempts_max} attempts were used.");
        return failed(seen, Reason::AttemptsExhausted, message);
    }
    if let Some(step) = budget_spent(seen, policy, now) {
        return step;
    }
    if let Some(at) = seen.progress.next_attempt_at.filter(|at| *at > now) {
        // Not past the end of the budget, which may come first.
        let look = budget_ends(&seen.progress, policy).map_or(at, |end| end.min(at));
        return wait(seen, look.since(now), "the next attempt is not due yet");
    }
    Step::Order(
        Box::new(announce(seen, ledger, policy, order)),
        order.clone(),
    )
}

/// The newest row of this object that the status does not know of, or knows otherwise.
pub(super) fn newer_row<'a>(seen: &Observed, ledger: &'a LedgerView) -> Option<&'a AttemptRow> {
    let ours = ledger.rows.iter().filter(|row| row.uid == seen.request.uid);
    let newest = ours.max_by_key(|row| row.attempt)?;
    let unknown_here = newest.attempt > seen.progress.attempt;
    let contradicts = newest.attempt == seen.progress.attempt && newest.outcome.counts();
    (unknown_here || (contradicts && !is_again(seen.progress.reason))).then_some(newest)
}

fn unresolved_step(seen: &Observed, policy: &Policy, unresolved: &Unresolved, now: Time) -> Step {
    match unresolved {
        // Before all Factories are known, one that is missing is no news.
        _ if seen.factories_known_for.is_zero() => {
            wait(seen, LOOK_AGAIN, "the Factories are not known yet")
        }
        Unresolved::Never(why) => failed(seen, Reason::Invalid, why.clone()),
        Unresolved::Misconfigured(why) if grace_is_over(seen, policy, now) => {
            failed(seen, Reason::Invalid, why.clone())
        }
        Unresolved::Misconfigured(why) => held(seen, Reason::NoFactory, why),
        Unresolved::Closed(_, why) => held(seen, Reason::FactoryClosed, why),
        Unresolved::ProductBusy(_, why) => held(seen, Reason::ProductBusy, why),
        Unresolved::NotNow(why) => wait(seen, LOOK_AGAIN, why),
    }
}

/// The Factories were known long enough, and the request waited long enough for them: a
/// process that just began knows none, and a request may meet a mistake made just now.
fn grace_is_over(seen: &Observed, policy: &Policy, now: Time) -> bool {
    let waited = now.since(seen.request.created_at);
    seen.factories_known_for.min(waited) > policy.factory_grace
}

/// Waits for a person, or for others, and says so on the object, once.
fn held(seen: &Observed, hold: Reason, why: &str) -> Step {
    let progress = &seen.progress;
    let (reason, message) = match progress.reason {
        standing if yields(standing, hold) => (hold, why.to_owned()),
        // Who waits for what was said must hear that its Factory is held. That the request is
        // suspended its own spec says.
        standing if is_again(standing) && is_of_the_factory(hold) => {
            (standing, format!("{why}{ORDERED_AFTER}"))
        }
        _ => return wait(seen, hold_pause(hold), why),
    };
    if progress.reason == reason && progress.message == message {
        return wait(seen, hold_pause(hold), why);
    }
    Step::Record(Box::new(Progress {
        reason,
        message,
        // A person's stop is no failure of the factory: its budget begins afresh.
        retry_since: None,
        next_attempt_at: None,
        ..progress.clone()
    }))
}

/// Other requests end at any moment; what a person edits is told of by the watch, and a
/// thousand requests that wait for a person must not read the ledger all the time.
const fn hold_pause(hold: Reason) -> Duration {
    match hold {
        Reason::ProductBusy => LOOK_AGAIN,
        _ => LOOK_AGAIN_HELD,
    }
}

/// What held the request is over and its order waits its turn: the object must not go on
/// naming what held it, nor count its budget. None if it does neither.
pub fn released(progress: &Progress) -> Option<Progress> {
    match progress.reason {
        Reason::Suspended
        | Reason::ProductBusy
        | Reason::FactoryClosed
        | Reason::NoFactory
        | Reason::BreakerOpen => Some(Progress {
            reason: Reason::Queued,
            message: "Ordered as soon as the Factory's limits allow it.".into(),
            retry_since: None,
            ..progress.clone()
        }),
        again if is_again(again) && progress.message.ends_with(ORDERED_AFTER) => Some(Progress {
            message: "Ordered again as soon as the Factory's limits allow it.".into(),
            retry_since: None,
            ..progress.clone()
        }),
        again if is_again(again) && progress.retry_since.is_some() => Some(Progress {
            retry_since: None,
            ..progress.clone()
        }),
        _ => None,
    }
}

/// The factory does not answer and the request waits behind its breaker, perhaps without
/// ever having been tried: its budget runs all the same, or it would wait for ever. None
/// if it runs already.
pub fn unanswered(progress: &Progress, factory: &str, now: Time) -> Option<Progress> {
    if progress.retry_since.is_some() {
        return None;
    }
    let mut waiting = Progress {
        retry_since: Some(now),
        ..progress.clone()
    };
    if yields(progress.reason, Reason::BreakerOpen) {
        waiting.reason = Reason::BreakerOpen;
        waiting.message = format!("Factory {factory} does not answer: its breaker is open.");
    }
    Some(waiting)
}

/// Whether the reason that stands may give way to that of a hold. What an attempt came to
/// is told rather than that others go first, which comes and goes; and that the policy or a
/// person orders again is what keeps the last attempt's row from being believed once more.
const fn yields(standing: Reason, hold: Reason) -> bool {
    match standing {
        again if is_again(again) => false,
        Reason::BackingOff | Reason::Throttled => {
            !matches!(hold, Reason::ProductBusy | Reason::BreakerOpen)
        }
        _ => true,
    }
}

/// A person holds the Factory, or has to mend it.
const fn is_of_the_factory(hold: Reason) -> bool {
    matches!(hold, Reason::FactoryClosed | Reason::NoFactory)
}

/// The policy or a person orders again.
const fn is_again(reason: Reason) -> bool {
    matches!(reason, Reason::Reordering | Reason::Retrying)
}

/// When the request is given up unless an attempt comes to something. One that was promised
/// within the time is made, though it comes due at the very end.
fn budget_ends(progress: &Progress, policy: &Policy) -> Option<Time> {
    let end = progress.retry_since? + policy.retry_for;
    let promised = progress.next_attempt_at.filter(|at| *at <= end);
    Some(promised.map_or(end, |at| end.max(at + LAST_TRY)))
}

fn budget_spent(seen: &Observed, policy: &Policy, now: Time) -> Option<Step> {
    if now <= budget_ends(&seen.progress, policy)? {
        return None;
    }
    let reason = match seen.progress.reason {
        Reason::Throttled => Reason::FactoryThrottled,
        _ => Reason::FactoryUnreachable,
    };
    let last = seen.progress.message.trim_end_matches(TRIED_AGAIN);
    let message = format!("Given up after {}. {last}", in_words(policy.retry_for));
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
        // That of the attempt before is not this one's.
        factory_order_id: None,
        placing_since: Some(ledger.now),
        deadline: Some(ledger.now + policy.callback_deadline),
        next_attempt_at: None,
        ..seen.progress.clone()
    }
}
