//! A person's word on one request, what speaks against it, and what became of it.

use crate::domain::order::Quantity;
use crate::domain::progress::{OrderOutcome, Phase, Progress, Reason};
use crate::domain::time::Time;

/// What a person says of one request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Resolution {
    /// What is said.
    pub verb: Verb,
    /// The attempt that the person saw; a word about another one is refused as stale.
    pub attempt: u32,
    /// Why the person is sure.
    pub reason: String,
    /// Who says so.
    pub by: String,
}

/// What can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// The factory has the order.
    Placed,
    /// The factory does not have the order.
    NotPlaced,
    /// So many pieces came, and no callback did.
    Arrived(Quantity),
    /// Order again, once more than the policy allows.
    Retry,
    /// Order nothing any more.
    Cancel,
}

/// Why goods of this attempt cannot be booked for it.
pub(super) const ORDERED_NOTHING: &str =
    "that attempt ordered nothing; goods are booked with adjust";

/// Why it cannot be cancelled any more.
pub(super) const MAY_BE_ORDERED: &str =
    "the factory has the order, or may have it, and takes none back";

/// Why the word is out of place where the request stands, in words for people. None if only
/// the ledger can say more; while an order is being sent, that is waited for.
pub fn objection(word: &Resolution, progress: &Progress) -> Option<String> {
    let why = match (progress.phase, word.verb) {
        (Phase::Succeeded, _) => "the goods are here",
        (Phase::Placing, _) => return None,
        _ if word.attempt != progress.attempt => return Some(stale(word, progress)),
        (_, Verb::Placed | Verb::NotPlaced) if !is_in_doubt(progress) => {
            "nobody is in doubt about the order"
        }
        (_, Verb::Arrived(_)) if progress.order.is_none() => ORDERED_NOTHING,
        (Phase::Failed, Verb::Retry) if progress.reason == Reason::Duplicate => {
            "another object stands for this request"
        }
        (Phase::Awaiting, Verb::Retry) if !is_in_doubt(progress) => {
            "the factory has the order, and it is not overdue"
        }
        (Phase::Pending, Verb::Retry) => "it is under way",
        (Phase::Awaiting, Verb::Cancel) => MAY_BE_ORDERED,
        (Phase::Failed, Verb::Cancel) => "it is over",
        _ => return None,
    };
    Some(why.to_owned())
}

/// Whether a further order may be a second one: the latest attempt may have ordered, or they
/// all may have. Orders before those were ordered again over by a person, or the policy. An
/// order that is being sent now may be in doubt when the word on it is taken up.
pub fn may_order_twice(progress: &Progress) -> bool {
    let ordered = matches!(
        progress.outcome,
        OrderOutcome::Placed | OrderOutcome::Unknown
    );
    ordered || progress.phase == Phase::Placing || progress.reason == Reason::AttemptsExhausted
}

/// Whether nobody knows if the factory has the order of the latest attempt.
fn is_in_doubt(progress: &Progress) -> bool {
    match progress.phase {
        Phase::Awaiting => progress.outcome == OrderOutcome::Unknown,
        Phase::Failed => progress.reason == Reason::OrderOutcomeUnknown,
        Phase::Pending | Phase::Placing | Phase::Succeeded => false,
    }
}

fn stale(word: &Resolution, progress: &Progress) -> String {
    let (said, is) = (word.attempt, progress.attempt);
    format!("it is about attempt {said}, and the request is at attempt {is}")
}

impl Verb {
    /// The word as people write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "Placed",
            Self::NotPlaced => "NotPlaced",
            Self::Arrived(_) => "Arrived",
            Self::Retry => "Retry",
            Self::Cancel => "Cancel",
        }
    }
}

/// A word that was done or refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Handled {
    /// The very word: the same one said again is the same one.
    pub word: Resolution,
    /// Why it was refused; none if it was done.
    pub refusal: Option<String>,
    /// When, by the local clock.
    pub at: Time,
}

impl Handled {
    /// The word was done.
    pub fn done(word: &Resolution, at: Time) -> Self {
        Self {
            word: word.clone(),
            refusal: None,
            at,
        }
    }

    /// The word changed nothing, for this reason.
    pub fn refused(word: &Resolution, why: impl Into<String>, at: Time) -> Self {
        Self {
            refusal: Some(why.into()),
            ..Self::done(word, at)
        }
    }
}
