//! The fixed sentences of a notice: what happened, and what to do next.

use super::parts::IN_DOUBT;
use super::{Kind, Subject};

pub(super) const fn what_happened(kind: Kind) -> &'static str {
    match kind {
        Kind::Failed => "A restock request failed: no goods came.",
        Kind::Delayed => "A restock request takes longer than it should. It goes on.",
        Kind::Resolved => "The goods of a request that had failed came after all.",
        Kind::Surplus => "Goods of a further order of the same request came too.",
        Kind::Gone => "Goods are overdue, and the object of their request was deleted.",
        Kind::Unclaimed => "Goods came, and the object of their request was deleted.",
        Kind::Differs => "Goods came, and their callback said otherwise than the order.",
    }
}

pub(super) fn next_step(of: &Subject) -> &'static str {
    match of.kind {
        Kind::Failed if of.cause == "Cancelled" => {
            "Nothing: no further order is sent. If goods of an earlier one come, they are counted."
        }
        Kind::Failed if is_to_be_retried(of) => {
            "Its last attempt ordered nothing. Mend the cause, then order again:"
        }
        Kind::Failed if of.cause == "CallbackOverdue" => {
            "Ask the factory for the order. If goods still come, it is mended and you are told."
        }
        Kind::Failed if of.cause == IN_DOUBT => {
            "Ask the factory whether it has the order; its answer is yours to tell: `kubectl \
             restock status` of the object says how. If goods still come, it is mended."
        }
        Kind::Failed => "Read the object. If goods still come, it is mended and you are told.",
        Kind::Delayed => "Read the object: its message says what it waits for.",
        Kind::Resolved => "Nothing: they are in stock, and the request has Succeeded.",
        Kind::Surplus => "They are in stock. Ask the factory why it delivered twice.",
        Kind::Gone => "Ask the factory for the order. If goods still come, they are counted.",
        Kind::Unclaimed => "Nothing: they are in stock.",
        Kind::Differs => "They were booked as ordered. Count them; correct with adjust.",
    }
}

/// Whether what a person does next is to have it ordered again.
pub(super) fn is_to_be_retried(of: &Subject) -> bool {
    of.kind == Kind::Failed && last_attempt_ordered_nothing(of.cause)
}

/// Causes after which no goods of the last attempt can come; of an earlier one they can,
/// where the policy orders again. `AttemptsExhausted` is none of them, for the attempts
/// were orders; nor is `Duplicate`, whose order is another object's.
fn last_attempt_ordered_nothing(cause: &str) -> bool {
    matches!(
        cause,
        "Invalid" | "Refused" | "FactoryUnreachable" | "FactoryThrottled"
    )
}

pub(super) const fn has_object(kind: Kind) -> bool {
    !matches!(kind, Kind::Gone | Kind::Unclaimed)
}
