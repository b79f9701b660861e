//! What a person's word makes of a request: done or refused, once, and visibly.
//!
//! A word is about the attempt that the person saw. Whoever says it of another one may not
//! know that an order is under way, so it is refused.

use super::pending::newer_row;
use super::{Step, fail, known, own_row};
use crate::domain::order::Quantity;
use crate::domain::progress::{
    Answer, ArrivalRow, AttemptRow, Delay, LedgerView, Observed, OrderOutcome, Phase, Progress,
    Reason, RowOutcome,
};
use crate::domain::settle::settle;
use crate::domain::time::Time;
use crate::domain::word::{Handled, MAY_BE_ORDERED, ORDERED_NOTHING, Resolution, Verb, objection};

/// What a word asks for, or in words for people why it changes nothing.
type Answered = Result<Step, String>;

/// The word, unless it was handled already.
fn unhandled(seen: &Observed) -> Option<&Resolution> {
    let handled = seen.progress.handled_resolution.as_ref();
    let is_new = |word: &&Resolution| handled.is_none_or(|handled| handled.word != **word);
    seen.request.resolution.as_ref().filter(is_new)
}

/// Does or refuses a word. None while it has to wait: an order that is being sent is known
/// within seconds, and without the ledger nobody knows what became of the earlier ones.
pub(super) fn word(seen: &Observed, now: Time) -> Option<Step> {
    let word = unhandled(seen)?;
    let objection = objection(word, &seen.progress);
    let answered = match (seen.progress.phase, &seen.ledger, objection) {
        (Phase::Succeeded, _, Some(why)) => Err(why),
        (Phase::Placing, ..) | (_, None, _) => return None,
        (_, Some(ledger), _) if late_evidence(word, seen, ledger) => return None,
        (_, Some(ledger), objection) => match contradicted(word, seen, ledger).or(objection) {
            Some(why) => Err(why),
            None if goods_wait(seen).is_some() => return None,
            None => answer(word, seen, ledger, now),
        },
    };
    Some(match answered {
        Ok(step) => handled(step, Handled::done(word, now)),
        Err(why) => {
            let refused = Handled::refused(word, why, now);
            handled(Step::Record(Box::new(seen.progress.clone())), refused)
        }
    })
}

/// That goods which a person says have come are not booked, though it was tried just now, and why:
/// no receiver takes them. All else goes on meanwhile, but for another order.
pub(super) fn goods_wait(seen: &Observed) -> Option<String> {
    let word = unhandled(seen).filter(|word| matches!(word.verb, Verb::Arrived(_)))?;
    let why = seen.unbooked.as_ref()?;
    Some(format!(
        "The goods are here, says {}, and the receiver does not book them: {why}.",
        word.by
    ))
}

/// Whether a person has said that the goods of this attempt came, and the receiver has their
/// callback.
pub(super) fn goods_are_parked(progress: &Progress) -> bool {
    let handled = progress.handled_resolution.as_ref();
    handled.is_some_and(|handled| {
        handled.refusal.is_none()
            && matches!(handled.word.verb, Verb::Arrived(_))
            && handled.word.attempt == progress.attempt
    })
}

/// The word that goods were faster than.
pub(super) fn overtaken(seen: &Observed, arrival: &ArrivalRow, now: Time) -> Option<Handled> {
    let word = unhandled(seen)?;
    Some(if is_of(word, arrival) {
        Handled::done(word, now)
    } else {
        let why = format!("the goods are here already: {}", arrival.quantity);
        Handled::refused(word, why, now)
    })
}

/// Whether the word is that just these goods came.
pub(super) fn is_of(word: &Resolution, arrival: &ArrivalRow) -> bool {
    word.verb == Verb::Arrived(arrival.quantity) && word.attempt == arrival.attempt
}

/// The row of the attempt that the word is about, where that is the request's.
fn row_of<'a>(
    word: &Resolution,
    seen: &Observed,
    ledger: &'a LedgerView,
) -> Option<&'a AttemptRow> {
    own_row(seen, ledger).filter(|row| row.attempt == word.attempt)
}

/// The ledger knows another outcome, which the status lacks: that is recorded first.
fn late_evidence(word: &Resolution, seen: &Observed, ledger: &LedgerView) -> bool {
    seen.progress.phase == Phase::Awaiting
        && seen.progress.outcome == OrderOutcome::Unknown
        && row_of(word, seen, ledger).is_some_and(|row| known(row) && !says(word, row))
}

/// What the ledger has against a word about the order.
fn contradicted(word: &Resolution, seen: &Observed, ledger: &LedgerView) -> Option<String> {
    let row = row_of(word, seen, ledger)?;
    let settles = matches!(word.verb, Verb::Placed | Verb::NotPlaced);
    let contradicts = settles && known(row) && !says(word, row);
    contradicts.then(|| "the ledger knows better what became of the order".to_owned())
}

