//! What the operations team is told, and the id under which they are told it.

mod parts;
mod text;
mod words;

pub use text::{Notice, SUBJECTS_MAX, compose};

use crate::domain::order::{RequestId, short_hash};
use crate::domain::progress::{Phase, Progress, Reason};
use crate::domain::time::Time;

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A request ended without goods.
    Failed,
    /// A request takes too long.
    Delayed,
    /// The goods of a failed request came after all.
    Resolved,
    /// Goods of a second attempt came too: they are in stock as surplus.
    Surplus,
    /// Goods are overdue whose request's object is gone.
    Gone,
    /// Goods came whose request's object is gone: they are in stock. Not the same word as
    /// `Gone`, for the two may follow each other and have to differ in their ids.
    Unclaimed,
    /// The callback's body said otherwise than what was ordered; the order was booked.
    Differs,
}

impl Kind {
    /// The word that people and machines read.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Resolved => "resolved",
            Self::Surplus => "surplus",
            Self::Gone => "gone",
            Self::Unclaimed => "unclaimed",
            Self::Differs => "differs",
        }
    }
}

/// One thing that the operations team has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The stable id, from [`id`].
    pub notice_id: String,
    /// What it is about.
    pub kind: Kind,
    /// The request.
    pub request_id: RequestId,
    /// Namespace of its object; empty if nobody knows it.
    pub namespace: String,
    /// Name of its object.
    pub name: String,
    /// Name of the Factory object, once one was chosen.
    pub factory: Option<String>,
    /// Why: a word of the closed set of reasons.
    pub cause: &'static str,
    /// The product, as well as it is known.
    pub product: String,
    /// How many, as well as it is known.
    pub quantity: Option<u32>,
    /// When it was ordered, where it may have been: by this the factory finds it.
    pub ordered_at: Option<Time>,
    /// The factory's own id of the order, where it is known.
    pub order_id: Option<String>,
    /// What happened, in a sentence. May quote strangers.
    pub message: String,
    /// When it was found out.
    pub at: Time,
}

/// Where notices go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipients {
    /// ARN of an SNS topic.
    pub topic_arn: Option<String>,
    /// Mail through SES.
    pub mail: Option<Mail>,
    /// ARN of the topic that feeds the stock queue, where it is known: a notice published
    /// there would come back as a message, and that as a dead letter, and that as a notice.
    pub stock_topic_arn: Option<String>,
}

/// A sender and its readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// A sender that SES has verified.
    pub from: String,
    /// The readers.
    pub to: Vec<String>,
}

impl Recipients {
    /// Why nothing may be told to them, if so.
    pub fn problem(&self) -> Option<String> {
        let arn = self.topic_arn.as_ref()?;
        (self.stock_topic_arn.as_ref() == Some(arn)).then(|| {
            format!(
                "{arn} is the topic of the out-of-stock messages: notices would come back as \
                 messages; set RESTOCK_OPS_TOPIC_ARN to another topic"
            )
        })
    }
}

/// The stable id of a notice: the same however often it is published, so that readers
/// can drop repeats. `number` tells notices of one kind apart, as an attempt does.
///
/// A request is told of as delayed once, however many attempts are made while that waits
/// to be told: the number is not part of its id.
pub fn id(request: &RequestId, kind: Kind, number: u32) -> String {
    let number = match kind {
        Kind::Delayed => 0,
        _ => number,
    };
    short_hash(format!("{request}/{}/{number}", kind.word()).as_bytes())
}

/// The stable id of the notice about how a request stands. Each attempt and each opening
/// of a failed request raises the number, so that its next failure is another one.
pub fn id_of(request: &RequestId, kind: Kind, progress: &Progress) -> String {
    id(
        request,
        kind,
        progress.attempt.saturating_add(progress.reopened),
    )
}

/// The notice that the end of a request asks for. Who may have been told of a failure is
/// told of its good end.
pub fn due(progress: &Progress) -> Option<Kind> {
    let failed_before = progress.reason == Reason::LateArrival || progress.reopened > 0;
    match progress.phase {
        Phase::Failed => Some(Kind::Failed),
        Phase::Succeeded if failed_before => Some(Kind::Resolved),
        _ => None,
    }
}
