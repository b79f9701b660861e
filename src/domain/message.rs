//! What an out-of-stock message says, or why it says nothing.
//!
//! ```text
//! body + attributes ─► Envelope ─► Identity          which request it is
//!                          │
//!                          ├─────► digest            whether two are the same
//!                          └─ mapping ─► Wanted      what it asks for
//! ```
//!
//! Every byte is a stranger's until it is one of these types.

mod envelope;
mod identity;
mod json;
mod text;
mod trace;
mod wanted;

pub use envelope::Envelope;
pub use identity::{EVENT_ID, Identity, IdentityKind, unreadable_id};
pub use text::{hides, plain_text};
pub use trace::is_parent as is_trace_parent;
pub use wanted::{Fields, REQUESTER_CHARACTERS_MAX, Wanted};

use crate::domain::order::WordError;

/// Largest body we read, in bytes: the most that SQS can be told to take.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Why a message is no order. Each is final for this message: the same bytes will be
/// refused again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The body is larger than [`BODY_BYTES_MAX`].
    #[error("the body has {bytes} bytes, at most {BODY_BYTES_MAX} are read")]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// The body holds more JSON values than are read.
    #[error(
        "too many values: a body may hold at most {} JSON values",
        json::VALUES_MAX
    )]
    TooManyValues,
    /// An event id, product, factory or quantity is there, but wrong.
    #[error("{0}")]
    Word(#[from] WordError),
    /// A field is there, but is a list, an object or the like.
    #[error("{what} must be text or a whole number, found {found}")]
    Shape {
        /// Which field.
        what: &'static str,
        /// What kind of value it is.
        found: &'static str,
    },
    /// A field that every order needs is not there.
    #[error("no {what}: expected {expected}, found {found}{hint}")]
    Missing {
        /// Which field.
        what: &'static str,
        /// Where the mapping looks for it.
        expected: String,
        /// The keys that the message has.
        found: String,
        /// Why the body is not JSON, if that may be the cause; else empty.
        hint: String,
    },
    /// The envelope names a source that no AWS service would.
    #[error("the TopicArn of the envelope is no ARN")]
    Source,
    /// The mapping's expression failed on this message.
    #[error("the mapping of {what} failed: {why}")]
    Mapping {
        /// Which field.
        what: &'static str,
        /// What the expression language says.
        why: String,
    },
}
