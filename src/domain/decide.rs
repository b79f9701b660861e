//! What one pass does next: the heart of the controller.
//!
//! Total and pure. One step per pass; the next pass sees what came of it. Read the
//! questions of [`decide`] from the top: the first that has an answer decides.

mod awaiting;
mod pending;
mod word;

use crate::domain::notice::{self, Kind};
use crate::domain::order::{Order, Quantity};
use crate::domain::policy::Policy;
use crate::domain::progress::{
    Answer, ArrivalRow, Arrived, AttemptRow, Delay, LedgerView, Observed, OrderOutcome, Phase,
    Progress, Reason, RowOutcome, Told,
};
use crate::domain::settle::{believe, can_be_settled, settle};
use crate::domain::time::Time;
use crate::domain::word::Handled;
use awaiting::awaiting;
use pending::pending;
pub use pending::{released, unanswered};
use std::time::Duration;
use word::{goods_wait, is_of, overtaken, word};

/// How soon a pass looks again when something outside must change first: a ledger that
/// does not answer, a Factory that must be mended, a permit that another request holds.
pub const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing to do and nothing to wait for.
    Rest,
    /// Look again after this long, or when something changes; meanwhile tell.
    Wait {
        /// How long.
        time: Duration,
        /// What for, in words for people.
        why: String,
        /// A notice that is due.
        tell: Option<Kind>,
    },
    /// Write this status: compare-and-set.
    Record(Box<Progress>),
    /// Write the answer into the attempt's row, then this status: compare-and-set.
    Settle(Answer, Box<Progress>),
    /// Announce an attempt and order: the effects of `domain::placing`.
    Order(Box<Progress>, Order),
    /// Have so many pieces booked for this attempt, as its callback would. The ledger shows
    /// them to the next pass; where it cannot yet, write this status: compare-and-set.
    Book(Quantity, Box<Progress>),
    /// Insert the attempt's row as not sent, so that nothing can be sent any more.
    Fence,
}

/// Decides. `now` is the local clock, for back-off; deadlines go by the ledger's clock.
pub fn decide(seen: &Observed, policy: &Policy, now: Time) -> Step {
    own_answer(seen, now)
        .or_else(|| arrival(seen, now))
        .or_else(|| seen.progress.finished.then(|| finished(seen, now)))
        .or_else(|| duplicate(seen))
        .or_else(|| word(seen, now))
        .or_else(|| delay(seen, policy, now))
        .unwrap_or_else(|| match seen.progress.phase {
            Phase::Pending => match goods_wait(seen) {
                Some(why) => wait(seen, LOOK_AGAIN, why),
                None => pending(seen, policy, now),
            },
            Phase::Placing => placing(seen, policy, now),
            Phase::Awaiting => awaiting(seen, policy, now),
            Phase::Succeeded | Phase::Failed => ended(seen),
        })
}

/// An answer that this process could not record yet. Before the arrival: a row that
/// stayed open would look like an order in doubt for ever.
fn own_answer(seen: &Observed, now: Time) -> Option<Step> {
    let answer = seen
        .held_answer
        .as_ref()
        .filter(|_| can_be_settled(&seen.progress))?;
    let settled = settle(&seen.progress, answer, now);
    let progress = match arrived(seen) {
        Some(arrival) => succeed(seen, &settled, &arrival, now),
        None => settled,
    };
    Some(Step::Settle(answer.clone(), Box::new(progress)))
}

/// The goods are here: that wins over every phase, and over a word that was not done yet.
fn arrival(seen: &Observed, now: Time) -> Option<Step> {
    let arrival = arrived(seen).filter(|_| seen.progress.phase != Phase::Succeeded)?;
    let succeeded = succeed(seen, &seen.progress, &arrival, now);
    Some(Step::Record(Box::new(succeeded)))
}

/// Nothing is left to do, unless a person said something since. What it asks for is done
/// by a next pass: in the watch again, the object is neither forgotten nor deleted.
fn finished(seen: &Observed, now: Time) -> Step {
    match word(seen, now) {
        Some(Step::Record(progress)) if progress.finished => Step::Record(progress),
        Some(_) => Step::Record(Box::new(Progress {
            finished: false,
            ..seen.progress.clone()
        })),
        None => Step::Rest,
    }
}

