//! Purchases as buyers make them.
#![allow(dead_code, reason = "each test file uses its part of it")]

use restock_operator::domain::order::{EventId, IdempotencyKey, SaleId};
use restock_operator::domain::purchase::{Answer, Form, Purchase, Verdict};

/// A purchase of this product under this key.
pub(crate) fn purchase(key: &str, sku: &str, quantity: u32) -> Purchase {
    let body = serde_json::json!({ "sku": sku, "quantity": quantity, "buyer": "민지" });
    Purchase {
        key: IdempotencyKey::parse(key).unwrap(),
        form: Form::parse(body.to_string().as_bytes()).unwrap(),
        sale_id: SaleId::parse(&format!("sale-{key}")).unwrap(),
        event_id: EventId::parse(&format!("event-{key}")).unwrap(),
        trace_parent: None,
    }
}

/// The answer of a verdict; fails if the key belongs to another purchase, or cannot be read.
pub(crate) fn answer(verdict: &Verdict) -> &Answer {
    match verdict {
        Verdict::Answered(answer) => answer,
        other => panic!("the key is its own: {other:?}"),
    }
}

/// Whether it was sold.
pub(crate) fn sold(verdict: &Verdict) -> bool {
    matches!(answer(verdict), Answer::Sold { .. })
}
