//! The effects of one order, in their only order.
//!
//! Announce in the cluster, insert the ledger row, POST, close the row, record the
//! answer. Every effect reports how it ended, and [`next`] says what follows: the
//! controller performs it, `tests/model.rs` explores it.
//!
//! Why this order: the announcement (a compare-and-set) lets one process in; the row is
//! the fence behind which a recovering pass can prove that nothing was sent; only then
//! may a byte leave. The row is closed before the answer is recorded, so that a status
//! lost in between is mended from the ledger.

use crate::domain::progress::{Answer, RowOutcome};

/// One effect of an order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Write Placing with the nonce: compare-and-set.
    Announce,
    /// Read the object again: did our announcement go through?
    ReadBack,
    /// Insert this attempt's row, unless the request has an arrival or a row of another
    /// object. Begun at most `HEAD_START` after the announcement was sent.
    InsertRow,
    /// Read the row again after a COMMIT whose answer was lost.
    ReadRow,
    /// Insert this attempt's row as not sent: this process gives the attempt up.
    GiveUp,
    /// Send the order. Begun at most `HEAD_START` after the announcement was sent.
    Post,
    /// Write what became of it into the row.
    CloseRow(Answer),
    /// Record the answer in the status: compare-and-set, only while the nonce is ours.
    RecordAnswer(Answer),
    /// Nothing more: the next pass sees what stands in cluster and ledger.
    Leave,
}

/// How an effect ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Report {
    /// The write was acknowledged.
    Done,
    /// Another writer was first, or the write was refused: it did not happen.
    Refused,
    /// No answer: it may or may not have happened.
    Unknown,
    /// It certainly did not happen, for a reason of ours: time over, no connection.
    NotDone(String),
    /// What a read found: our own nonce.
    Ours,
    /// What a read found: an open row with our nonce, or nothing.
    Row(Option<RowOutcome>),
    /// What the factory's answer means.
    Answered(Answer),
}

/// What follows an effect that ended so.
pub fn next(effect: &Effect, report: Report) -> Effect {
    match (effect, report) {
        (Effect::Announce, Report::Done) => Effect::InsertRow,
        // Our own retried or unanswered write can be what refused us: look.
        (Effect::Announce, Report::Refused | Report::Unknown) => Effect::ReadBack,
        (Effect::ReadBack, Report::Ours) => Effect::InsertRow,

        (Effect::InsertRow, Report::Done) => Effect::Post,
        (Effect::InsertRow, Report::Unknown) => Effect::ReadRow,
        (Effect::InsertRow, Report::NotDone(_)) => Effect::GiveUp,

        (Effect::ReadRow, Report::Row(Some(RowOutcome::Open))) => Effect::Post,
        // No attempt is left for Pending without its row.
        (Effect::ReadRow, Report::Row(None)) => Effect::GiveUp,

        (Effect::GiveUp, Report::Done) => Effect::RecordAnswer(Answer::NotSent(
            "the attempt was given up before anything was sent".into(),
        )),

        (Effect::Post, Report::Answered(answer)) => Effect::CloseRow(answer),
        (Effect::Post, Report::NotDone(why)) => Effect::CloseRow(Answer::NotSent(why)),

        (Effect::CloseRow(answer), Report::Done) => Effect::RecordAnswer(answer.clone()),

        // Everything else ends here. An announcement without a row is fenced by a later
        // pass; a row without an answer is believed; an answer that could not be written
        // is held by this process and written by a later pass.
        _ => Effect::Leave,
    }
}