/// Whether the row has the outcome that the word gives it: the process that closed it so
/// may have died before it wrote the status.
fn says(word: &Resolution, row: &AttemptRow) -> bool {
    match word.verb {
        Verb::Placed => row.outcome == RowOutcome::Placed,
        Verb::NotPlaced => row.outcome == RowOutcome::NotSent,
        Verb::Arrived(_) | Verb::Retry | Verb::Cancel => false,
    }
}

fn answer(word: &Resolution, seen: &Observed, ledger: &LedgerView, now: Time) -> Answered {
    match word.verb {
        Verb::Placed => Ok(placed(word, seen, ledger, now)),
        Verb::NotPlaced => Ok(not_placed(word, seen, ledger, now)),
        Verb::Arrived(quantity) => goods(quantity, seen, ledger),
        Verb::Retry => Ok(Step::Record(Box::new(again(word, &seen.progress)))),
        Verb::Cancel => cancel(word, seen, ledger),
    }
}

/// A request that failed in doubt stays failed: its callback is overdue all the same, and
/// goods that come mend it.
fn placed(word: &Resolution, seen: &Observed, ledger: &LedgerView, now: Time) -> Step {
    let row = row_of(word, seen, ledger);
    let progress = of_row(&seen.progress, row);
    let answer = Answer::Placed { order_id: None };
    let settled = match progress.phase {
        Phase::Failed => Progress {
            reason: Reason::CallbackOverdue,
            message: format!(
                "The factory has the order, says {}, but never called back.",
                word.by
            ),
            outcome: OrderOutcome::Placed,
            ..progress
        },
        _ => settle(&progress, &answer, now),
    };
    closing(row, answer, settled)
}

fn not_placed(word: &Resolution, seen: &Observed, ledger: &LedgerView, now: Time) -> Step {
    let row = row_of(word, seen, ledger);
    let answer = Answer::NotSent(format!("{} says so", word.by));
    let in_doubt = Progress {
        phase: Phase::Awaiting,
        ..opened(&of_row(&seen.progress, row))
    };
    closing(row, answer.clone(), settle(&in_doubt, &answer, now))
}

/// The row is closed by its own nonce, whichever the status has.
fn of_row(progress: &Progress, row: Option<&AttemptRow>) -> Progress {
    Progress {
        nonce: row.map(|row| row.nonce.clone()).or(progress.nonce.clone()),
        ..progress.clone()
    }
}

/// The row first; a ledger that has lost it has nothing to close.
fn closing(row: Option<&AttemptRow>, answer: Answer, settled: Progress) -> Step {
    let settled = Box::new(settled);
    match row {
        Some(_) => Step::Settle(answer, settled),
        None => Step::Record(settled),
    }
}

/// Booked by the receiver as the callback of that attempt would be: the arrival's key lets
/// it happen once, whichever of the two comes first.
fn goods(quantity: Quantity, seen: &Observed, ledger: &LedgerView) -> Answered {
    let ordered = own_row(seen, ledger).is_some_and(|row| row.outcome.counts());
    if !ordered {
        return Err(ORDERED_NOTHING.to_owned());
    }
    Ok(Step::Book(quantity, Box::new(seen.progress.clone())))
}

fn again(word: &Resolution, progress: &Progress) -> Progress {
    Progress {
        phase: Phase::Pending,
        reason: Reason::Retrying,
        message: format!("{} has it ordered again: {}", word.by, word.reason),
        outcome: OrderOutcome::NotPlaced,
        retries: progress.retries.saturating_add(1),
        next_attempt_at: None,
        retry_since: None,
        ..opened(progress)
    }
}

/// Nothing of this attempt is out while it is Pending, unless the ledger knows better.
fn cancel(word: &Resolution, seen: &Observed, ledger: &LedgerView) -> Answered {
    if newer_row(seen, ledger).is_some() {
        return Err(MAY_BE_ORDERED.to_owned());
    }
    let message = format!("Cancelled by {}: {}", word.by, word.reason);
    let cancelled = fail(&seen.progress, Reason::Cancelled, message);
    Ok(Step::Record(Box::new(cancelled)))
}

/// As before its failure, if it had failed: its next failure is another one, to be told.
fn opened(progress: &Progress) -> Progress {
    if progress.phase != Phase::Failed {
        return progress.clone();
    }
    Progress {
        finished: false,
        reopened: progress.reopened.saturating_add(1),
        told: None,
        delay: match progress.delay {
            Delay::Told => Delay::Told,
            Delay::None | Delay::Marked => Delay::None,
        },
        ..progress.clone()
    }
}

/// The same step, with the word as handled in its status.
fn handled(step: Step, handled: Handled) -> Step {
    let with_it = |progress: Box<Progress>| {
        Box::new(Progress {
            handled_resolution: Some(handled),
            ..*progress
        })
    };
    match step {
        Step::Record(progress) => Step::Record(with_it(progress)),
        Step::Settle(answer, progress) => Step::Settle(answer, with_it(progress)),
        Step::Book(quantity, progress) => Step::Book(quantity, with_it(progress)),
        other => other,
    }
}
