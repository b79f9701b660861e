//! Requests as a person types them and as a message makes them.

use crate::object::object;
use restock_operator::domain::order::{EventId, RequestId};
use serde_json::{Value, json};

const TOPIC: &str = "arn:aws:sns:eu-central-1:000000000000:restock-stock";

/// As a person types it, with nothing but the product.
pub(crate) fn by_person(name: &str) -> Value {
    object("RestockRequest", name, json!({ "productId": "CP-502101" }))
}

/// As a message makes it, with every field.
pub(crate) fn by_message(event: &str) -> Value {
    let spec = json!({
        "productId": "CP-502101",
        "quantity": 7,
        "factoryId": "FF-500293",
        "requester": "재고 담당자",
        "source": {
            "kind": "Topic",
            "arn": TOPIC,
            "eventId": event,
            "identity": "EventId",
            "digest": "ab".repeat(32),
            "messageId": "8e4c6fe2-0000-4000-8000-000000000001",
            "sentAt": "2026-01-02T03:04:05.678901Z",
            "traceParent": format!("00-{}-{}-01", "1".repeat(32), "2".repeat(16)),
        },
    });
    let id = RequestId::of_event(TOPIC, &EventId::parse(event).unwrap());
    object("RestockRequest", &id.object_name(), spec)
}
