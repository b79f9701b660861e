//! Purchases of one product, decided in the order in which they came.
//!
//! ```text
//! body ─► Form ─► Purchase ─┐
//!                           ├─ decide ─► Decided: an answer each, sales, messages owed
//! stock, answers by key ────┘
//! ```

mod decide;
mod form;

pub use decide::{Decided, NewAnswer, Sale, Shelf, Terms, decide};
pub use form::{BUYER_CHARACTERS_MAX, FieldError, Form};

use crate::domain::order::{EventId, IdempotencyKey, SaleId, short_hash};
use serde::{Deserialize, Serialize};

/// What one buyer wants of one product, under one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// A repeat under the same key gets the same answer.
    pub key: IdempotencyKey,
    /// What is bought.
    pub form: Form,
    /// The id of the sale, should it be one.
    pub sale_id: SaleId,
    /// The identity of the message, should it owe one.
    pub event_id: EventId,
    /// Its trace, as a W3C trace parent.
    pub trace_parent: Option<String>,
}

/// What a purchase was answered. Kept as JSON under its key: variants and fields may be
/// added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all_fields = "camelCase")]
pub enum Answer {
    /// There were enough.
    Sold {
        /// The sale.
        sale_id: SaleId,
        /// How many are left after it.
        remaining: i64,
    },
    /// There were fewer than were wanted; nothing was sold.
    OutOfStock {
        /// How many there were.
        available: i64,
        /// Whether more are on their way.
        restock: Restock,
    },
}

/// Whether more of a product are on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Restock {
    /// They are asked for, or ordered, since before this purchase.
    UnderWay,
    /// This purchase asks for them.
    Requested,
}

/// What a buyer is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The answer under its key: made now, or before.
    Answered(Answer),
    /// Its key belongs to another purchase, which was answered. Nothing was done.
    KeyReused,
    /// It was answered, in a way that this version cannot read, and why. Nothing was done now.
    Unreadable(String),
}

impl Form {
    /// Tells a repeat of a purchase from another one under the same key.
    pub fn digest(&self) -> String {
        let Self {
            sku,
            quantity,
            buyer,
        } = self;
        // Neither a SKU nor a number can hold the separator.
        short_hash(format!("{sku}\n{quantity}\n{buyer}").as_bytes())
    }
}

/// What was answered under a key before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Of the purchase that was answered.
    pub digest: String,
    /// The answer; or why this version cannot read it.
    pub answer: Result<Answer, String>,
}

impl Kept {
    /// What a purchase of this digest gets under the same key.
    pub fn verdict(&self, digest: &str) -> Verdict {
        if self.digest != digest {
            return Verdict::KeyReused;
        }
        match &self.answer {
            Ok(answer) => Verdict::Answered(answer.clone()),
            Err(why) => Verdict::Unreadable(why.clone()),
        }
    }
}

/// How many pieces a group of purchases wants at most, all together.
pub fn wanted(group: &[Purchase]) -> i64 {
    let pieces = group.iter().map(|purchase| purchase.form.quantity.get());
    pieces.map(i64::from).sum()
}
