//! A person's word on one request, and what became of it.

use crate::domain::order::Quantity;
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
