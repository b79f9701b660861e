//! What a pass can find, whatever there is.

use crate::world::{Object, World};
use restock_operator::domain::progress::Observed;
use restock_operator::domain::word::Verb;

/// What answers it.
#[derive(Clone, Copy)]
pub(crate) struct Sight {
    guard_over: bool,
    ledger: bool,
    receiver: bool,
}

impl Sight {
    /// Everything answers.
    pub(crate) fn whole(guard_over: bool) -> Self {
        Self {
            guard_over,
            ledger: true,
            receiver: true,
        }
    }

    pub(crate) fn without_ledger(self) -> Self {
        Self {
            ledger: false,
            ..self
        }
    }

    /// No receiver booked goods just now.
    pub(crate) fn without_receiver(self) -> Self {
        Self {
            receiver: false,
            ..self
        }
    }

    /// What this controller then knows of this version.
    pub(crate) fn of(self, world: &World, object: &Object, controller: usize) -> Observed {
        let seen = world.observed(object, controller, self.guard_over);
        Observed {
            ledger: seen.ledger.filter(|_| self.ledger),
            unbooked: (!self.receiver).then(|| "it cannot be reached".to_owned()),
            ..seen
        }
    }
}

/// Whether a person says that goods have come, and nobody has handled it.
pub(crate) fn waits_for_goods(object: &Object) -> bool {
    let handled = object.progress.handled_resolution.as_ref();
    let goods = object.word.as_ref();
    let goods = goods.filter(|word| matches!(word.verb, Verb::Arrived(_)));
    goods.is_some_and(|word| handled.is_none_or(|handled| handled.word != *word))
}
