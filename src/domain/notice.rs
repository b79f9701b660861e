//! What the operations team is told, and the id under which they are told it.

use crate::domain::order::{RequestId, short_hash};
use crate::domain::progress::{Phase, Progress, Reason};

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
    /// Goods came, or failed to come, for a request whose object is gone.
    Gone,
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
        }
    }
}

/// The stable id of a notice: the same however often it is published, so that readers
/// can drop repeats.
pub fn id(request: &RequestId, kind: Kind, attempt: u32) -> String {
    short_hash(format!("{request}/{}/{attempt}", kind.word()).as_bytes())
}

/// The notice that the end of a request asks for, if it was not told yet.
pub fn due(progress: &Progress) -> Option<Kind> {
    match (progress.phase, progress.reason) {
        (Phase::Failed, _) => Some(Kind::Failed),
        (Phase::Succeeded, Reason::LateArrival) => Some(Kind::Resolved),
        _ => None,
    }
}
