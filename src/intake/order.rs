//! The order as the factory reads it.

use crate::crd::factory::payload::Payload;
use crate::crd::request::RestockRequestSpec;
use crate::domain::order::{Order, RequestId};
use crate::edge::factory::{OrderText, PayloadKeys};
use serde_json::Value;

/// The body of the POST that orders this for a request, with the keys of its Factory.
pub fn order_body(
    payload: Payload,
    spec: &RestockRequestSpec,
    request: &RequestId,
    order: &Order,
    callback_url: String,
) -> Value {
    let keys = PayloadKeys {
        group_id: payload.group_id,
        product_id: payload.product_id,
        quantity: payload.quantity,
        factory_id: payload.factory_id,
        requester: payload.requester,
        callback_url: payload.callback_url,
    };
    let text = OrderText {
        group_id: request.to_string(),
        product_id: order.sku.to_string(),
        quantity: order.quantity.get(),
        factory_id: spec.factory_id.clone(),
        requester: spec.requester.clone(),
        callback_url,
    };
    crate::edge::factory::order_body(&keys, &text)
}