/// The first goods that came for this very object, whichever attempt's they are.
fn arrived(seen: &Observed) -> Option<ArrivalRow> {
    let ledger = seen.ledger.as_ref()?;
    let ours = ledger
        .arrivals
        .iter()
        .filter(|arrival| arrival.uid == seen.request.uid);
    ours.min_by_key(|arrival| (arrival.at, arrival.attempt))
        .cloned()
}

fn succeed(seen: &Observed, progress: &Progress, arrival: &ArrivalRow, now: Time) -> Progress {
    let word = overtaken(seen, arrival, now).or_else(|| progress.handled_resolution.clone());
    let reason = match seen.progress.phase {
        Phase::Failed => Reason::LateArrival,
        _ => Reason::Arrived,
    };
    Progress {
        phase: Phase::Succeeded,
        reason,
        message: came(arrival, word.as_ref()),
        // Who was told of a failure is told of its end: that is still to do.
        finished: reason == Reason::Arrived && progress.reopened == 0,
        outcome: OrderOutcome::Placed,
        next_attempt_at: None,
        arrival: Some(Arrived {
            quantity: arrival.quantity,
            at: arrival.at,
        }),
        handled_resolution: word,
        ..progress.clone()
    }
}

/// What came, and whose word that is, if it is a person's: what was booked so was counted.
fn came(arrival: &ArrivalRow, word: Option<&Handled>) -> String {
    let says = word.filter(|word| word.refusal.is_none() && is_of(&word.word, arrival));
    let says = says.map_or_else(String::new, |word| format!(", says {},", word.word.by));
    match u32::from(arrival.quantity) {
        1 => format!("1 piece arrived{says} and is in stock."),
        pieces => format!("{pieces} pieces arrived{says} and are in stock."),
    }
}

/// Another object already stands for this request, and no attempt of ours has its row.
fn duplicate(seen: &Observed) -> Option<Step> {
    let ledger = seen.ledger.as_ref()?;
    let open = match seen.progress.phase {
        Phase::Pending => true,
        Phase::Placing => own_row(seen, ledger).is_none(),
        Phase::Awaiting | Phase::Succeeded | Phase::Failed => false,
    };
    let other_row = |row: &&AttemptRow| row.uid != seen.request.uid;
    let other_arrival = ledger
        .arrivals
        .iter()
        .find(|row| row.uid != seen.request.uid);
    let first = other_arrival
        .map(|arrival| arrival.uid.clone())
        .or_else(|| {
            ledger
                .rows
                .iter()
                .find(other_row)
                .map(|row| row.uid.clone())
        });
    let first = first.filter(|_| open)?;
    let served = other_arrival.is_some()
        || ledger
            .rows
            .iter()
            .filter(other_row)
            .any(|row| row.outcome.counts());
    let message = format!("The object with uid {first} already stands for this request.");
    let failed = fail(&seen.progress, Reason::Duplicate, message);
    // Quiet only when the other one really ordered: else nobody would ever be told.
    Some(Step::Record(Box::new(Progress {
        finished: served,
        ..failed
    })))
}

/// Marks a request that takes too long, once, and records that it was told.
fn delay(seen: &Observed, policy: &Policy, now: Time) -> Option<Step> {
    let progress = &seen.progress;
    // Before all Factories are known, how long is too long is not known either.
    let too_early = seen.factories_known_for.is_zero();
    if too_early || matches!(progress.phase, Phase::Succeeded | Phase::Failed) {
        return None;
    }
    match progress.delay {
        Delay::None => {
            let late = now.since(waiting_since(seen)) > policy.delayed_after;
            let marked = Progress {
                delay: Delay::Marked,
                message: goods_wait(seen).unwrap_or_else(|| delayed_message(progress)),
                ..progress.clone()
            };
            late.then(|| Step::Record(Box::new(marked)))
        }
        Delay::Marked => {
            let id = notice::id_of(&seen.request.id, Kind::Delayed, progress);
            seen.acknowledged
                .as_ref()
                .filter(|told| told.notice_id == id)?;
            let told = Progress {
                delay: Delay::Told,
                ..progress.clone()
            };
            Some(Step::Record(Box::new(told)))
        }
        Delay::Told => None,
    }
}

/// A request that nothing happened to yet has no sentence; the Delayed notice needs one.
fn delayed_message(progress: &Progress) -> String {
    match progress.message.as_str() {
        "" => "Not ordered yet: the Factory's limits or its breaker let no order through, \
               or the ledger does not answer."
            .to_owned(),
        said => said.to_owned(),
    }
}

