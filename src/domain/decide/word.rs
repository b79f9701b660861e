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
use crate::domain::word::{Handled, Resolution, Verb};

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
    let answered = match (seen.progress.phase, &seen.ledger) {
        (Phase::Succeeded, _) => Err("the goods are here".to_owned()),
        (Phase::Placing, _) | (_, None) => return None,
        (_, Some(_)) if word.attempt != seen.progress.attempt => Err(stale(word, seen)),
        (_, Some(ledger)) if late_evidence(word, seen, ledger) => return None,
        (_, Some(ledger)) => answer(word, seen, ledger, now),
    };
    Some(match answered {
        Ok(step) => handled(step, Handled::done(word, now)),
        Err(why) => {
            let refused = Handled::refused(word, why, now);
            handled(Step::Record(Box::new(seen.progress.clone())), refused)
        }
    })
}

/// The word that goods were faster than.
pub(super) fn overtaken(seen: &Observed, arrival: &ArrivalRow, now: Time) -> Option<Handled> {
    let word = unhandled(seen)?;
    let these = word.verb == Verb::Arrived(arrival.quantity) && word.attempt == arrival.attempt;
    Some(if these {
        Handled::done(word, now)
    } else {
        let why = format!("the goods are here already: {}", arrival.quantity);
        Handled::refused(word, why, now)
    })
}

fn stale(word: &Resolution, seen: &Observed) -> String {
    let (said, is) = (word.attempt, seen.progress.attempt);
    format!("it is about attempt {said}, and the request is at attempt {is}")
}

/// The ledger knows another outcome, which the status lacks: that is recorded first.
fn late_evidence(word: &Resolution, seen: &Observed, ledger: &LedgerView) -> bool {
    seen.progress.phase == Phase::Awaiting
        && seen.progress.outcome == OrderOutcome::Unknown
        && own_row(seen, ledger).is_some_and(|row| known(row) && !says(word, row))
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
        Verb::Placed => placed(word, seen, ledger, now),
        Verb::NotPlaced => not_placed(word, seen, ledger, now),
        Verb::Arrived(quantity) => goods(quantity, seen, ledger),
        Verb::Retry => retry(word, seen),
        Verb::Cancel => cancel(word, seen, ledger),
    }
}

/// A request that failed in doubt stays failed: its callback is overdue all the same, and
/// goods that come mend it.
fn placed(word: &Resolution, seen: &Observed, ledger: &LedgerView, now: Time) -> Answered {
    let row = doubtful(word, seen, ledger)?;
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

fn not_placed(word: &Resolution, seen: &Observed, ledger: &LedgerView, now: Time) -> Answered {
    let row = doubtful(word, seen, ledger)?;
    let answer = Answer::NotSent(format!("{} says so", word.by));
    let in_doubt = Progress {
        phase: Phase::Awaiting,
        ..opened(&of_row(&seen.progress, row))
    };
    closing(row, answer.clone(), settle(&in_doubt, &answer, now))
}

/// The row of the attempt in doubt, if the ledger has it.
fn doubtful<'a>(
    word: &Resolution,
    seen: &Observed,
    ledger: &'a LedgerView,
) -> Result<Option<&'a AttemptRow>, String> {
    let progress = &seen.progress;
    let in_doubt = match progress.phase {
        Phase::Awaiting => progress.outcome == OrderOutcome::Unknown,
        Phase::Failed => progress.reason == Reason::OrderOutcomeUnknown,
        Phase::Pending | Phase::Placing | Phase::Succeeded => false,
    };
    let row = own_row(seen, ledger);
    let contradicts = row.filter(|row| known(row) && !says(word, row));
    match contradicts {
        None if in_doubt => Ok(row),
        None => Err("nobody is in doubt about the order".to_owned()),
        Some(_) => Err("the ledger knows better what became of the order".to_owned()),
    }
}

/// The row is closed by its own nonce, whichever the status has.
fn of_row(progress: &Progress, row: Option<&AttemptRow>) -> Progress {
    Progress {
        nonce: row.map(|row| row.nonce.clone()).or(progress.nonce.clone()),
        ..progress.clone()
    }
}

/// The row first; a ledger that has lost it has nothing to close.
fn closing(row: Option<&AttemptRow>, answer: Answer, settled: Progress) -> Answered {
    let settled = Box::new(settled);
    Ok(match row {
        Some(_) => Step::Settle(answer, settled),
        None => Step::Record(settled),
    })
}

/// Booked by the receiver as the callback of that attempt would be: the arrival's key lets
/// it happen once, whichever of the two comes first.
fn goods(quantity: Quantity, seen: &Observed, ledger: &LedgerView) -> Answered {
    let ordered = own_row(seen, ledger).is_some_and(|row| row.outcome.counts());
    if !ordered || seen.progress.order.is_none() {
        return Err("that attempt ordered nothing; goods are booked with adjust".to_owned());
    }
    Ok(Step::Book(quantity, Box::new(seen.progress.clone())))
}

fn retry(word: &Resolution, seen: &Observed) -> Answered {
    let progress = &seen.progress;
    match (progress.phase, progress.outcome) {
        (Phase::Failed, _) if progress.reason == Reason::Duplicate => {
            Err("another object stands for this request".to_owned())
        }
        (Phase::Failed, _) | (Phase::Awaiting, OrderOutcome::Unknown) => {
            Ok(Step::Record(Box::new(again(word, progress))))
        }
        (Phase::Awaiting, _) => Err("the factory has the order, and it is not overdue".to_owned()),
        _ => Err("it is under way".to_owned()),
    }
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
    match seen.progress.phase {
        Phase::Pending if newer_row(seen, ledger).is_none() => {
            let message = format!("Cancelled by {}: {}", word.by, word.reason);
            let cancelled = fail(&seen.progress, Reason::Cancelled, message);
            Ok(Step::Record(Box::new(cancelled)))
        }
        Phase::Failed => Err("it is over".to_owned()),
        _ => Err("the factory has the order, or may have it, and takes none back".to_owned()),
    }
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
