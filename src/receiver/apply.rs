//! One try to bring an arrival into the ledger, the same for callbacks and for the inbox.

use crate::domain::arrival::Claims;
use crate::edge::store::StoreError;
use crate::edge::store::arrivals::{ArrivalEnd, NewArrival};
use crate::process::clock;
use crate::process::telemetry::{Kind, Stage};
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
    let recording = desk.store.record_arrival(arrival, within);
    let end = stage(claims).follow(recording, word).await;
    let failure = end.as_ref().err().map(ToString::to_string);
    desk.commits.note(failure.as_deref(), clock::now());
    match end {
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
        Ok(ArrivalEnd::NoSuchProduct) => Err(format!(
            "the ledger has no product {}: declare it by `restock-operator products apply`",
            arrival.sku
        )),
        Err(error) => Err(error.to_string()),
    }
}

/// The booking, for the request's trace.
fn stage(claims: &Claims) -> Stage<'_> {
    Stage {
        name: "book arrival",
        kind: Kind::Server,
        request_id: claims.request_id.as_str(),
        trace_parent: claims.trace_parent.as_deref(),
        // The claims have no name: this role knows nothing of objects.
        object: None,
        attempt: Some(claims.attempt),
    }
}

fn word(end: &Result<ArrivalEnd, StoreError>) -> &'static str {
    match end {
        Ok(ArrivalEnd::Committed { surplus: false, .. }) => "Committed",
        Ok(ArrivalEnd::Committed { surplus: true, .. }) => "Surplus",
        Ok(ArrivalEnd::Repeat) => "Repeat",
        Ok(ArrivalEnd::NoSuchProduct) => "NoSuchProduct",
        Err(_) => "NotCommitted",
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
