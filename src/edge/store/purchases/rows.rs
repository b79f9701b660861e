//! The rows that a group of purchases reads and writes, many by one statement.

use crate::domain::order::{IdempotencyKey, Sku};
use crate::domain::purchase::{Answer, Kept, Purchase, Sale};
use crate::domain::shortage::Shortage;
use crate::edge::store::StoreError;
use crate::edge::store::call::{Call, Statement};
use crate::edge::store::error::Failure;
use crate::edge::store::row::{get, ledger_now, word};
use sqlx::QueryBuilder;
use sqlx::mysql::{MySql, MySqlRow};
use sqlx::query_builder::Separated;
use std::collections::HashMap;

/// The answers that were given under these keys.
pub(super) async fn kept_answers(
    call: &mut Call,
    group: &[Purchase],
) -> Result<HashMap<IdempotencyKey, Kept>, Failure> {
    let mut query = QueryBuilder::new(
        "SELECT idempotency_key, request_digest, answer FROM idempotency \
         WHERE idempotency_key IN (",
    );
    let mut keys = query.separated(", ");
    for purchase in group {
        keys.push_bind(purchase.key.as_str());
    }
    query.push(")");
    let rows = call.read(statement(&mut query, group.len())).await?;
    let kept = rows.iter().map(kept).collect::<Result<_, _>>();
    Ok(kept?)
}

fn kept(row: &MySqlRow) -> Result<(IdempotencyKey, Kept), StoreError> {
    let unreadable = |why| StoreError::Unusable(format!("column answer: {why}"));
    let answer: Answer = serde_json::from_str(get(row, "answer")?).map_err(unreadable)?;
    let digest = get(row, "request_digest")?;
    Ok((word(row, "idempotency_key")?, Kept { digest, answer }))
}

/// Keeps what was answered.
pub(super) async fn insert_answers(
    call: &mut Call,
    answers: &[(IdempotencyKey, Kept)],
) -> Result<(), Failure> {
    let into = "INSERT INTO idempotency \
         (idempotency_key, request_digest, status, answer, created_at) ";
    insert(call, into, answers, |row, (key, kept)| {
        row.push_bind(key.as_str())
            .push_bind(&kept.digest)
            .push_bind(status(&kept.answer))
            .push_bind(json(&kept.answer));
    })
    .await
}

/// The number by which people who look at the rows know the answer: its HTTP status.
const fn status(answer: &Answer) -> i16 {
    match answer {
        Answer::Sold { .. } => 200,
        Answer::OutOfStock { .. } => 409,
    }
}

/// Books what was sold.
pub(super) async fn insert_sales(
    call: &mut Call,
    sku: &Sku,
    sales: &[Sale],
) -> Result<(), Failure> {
    let into = "INSERT INTO sale (id, sku, quantity, requester, sold_at) ";
    insert(call, into, sales, |row, sale| {
        row.push_bind(sale.id.as_str())
            .push_bind(sku.as_str())
            .push_bind(sale.quantity.get())
            .push_bind(&sale.buyer);
    })
    .await
}

/// Leaves the messages that are owed to the relay.
pub(super) async fn insert_shortages(
    call: &mut Call,
    shortages: &[Shortage],
) -> Result<(), Failure> {
    let into = "INSERT INTO outbox (event_id, sku, body, created_at) ";
    insert(call, into, shortages, |row, shortage| {
        row.push_bind(shortage.event_id.as_str())
            .push_bind(shortage.sku.as_str())
            .push_bind(json(shortage));
    })
    .await
}

/// One statement for all rows. Its last column is the ledger's time.
async fn insert<'r, T>(
    call: &mut Call,
    into: &str,
    rows: &'r [T],
    columns: impl Fn(&mut Separated<'_, MySql, &'static str>, &'r T),
) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::new(into);
    query.push_values(rows, |mut row, value| {
        columns(&mut row, value);
        row.push(ledger_now!());
    });
    call.write(statement(&mut query, rows.len())).await?;
    Ok(())
}

/// The server keeps the statement of a single row prepared, for buyers who come alone. Those of
/// every other length would only push each other out.
fn statement(query: &mut QueryBuilder<MySql>, rows: usize) -> Statement<'_> {
    query.build().persistent(rows == 1)
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("words and numbers are JSON")
}
