//! Where a request stands, and what is known when a pass decides.

use crate::domain::order::{FactoryKey, Nonce, Order, Quantity, RequestId};
use crate::domain::time::Time;
use crate::domain::word::{Handled, Resolution};
use std::time::Duration;

/// The five phases. What may follow what is decided in `decide` and `settle` alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Nothing is under way at the factory.
    #[default]
    Pending,
    /// An attempt was announced; its order may or may not have been sent.
    Placing,
    /// The factory has the order, or may have it: the callback will tell.
    Awaiting,
    /// The goods arrived.
    Succeeded,
    /// Ended without goods. A late arrival still mends it.
    Failed,
}

/// Why a request stands where it stands: a closed set, documented in docs/operations.md.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Just created.
    #[default]
    New,
    /// Pending: the factory could not be reached; tried again later.
    BackingOff,
    /// Pending: the factory asked to wait (429, or 503 with Retry-After).
    Throttled,
    /// Pending: an earlier attempt is overdue and the policy orders again.
    Reordering,
    /// Pending: a person has it ordered again.
    Retrying,
    /// Pending: a person suspended the request.
    Suspended,
    /// Pending: the Factory allows no further open request of this product.
    ProductBusy,
    /// Pending: the Factory is suspended, or its settings cannot be used.
    FactoryClosed,
    /// Pending: the Factory's circuit breaker is open; final when `retry_for` is spent.
    BreakerOpen,
    /// Pending: no Factory serves it, or several do; final after the grace time.
    NoFactory,
    /// Pending: what held it is over; its turn comes when the Factory's limits allow it.
    Queued,
    /// Placing: an order is being sent.
    Ordering,
    /// Awaiting: the factory accepted the order.
    OrderPlaced,
    /// Awaiting: no one knows whether the factory has the order.
    OrderUnknown,
    /// Succeeded: the goods arrived in time.
    Arrived,
    /// Succeeded: the goods arrived after the request had failed.
    LateArrival,
    /// Failed: no such product, no usable Factory, or over a limit.
    Invalid,
    /// Failed: another object already stands for this request.
    Duplicate,
    /// Failed: a person cancelled it while nothing was under way.
    Cancelled,
    /// Failed: no attempt is left.
    AttemptsExhausted,
    /// Failed: the factory could not be reached within the back-off budget.
    FactoryUnreachable,
    /// Failed: the factory asked to wait until the back-off budget was spent.
    FactoryThrottled,
    /// Failed: the factory refused the order.
    Refused,
    /// Failed: the order was placed and no callback came.
    CallbackOverdue,
    /// Failed: it is unknown whether the order was placed, and no callback came.
    OrderOutcomeUnknown,
}

/// What is known of the current attempt's order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OrderOutcome {
    /// Nothing reached the factory.
    #[default]
    NotPlaced,
    /// The factory accepted it.
    Placed,
    /// The factory refused it.
    Refused,
    /// No one knows.
    Unknown,
}

/// How far the one notice about a slow request is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Delay {
    /// In time.
    #[default]
    None,
    /// Marked on the object, not yet told.
    Marked,
    /// Marked and told.
    Told,
}

/// An acknowledged publish.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Told {
    /// The notice's stable id.
    pub notice_id: String,
    /// The id that the channel gave to the publish.
    pub publish_id: String,
    /// Which channels acknowledged.
    pub channels: Vec<String>,
    /// When.
    pub at: Time,
}

/// Goods that arrived for this request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arrived {
    /// How many.
    pub quantity: Quantity,
    /// When the ledger had them, by its clock.
    pub at: Time,
}

/// The state of one request: the domain's image of the object's status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Progress {
    /// The phase.
    pub phase: Phase,
    /// Why.
    pub reason: Reason,
    /// One sentence for people.
    pub message: String,
    /// Nothing is left to do or to tell.
    pub finished: bool,
    /// What is known of the current attempt's order.
    pub outcome: OrderOutcome,
    /// Fixed by the first Placing, for all attempts.
    pub order: Option<Order>,
    /// Number of the latest attempt; only rises.
    pub attempt: u32,
    /// How often a person had it ordered again: each time raises the bound by one.
    pub retries: u32,
    /// How often a person's word opened it again after it had failed.
    pub reopened: u32,
    /// The latest attempt's nonce; stays until the next Placing.
    pub nonce: Option<Nonce>,
    /// When the latest attempt was announced, by the ledger's clock.
    pub placing_since: Option<Time>,
    /// The id that the factory gave to the order, for people.
    pub factory_order_id: Option<String>,
    /// When the callback is overdue, by the ledger's clock.
    pub deadline: Option<Time>,
    /// No attempt before this, by the local clock.
    pub next_attempt_at: Option<Time>,
    /// When the running series of back-offs began, by the local clock.
    pub retry_since: Option<Time>,
    /// The goods, once they are here.
    pub arrival: Option<Arrived>,
    /// Whether it took too long, and whether that was told.
    pub delay: Delay,
    /// The last acknowledged notice about how it ended.
    pub told: Option<Told>,
    /// The person's word that was handled last.
    pub handled_resolution: Option<Handled>,
}

