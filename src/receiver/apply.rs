//! One try to bring an arrival into the ledger, the same for callbacks and for the inbox.

use crate::domain::arrival::Claims;
use crate::edge::store::arrivals::{ArrivalEnd, NewArrival};
use crate::receiver::desk::Desk;
use std::time::Duration;

/// The ledger has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Applied {
    /// Since now.
    Committed,
    /// Since before.
    Repeat,
}

/// Commits the arrival; an error says why the inbox has to keep it.
pub(super) async fn apply(
    desk: &Desk,
    claims: &Claims,
    arrival: &NewArrival,
    within: Duration,
) -> Result<Applied, String> {
    match desk.store.record_arrival(arrival, within).await {
        Ok(ArrivalEnd::Committed { surplus, stock }) => {
            tell(claims, arrival, surplus, stock);
            desk.metrics.arrived(claims, arrival, surplus);
            Ok(Applied::Committed)
        }
        Ok(ArrivalEnd::Repeat) => {
            tracing::info!(
                request_id = %arrival.request_id,
                attempt = arrival.attempt,
                "callback repeated, the goods were counted before"
            );
            Ok(Applied::Repeat)
        }
        Ok(ArrivalEnd::NoSuchProduct) => Err("the ledger has no such product".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn tell(claims: &Claims, arrival: &NewArrival, surplus: bool, stock: i64) {
    tracing::info!(
        request_id = %arrival.request_id,
        attempt = arrival.attempt,
        sku = %arrival.sku,
        quantity = %arrival.quantity,
        stock,
        factory = claims.factory,
        trace_parent = claims.trace_parent,
        "goods arrived"
    );
    if surplus {
        tracing::warn!(
            request_id = %arrival.request_id,
            attempt = arrival.attempt,
            "surplus: goods of another attempt of this request had arrived before"
        );
    }
    if let Some(note) = &arrival.note {
        tracing::warn!(request_id = %arrival.request_id, attempt = arrival.attempt, note);
    }
}
