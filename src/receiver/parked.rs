//! A callback as the inbox keeps it.

use crate::domain::arrival::Claims;
use crate::domain::time::Time;
use crate::edge::store::arrivals::NewArrival;
use serde::{Deserialize, Serialize};

/// The signed path, which is verified again when the message is taken out: the inbox is
/// no way around the token. The body is reduced to what the ledger keeps of it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parked {
    pub(super) path: String,
    pub(super) body_digest: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
}

impl Parked {
    /// The message's body.
    pub(super) fn to_message(&self) -> String {
        serde_json::to_string(self).expect("a path, a digest and a note are text")
    }

    /// What a message's body says, if it is one of ours.
    pub(super) fn from_message(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }

    /// The row that the claims of the path and the rest of the message make.
    pub(super) fn arrival(&self, claims: &Claims, received_at: Time) -> NewArrival {
        NewArrival {
            request_id: claims.request_id.clone(),
            attempt: claims.attempt,
            uid: claims.uid.clone(),
            sku: claims.sku.clone(),
            quantity: claims.quantity,
            note: self.note.clone(),
            body_digest: self.body_digest.clone(),
            received_at,
        }
    }
}
