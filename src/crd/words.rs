//! The closed sets of words in status and spec: the domain's enums, as they are stored.
//!
//! The domain knows nothing of schemas, so each set is written here once more; both
//! conversions are exhaustive matches, so the compiler keeps the two in step.

use crate::domain::{policy, progress as domain};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! mirror {
    (
        $(#[$meta:meta])* $name:ident of $domain:path {
            $($(#[$variant_meta:meta])* $variant:ident,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            $($(#[$variant_meta])* #[allow(missing_docs, reason = "the domain's enum has them")] $variant,)+
        }

        impl From<$domain> for $name {
            fn from(word: $domain) -> Self {
                match word {
                    $(<$domain>::$variant => Self::$variant,)+
                }
            }
        }

        impl From<$name> for $domain {
            fn from(word: $name) -> Self {
                match word {
                    $($name::$variant => Self::$variant,)+
                }
            }
        }

        impl $name {
            /// The word as it is stored.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($variant),)+
                }
            }
        }
    };
}

mirror! {
    /// Where a request stands. Pending: nothing is under way at the factory. Placing: an
    /// order is being sent. Awaiting: the factory has the order, or may have it. Succeeded:
    /// the goods arrived. Failed: ended without goods; a late arrival still mends it.
    Phase of domain::Phase {
        Pending, Placing, Awaiting, Succeeded, Failed,
    }
}

mirror! {
    /// Why a request stands where it stands.
    Reason of domain::Reason {
        New, BackingOff, Throttled, Reordering, Retrying, Suspended, ProductBusy, FactoryClosed,
        BreakerOpen, NoFactory, Queued, Ordering, OrderPlaced, OrderUnknown, Arrived,
        LateArrival, Invalid, Duplicate, Cancelled, AttemptsExhausted, FactoryUnreachable,
        FactoryThrottled, Refused, CallbackOverdue, OrderOutcomeUnknown,
    }
}

mirror! {
    /// What is known of the latest attempt's order.
    OrderOutcome of domain::OrderOutcome {
        NotPlaced, Placed, Refused, Unknown,
    }
}

mirror! {
    /// What follows when the callback of an order is overdue.
    OnOverdue of policy::OnOverdue {
        Fail, Reorder,
    }
}

/// Whether a slow request was told: absent while it is in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Delay {
    /// Marked on the object, not yet told.
    Marked,
    /// Marked and told.
    Told,
}

/// What a person says of a request. Placed, NotPlaced: whether the factory has the order
/// that is in doubt. Arrived: goods came, and no callback did. Retry: order once more.
/// Cancel: order nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the domain's enum has them")]
pub enum Verb {
    Placed,
    NotPlaced,
    Arrived,
    Retry,
    Cancel,
}

/// What became of a person's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum WordOutcome {
    /// It was done.
    Done,
    /// It changed nothing; the message says why.
    Refused,
}
