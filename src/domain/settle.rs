//! What an answer makes of an attempt.

use crate::domain::order::short_hash;
use crate::domain::policy::Policy;
use crate::domain::progress::{
    Answer, AttemptRow, OrderOutcome, Phase, Progress, Reason, RowOutcome,
};
use crate::domain::time::{Time, in_words};
use std::time::Duration;

/// First back-off; doubled with every attempt up to [`BACK_OFF_MAX`].
const BACK_OFF_FIRST: Duration = Duration::from_secs(1);

/// Longest back-off, and the longest wait that a factory may ask for: a factory that is
/// well again is found within five minutes, and 6 h of trying cost at most 80 attempts.
pub const BACK_OFF_MAX: Duration = Duration::from_secs(300);

/// Ends the message of an attempt that another one follows; it is left out once none does.
pub(super) const TRIED_AGAIN: &str = " It is tried again.";

/// Begins the message of an order in doubt; why follows.
pub(super) const IN_DOUBT: &str = "It is unknown whether the factory has the order";

/// What `answer` makes of `progress`; `now` is the local clock, for back-off.
///
/// Only a Placing or an Awaiting/Unknown can be settled: anything else stays as it is,
/// and a known outcome never becomes unknown again.
pub fn settle(progress: &Progress, answer: &Answer, now: Time) -> Progress {
    if !can_be_settled(progress) {
        return progress.clone();
    }
    let settled = progress.clone();
    match answer {
        Answer::Placed { order_id } => Progress {
            factory_order_id: order_id.clone().or(settled.factory_order_id.clone()),
            ..await_callback(settled, OrderOutcome::Placed)
        },
        Answer::InDoubt(why) => Progress {
            message: format!("{IN_DOUBT}: {why}."),
            ..await_callback(settled, OrderOutcome::Unknown)
        },
        Answer::Refused { status } => refuse(settled, *status),
        Answer::NotSent(why) => {
            let delay = back_off(progress);
            let message = format!("The order was not sent: {why}.{TRIED_AGAIN}");
            try_again(settled, Reason::BackingOff, message, now, delay)
        }
        Answer::Throttled { retry_after } => {
            let delay = back_off(progress).max((*retry_after).min(BACK_OFF_MAX));
            let wait = in_words(delay);
            let message = format!("The factory takes no order now: asked again in {wait}.");
            try_again(settled, Reason::Throttled, message, now, delay)
        }
    }
}

/// What a row of the ledger makes of `progress`: the row is believed by its outcome.
pub fn believe(progress: &Progress, row: &AttemptRow, policy: &Policy, now: Time) -> Progress {
    let announced = Progress {
        phase: Phase::Placing,
        outcome: OrderOutcome::NotPlaced,
        attempt: row.attempt,
        nonce: Some(row.nonce.clone()),
        factory_order_id: progress
            .factory_order_id
            .clone()
            .filter(|_| row.attempt == progress.attempt),
        deadline: Some(row.deadline),
        placing_since: progress
            .placing_since
            .or(Some(row.deadline - policy.callback_deadline)),
        ..progress.clone()
    };
    let current = row.attempt == progress.attempt && can_be_settled(progress);
    let base = if current { progress } else { &announced };
    settle(base, &answer_of(row.outcome), now)
}

/// The answer that a row's outcome stands for.
fn answer_of(outcome: RowOutcome) -> Answer {
    match outcome {
        RowOutcome::NotSent => Answer::NotSent("the ledger says so".into()),
        RowOutcome::Throttled => Answer::Throttled {
            retry_after: BACK_OFF_FIRST,
        },
        RowOutcome::Refused => Answer::Refused { status: None },
        RowOutcome::Placed => Answer::Placed { order_id: None },
        RowOutcome::Open => Answer::InDoubt("the process that sent it is gone".into()),
        RowOutcome::Unknown => Answer::InDoubt("no answer was recorded".into()),
    }
}

/// Whether an answer can still change this progress.
pub fn can_be_settled(progress: &Progress) -> bool {
    match progress.phase {
        Phase::Placing => true,
        Phase::Awaiting => progress.outcome == OrderOutcome::Unknown,
        Phase::Pending | Phase::Succeeded | Phase::Failed => false,
    }
}

fn await_callback(progress: Progress, outcome: OrderOutcome) -> Progress {
    let placed = outcome == OrderOutcome::Placed;
    Progress {
        phase: Phase::Awaiting,
        reason: if placed {
            Reason::OrderPlaced
        } else {
            Reason::OrderUnknown
        },
        message: match outcome {
            OrderOutcome::Placed => "The factory has the order; its callback is awaited.".into(),
            _ => progress.message.clone(),
        },
        outcome,
        next_attempt_at: None,
        retry_since: None,
        ..progress
    }
}

fn refuse(progress: Progress, status: Option<u16>) -> Progress {
    let status = status
        .map(|code| format!(" with HTTP {code}"))
        .unwrap_or_default();
    Progress {
        phase: Phase::Failed,
        reason: Reason::Refused,
        message: format!("The factory refused the order{status}."),
        outcome: OrderOutcome::Refused,
        next_attempt_at: None,
        ..progress
    }
}

fn try_again(
    progress: Progress,
    reason: Reason,
    message: String,
    now: Time,
    delay: Duration,
) -> Progress {
    Progress {
        phase: Phase::Pending,
        reason,
        message,
        outcome: OrderOutcome::NotPlaced,
        next_attempt_at: Some(now + delay),
        retry_since: progress.retry_since.or(Some(now)),
        ..progress
    }
}

/// Exponential in the number of attempts, between half and all of the step: the share is
/// drawn from the nonce, so that requests that failed together do not return together.
fn back_off(progress: &Progress) -> Duration {
    let doublings = progress.attempt.saturating_sub(1).min(16);
    let step = BACK_OFF_FIRST
        .saturating_mul(1 << doublings)
        .min(BACK_OFF_MAX);
    let nonce = progress
        .nonce
        .as_ref()
        .map(|nonce| nonce.as_str())
        .unwrap_or_default();
    let drawn = short_hash(nonce.as_bytes())
        .bytes()
        .next()
        .unwrap_or_default();
    step / 2 + (step / 2) * u32::from(drawn % 16) / 16
}