/// What the ledger says became of an attempt's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowOutcome {
    /// May be on its way right now.
    Open,
    /// Nothing was and nothing will be sent.
    NotSent,
    /// The factory asked to wait.
    Throttled,
    /// The factory accepted it.
    Placed,
    /// No one knows.
    Unknown,
    /// The factory refused it.
    Refused,
}

impl RowOutcome {
    /// Whether the attempt may have cost an order: what `max_attempts` bounds.
    pub const fn counts(self) -> bool {
        !matches!(self, Self::NotSent | Self::Throttled)
    }
}

/// One row of `order_attempt` of this request, of whichever object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AttemptRow {
    /// The attempt's number.
    pub attempt: u32,
    /// The object that announced it.
    pub uid: String,
    /// The process's intent.
    pub nonce: Nonce,
    /// What became of it.
    pub outcome: RowOutcome,
    /// When its callback is overdue, by the ledger's clock.
    pub deadline: Time,
}

/// One row of `arrival` of this request, of whichever object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ArrivalRow {
    /// The attempt whose goods these are.
    pub attempt: u32,
    /// The object whose claims the callback carried.
    pub uid: String,
    /// How many.
    pub quantity: Quantity,
    /// When it was committed, by the ledger's clock.
    pub at: Time,
}

/// What one statement read from the ledger, all at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LedgerView {
    /// The ledger's own time: the only clock for deadlines.
    pub now: Time,
    /// Arrivals of this request.
    pub arrivals: Vec<ArrivalRow>,
    /// Attempts of this request.
    pub rows: Vec<AttemptRow>,
    /// When the receivers last found the callback inbox empty.
    pub inbox_empty_at: Option<Time>,
    /// For how long this process has had answers from the ledger without a failure.
    pub answering_for: Duration,
}

/// The request itself: what its object's metadata and spec say.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// Its id, everywhere.
    pub id: RequestId,
    /// The object's uid.
    pub uid: String,
    /// When the object was created.
    pub created_at: Time,
    /// Why it stands for no message, if so: nothing is ever ordered for it.
    pub unusable: Option<String>,
    /// No new order while set.
    pub suspended: bool,
    /// A person's word, if there is one.
    pub resolution: Option<Resolution>,
}

/// Why a request cannot be ordered now.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Unresolved {
    /// Never will be: the sentence says why.
    Never(String),
    /// Perhaps later, when somebody mends the Factories; final after the grace time.
    Misconfigured(String),
    /// Later, when somebody opens the Factory.
    Closed(FactoryKey, String),
    /// Later, by itself: other requests of the product go first at this Factory.
    ProductBusy(FactoryKey, String),
    /// Soon, by itself: the sentence says what is waited for.
    NotNow(String),
}

impl Unresolved {
    /// The Factory that the request waits for, if it is known: its limits hold meanwhile.
    pub const fn factory(&self) -> Option<&FactoryKey> {
        match self {
            Self::Closed(factory, _) | Self::ProductBusy(factory, _) => Some(factory),
            Self::Never(_) | Self::Misconfigured(_) | Self::NotNow(_) => None,
        }
    }
}

/// Everything one pass knows. Collected by observe, decided on by decide.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The request.
    pub request: Request,
    /// Where it stands.
    pub progress: Progress,
    /// The ledger, read in this very pass; none if it did not answer.
    pub ledger: Option<LedgerView>,
    /// The order it asks for, or why there is none now.
    pub order: Result<Order, Unresolved>,
    /// How long this process has seen this nonce in Placing, by its monotonic clock.
    pub placing_seen_for: Duration,
    /// How long the Factories have been known to this process.
    pub factories_known_for: Duration,
    /// This process's own answer for the current nonce, not yet recorded.
    pub held_answer: Option<Answer>,
    /// A publish acknowledged to this process, not yet recorded.
    pub acknowledged: Option<Told>,
    /// Why goods of a person's word were not booked just now; asked for again when this is none.
    pub unbooked: Option<String>,
}

/// What a POST to the factory came to: design table "what a POST can mean".
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// No byte of the order left this process.
    NotSent(String),
    /// 429, or 503 with Retry-After.
    Throttled {
        /// How long the factory asked to wait.
        retry_after: Duration,
    },
    /// A 3xx or another 4xx.
    Refused {
        /// The HTTP status, where it is still known.
        status: Option<u16>,
    },
    /// A 2xx status line was read.
    Placed {
        /// The factory's id of the order, if its answer had one.
        order_id: Option<String>,
    },
    /// Anything else: it may or may not have the order.
    InDoubt(String),
}

impl Answer {
    /// The row outcome that records this answer.
    pub const fn row_outcome(&self) -> RowOutcome {
        match self {
            Self::NotSent(_) => RowOutcome::NotSent,
            Self::Throttled { .. } => RowOutcome::Throttled,
            Self::Refused { .. } => RowOutcome::Refused,
            Self::Placed { .. } => RowOutcome::Placed,
            Self::InDoubt(_) => RowOutcome::Unknown,
        }
    }
}

impl Progress {
    /// The factory that was chosen, if any attempt was ever announced.
    pub fn factory(&self) -> Option<&FactoryKey> {
        self.order.as_ref().map(|order| &order.factory)
    }
}