/// Since when the request has been in its phase.
fn waiting_since(seen: &Observed) -> Time {
    let progress = &seen.progress;
    let since = match progress.phase {
        // Back from an attempt, it has waited since that one at most.
        Phase::Pending => progress
            .placing_since
            .and(progress.retry_since)
            .or(progress.placing_since),
        _ => progress.placing_since,
    };
    let since = since.unwrap_or(seen.request.created_at);
    // What a person sets going again begins to wait then.
    let word = progress.handled_resolution.as_ref();
    let done = word.filter(|handled| handled.refusal.is_none());
    done.map_or(since, |handled| since.max(handled.at))
}

/// A Placing that this pass finds: another pass began it and may still be at it.
fn placing(seen: &Observed, policy: &Policy, now: Time) -> Step {
    let Some(ledger) = &seen.ledger else {
        return wait(seen, LOOK_AGAIN, "the ledger does not answer");
    };
    let row = own_row(seen, ledger);
    let guard_left = policy.guard_time.saturating_sub(seen.placing_seen_for);
    match row {
        Some(row) if known(row) => {
            Step::Record(Box::new(believe(&seen.progress, row, policy, now)))
        }
        _ if !guard_left.is_zero() => wait(seen, guard_left, "another process may be ordering"),
        Some(row) => Step::Record(Box::new(believe(&seen.progress, row, policy, now))),
        None => Step::Fence,
    }
}

/// The row of the current attempt.
fn own_row<'a>(seen: &Observed, ledger: &'a LedgerView) -> Option<&'a AttemptRow> {
    let attempt = seen.progress.attempt;
    let uid = &seen.request.uid;
    ledger
        .rows
        .iter()
        .find(|row| row.attempt == attempt && row.uid == *uid)
}

/// Attempts of this request, whatever the object, that may have cost an order.
fn orders_counted(ledger: &LedgerView) -> u32 {
    let counted = ledger
        .rows
        .iter()
        .filter(|row| row.outcome.counts())
        .count();
    u32::try_from(counted).unwrap_or(u32::MAX)
}

/// How many of them there may be.
fn attempts_max(progress: &Progress, policy: &Policy) -> u32 {
    policy.max_attempts.saturating_add(progress.retries)
}

/// Whether the row says what became of its order.
fn known(row: &AttemptRow) -> bool {
    !matches!(row.outcome, RowOutcome::Open | RowOutcome::Unknown)
}

/// What is left after the end: a notice, goods that no receiver takes yet, then nothing.
fn ended(seen: &Observed) -> Step {
    let progress = &seen.progress;
    let Some(kind) = notice::due(progress) else {
        return finish(seen, progress.told.clone());
    };
    let id = notice::id_of(&seen.request.id, kind, progress);
    let is_told = |told: &&Told| told.notice_id == id;
    // A word that changed nothing, or only what is known, is no second failure.
    let known = progress.told.as_ref().filter(is_told);
    match known.or(seen.acknowledged.as_ref().filter(is_told)) {
        Some(told) => finish(seen, Some(told.clone())),
        None => Step::Wait {
            time: LOOK_AGAIN,
            why: "a notice is due".into(),
            tell: Some(kind),
        },
    }
}

/// Finished, unless goods wait: who is not in the watch is looked at seldom.
fn finish(seen: &Observed, told: Option<Told>) -> Step {
    match goods_wait(seen) {
        Some(why) if told == seen.progress.told => wait(seen, LOOK_AGAIN, why),
        waits => Step::Record(Box::new(Progress {
            finished: waits.is_none(),
            told,
            ..seen.progress.clone()
        })),
    }
}

fn fail(progress: &Progress, reason: Reason, message: String) -> Progress {
    let phase = Phase::Failed;
    Progress {
        phase,
        reason,
        message,
        next_attempt_at: None,
        ..progress.clone()
    }
}

fn failed(seen: &Observed, reason: Reason, message: String) -> Step {
    Step::Record(Box::new(fail(&seen.progress, reason, message)))
}

fn wait(seen: &Observed, time: Duration, why: impl Into<String>) -> Step {
    let time = match goods_wait(seen) {
        Some(_) => time.min(LOOK_AGAIN),
        None => time,
    };
    let tell = (seen.progress.delay == Delay::Marked).then_some(Kind::Delayed);
    Step::Wait {
        time,
        why: why.into(),
        tell,
    }
}
