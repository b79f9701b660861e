//! An order as the factory reads it.

use serde_json::{Map, Value};

/// Which JSON keys carry what; an empty key is not sent.
#[derive(Clone, Debug)]
pub struct PayloadKeys {
    /// The message group.
    pub group_id: String,
    /// The SKU.
    pub product_id: String,
    /// How many.
    pub quantity: String,
    /// The shop's factory id.
    pub factory_id: String,
    /// Who asked.
    pub requester: String,
    /// Where to call back.
    pub callback_url: String,
}

/// What the keys carry.
#[derive(Clone, Debug)]
pub struct OrderText {
    /// The message group: one per request.
    pub group_id: String,
    /// The SKU.
    pub product_id: String,
    /// How many.
    pub quantity: u32,
    /// The shop's factory id.
    pub factory_id: Option<String>,
    /// Who asked.
    pub requester: Option<String>,
    /// Where to call back.
    pub callback_url: String,
}

/// The order as JSON. The quantity is a string: that is what the shop's own sender wrote,
/// and the factory echoes it without reading it.
pub fn order_body(keys: &PayloadKeys, order: &OrderText) -> Value {
    let fields = [
        (&keys.group_id, Some(order.group_id.clone())),
        (&keys.product_id, Some(order.product_id.clone())),
        (&keys.quantity, Some(order.quantity.to_string())),
        (&keys.factory_id, order.factory_id.clone()),
        (&keys.requester, order.requester.clone()),
        (&keys.callback_url, Some(order.callback_url.clone())),
    ];
    let sent = fields.into_iter().filter(|(key, _)| !key.is_empty());
    let pairs = sent.filter_map(|(key, text)| Some((key.clone(), Value::String(text?))));
    Value::Object(pairs.collect::<Map<_, _>>())
}
