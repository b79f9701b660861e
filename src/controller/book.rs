//! Goods that came without a callback: the callback is made here, at a person's word. It
//! goes to the receiver like the factory's own, for the receiver alone books arrivals, and
//! the arrival's key lets the two of them count once.

use crate::controller::context::Context;
use crate::controller::observe::Subject;
use crate::controller::record::record;
use crate::domain::decide::LOOK_AGAIN;
use crate::domain::order::Quantity;
use crate::domain::progress::{Observed, Progress};
use crate::edge::callback::{Answered, call_back};
use kube::runtime::controller::Action;

/// What the receiver answers when the arrival is committed, now or before.
const BOOKED: u16 = 200;

/// What it answers when the callback waits in its inbox.
const PARKED: u16 = 202;

/// Has the goods booked; a process that dies here does it once more.
pub(super) async fn book(
    subject: &Subject,
    seen: &Observed,
    quantity: Quantity,
    progress: &Progress,
    context: &Context,
) -> Action {
    let id = &subject.request.id;
    let Some(claims) = subject.claims(&subject.progress, quantity) else {
        return Action::requeue(LOOK_AGAIN);
    };
    let path = context.keys.ring().sign(&claims);
    let url = format!("{}{path}", context.settings.receiver_base());
    let body = serde_json::json!({ "sku": claims.sku, "quantity": quantity.get() });
    match call_back(&url, &body).await {
        // Whose goods they were, these or those of a callback that was faster, is in the
        // ledger: the arrival wakes the request, and that pass says so.
        Ok(Answered {
            status: BOOKED,
            by_receiver: true,
        }) => Action::requeue(LOOK_AGAIN),
        Ok(Answered {
            status: PARKED,
            by_receiver: true,
        }) => record(subject, seen, progress, context).await,
        Ok(Answered {
            status,
            by_receiver: true,
        }) => {
            tracing::warn!(request_id = %id, status, "the receiver does not book the goods");
            Action::requeue(LOOK_AGAIN)
        }
        Ok(Answered { status, .. }) => {
            tracing::warn!(
                request_id = %id,
                status,
                "what answers is no receiver, and the goods are not booked: is \
                 RESTOCK_RECEIVER_URL right?"
            );
            Action::requeue(LOOK_AGAIN)
        }
        Err(why) => {
            tracing::warn!(request_id = %id, why, "the receiver cannot be reached");
            Action::requeue(LOOK_AGAIN)
        }
    }
}
