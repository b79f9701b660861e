//! What the sales write into the outbox, written by the test itself.
#![allow(dead_code, reason = "each test file uses its part of it")]

use restock_operator::domain::order::{EventId, FactoryId, Quantity, Sku};
use restock_operator::domain::shortage::{Cause, Shortage};
use sqlx::mysql::{MySql, MySqlPool};

/// The product of every message.
pub(crate) const SKU: &str = "CP-502101";

/// A row of the outbox.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Row {
    pub(crate) event_id: String,
    pub(crate) is_sent: bool,
    pub(crate) request_id: Option<String>,
}

/// A message with all that a purchase can say.
pub(crate) fn shortage(event_id: &str) -> Shortage {
    Shortage {
        event_id: EventId::parse(event_id).unwrap(),
        sku: Sku::parse(SKU).unwrap(),
        cause: Cause::OutOfStock,
        quantity: Some(Quantity::new(3).unwrap()),
        factory_id: Some(FactoryId::parse("FF-500293").unwrap()),
        requester: Some("김철수".to_owned()),
        trace_parent: None,
    }
}

/// Owes this many messages, `e0`, `e1` and so on.
pub(crate) async fn owe(pool: &MySqlPool, count: usize) {
    for number in 0..count {
        owe_one(pool, &format!("e{number}")).await;
    }
}

/// Owes one message.
pub(crate) async fn owe_one(by: impl sqlx::Executor<'_, Database = MySql>, event_id: &str) {
    let body = serde_json::to_string(&shortage(event_id)).unwrap();
    owe_text(by, event_id, &body).await;
}

/// Owes what may be no message.
pub(crate) async fn owe_text(
    by: impl sqlx::Executor<'_, Database = MySql>,
    event_id: &str,
    body: &str,
) {
    let insert = "INSERT INTO outbox (event_id, sku, body, created_at) VALUES (?, ?, ?, \
         TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)))";
    let insert = sqlx::query(insert).bind(event_id).bind(SKU).bind(body);
    insert.execute(by).await.unwrap();
}

/// All rows, in the order of their ids.
pub(crate) async fn rows(pool: &MySqlPool) -> Vec<Row> {
    let all = "SELECT event_id, sent_at IS NOT NULL AS is_sent, request_id FROM outbox ORDER BY id";
    sqlx::query_as(all).fetch_all(pool).await.unwrap()
}

/// The events that are not sent yet.
pub(crate) async fn unsent(pool: &MySqlPool) -> Vec<String> {
    let rows = rows(pool).await.into_iter();
    rows.filter(|row| !row.is_sent)
        .map(|row| row.event_id)
        .collect()
}
