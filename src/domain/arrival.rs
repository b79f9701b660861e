//! What a callback proves: claims that we signed, handed to the factory in a URL, and got
//! back. The claims alone say what arrived; the body is only compared with them.

mod body;
mod keys;
mod token;

pub use body::{NOTE_CHARACTERS_MAX, compare};
pub use keys::{KEYS_MAX, KeyFileError, KeyRing};
pub use token::{BASE_PATH_CHARACTERS_MAX, PATH_PREFIX};

use crate::domain::order::{Nonce, Quantity, RequestId, Sku};
use crate::domain::time::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// From the signing of a token to its end. A factory that delivers later than this has
/// lost the order as far as we can know, and people book the goods by hand.
pub const TOKEN_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What one callback URL stands for. The keys are one letter each: the URL travels through
/// a legacy system whose columns may be short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The request.
    #[serde(rename = "r")]
    pub request_id: RequestId,
    /// The object that ordered.
    #[serde(rename = "u")]
    pub uid: String,
    /// Its attempt.
    #[serde(rename = "a")]
    pub attempt: u32,
    /// The intent of the process that ordered.
    #[serde(rename = "n")]
    pub nonce: Nonce,
    /// What arrives.
    #[serde(rename = "s")]
    pub sku: Sku,
    /// How many.
    #[serde(rename = "q")]
    pub quantity: Quantity,
    /// Name of the Factory object that the order went to.
    #[serde(rename = "f")]
    pub factory: String,
    /// The token is refused after this: signing + [`TOKEN_LIFETIME`].
    #[serde(rename = "e")]
    pub not_after: Time,
    /// W3C trace parent of the message that began it.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub trace_parent: Option<String>,
}

impl Claims {
    /// When the token was signed, which is right before the order was sent.
    pub fn signed_at(&self) -> Time {
        self.not_after - TOKEN_LIFETIME
    }
}

/// Why a token proves nothing. The caller is told the same in every case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// No key of this id: the key file may have a newer one.
    #[error("no callback key has this id")]
    UnknownKey,
    /// Not signed by us, altered, or not a token at all.
    #[error("the token is not authentic")]
    Bad,
    /// Signed by us, and too old.
    #[error("the token of request {} is over", .0.request_id)]
    Expired(Box<Claims>),
}
