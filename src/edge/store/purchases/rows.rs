//! The rows that a group of purchases reads and writes, all of a kind by one statement.
//!
//! Several come as one JSON array that the server reads as a table: so the statement is the
//! same for any number, and stays prepared. One that is made for a number would be closed again,
//! which is a packet without an answer: the next one then waits 40 ms for it, for the driver
//! leaves Nagle's algorithm on (RFC 896; RFC 1122, 4.2.3.2: delayed ACK). A single row is
//! inserted as such: a table for it costs the server a quarter more of the whole transaction,
//! and most buyers come alone. A row of such an array is an array too, of the columns in their
//! order: MariaDB reads it from its beginning for each column, and names would double its length.
//!
//! Every column of text names its character set: the schema's own may hold no Hangul, and
//! would keep question marks.

use crate::domain::order::{IdempotencyKey, Sku};
use crate::domain::purchase::{Answer, Kept, NewAnswer, Purchase, Sale};
use crate::domain::shortage::Shortage;
use crate::edge::store::StoreError;
use crate::edge::store::call::Call;
use crate::edge::store::error::Failure;
use crate::edge::store::row::{get, ledger_now, word};
use serde::Serialize;
use sqlx::mysql::MySqlRow;
use std::collections::HashMap;

/// The order of the tables is said: the other way round every answer would be read.
const KEPT: &str = "SELECT idempotency_key, request_digest, answer \
     FROM JSON_TABLE(?, '$[*]' COLUMNS (\
         wanted VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin PATH '$')) AS entry \
     STRAIGHT_JOIN idempotency ON idempotency_key = wanted";

const INSERT_ANSWER: &str = concat!(
    "INSERT INTO idempotency (idempotency_key, request_digest, status, answer, created_at) \
     VALUES (?, ?, ?, ?, ",
    ledger_now!(),
    ")"
);

const INSERT_ANSWERS: &str = concat!(
    "INSERT INTO idempotency (idempotency_key, request_digest, status, answer, created_at) \
     SELECT entry_key, digest, status, answer, ",
    ledger_now!(),
    " FROM JSON_TABLE(?, '$[*]' COLUMNS (\
         entry_key VARCHAR(128) CHARACTER SET utf8mb4 PATH '$[0]' ERROR ON EMPTY ERROR ON ERROR, \
         digest VARCHAR(64) CHARACTER SET utf8mb4 PATH '$[1]' ERROR ON EMPTY ERROR ON ERROR, \
         status SMALLINT PATH '$[2]' ERROR ON EMPTY ERROR ON ERROR, \
         answer VARCHAR(4096) CHARACTER SET utf8mb4 PATH '$[3]' ERROR ON EMPTY ERROR ON ERROR)) AS entry"
);

const INSERT_SALE: &str = concat!(
    "INSERT INTO sale (id, sku, quantity, requester, sold_at) VALUES (?, ?, ?, ?, ",
    ledger_now!(),
    ")"
);

const INSERT_SALES: &str = concat!(
    "INSERT INTO sale (id, sku, quantity, requester, sold_at) \
     SELECT entry_id, ?, pieces, buyer, ",
    ledger_now!(),
    " FROM JSON_TABLE(?, '$[*]' COLUMNS (\
         entry_id VARCHAR(128) CHARACTER SET utf8mb4 PATH '$[0]' ERROR ON EMPTY ERROR ON ERROR, \
         pieces INT PATH '$[1]' ERROR ON EMPTY ERROR ON ERROR, \
         buyer VARCHAR(128) CHARACTER SET utf8mb4 PATH '$[2]' ERROR ON EMPTY ERROR ON ERROR)) AS entry"
);

const INSERT_SHORTAGE: &str = concat!(
    "INSERT INTO outbox (event_id, sku, body, created_at) VALUES (?, ?, ?, ",
    ledger_now!(),
    ")"
);

const INSERT_SHORTAGES: &str = concat!(
    "INSERT INTO outbox (event_id, sku, body, created_at) \
     SELECT event, product, message, ",
    ledger_now!(),
    " FROM JSON_TABLE(?, '$[*]' COLUMNS (\
         event VARCHAR(128) CHARACTER SET utf8mb4 PATH '$[0]' ERROR ON EMPTY ERROR ON ERROR, \
         product VARCHAR(128) CHARACTER SET utf8mb4 PATH '$[1]' ERROR ON EMPTY ERROR ON ERROR, \
         message VARCHAR(4096) CHARACTER SET utf8mb4 PATH '$[2]' ERROR ON EMPTY ERROR ON ERROR)) AS entry"
);

/// The answers that were given under these keys. One that this version cannot read is the
/// matter of its own purchase, and fails no other of the group.
pub(super) async fn kept_answers(
    call: &mut Call,
    group: &[Purchase],
) -> Result<HashMap<IdempotencyKey, Kept>, Failure> {
    let keys: Vec<&str> = group.iter().map(|purchase| purchase.key.as_str()).collect();
    let rows = call.read(sqlx::query(KEPT).bind(text(&keys))).await?;
    let kept = rows.iter().map(kept).collect::<Result<_, _>>();
    Ok(kept?)
}

fn kept(row: &MySqlRow) -> Result<(IdempotencyKey, Kept), StoreError> {
    let answer = serde_json::from_str(get(row, "answer")?);
    let answer = answer.map_err(|why| format!("column answer: {why}"));
    let digest = get(row, "request_digest")?;
    Ok((word(row, "idempotency_key")?, Kept { digest, answer }))
}

/// Keeps what was answered.
pub(super) async fn insert_answers(call: &mut Call, answers: &[NewAnswer]) -> Result<(), Failure> {
    let insert = match answers {
        [] => return Ok(()),
        [new] => sqlx::query(INSERT_ANSWER)
            .bind(new.key.as_str())
            .bind(&new.digest)
            .bind(status(&new.answer))
            .bind(text(&new.answer)),
        _ => sqlx::query(INSERT_ANSWERS).bind(array(answers, |new| {
            (
                &new.key,
                &new.digest,
                status(&new.answer),
                text(&new.answer),
            )
        })),
    };
    call.write(insert).await?;
    Ok(())
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
    let insert = match sales {
        [] => return Ok(()),
        [sale] => sqlx::query(INSERT_SALE)
            .bind(sale.id.as_str())
            .bind(sku.as_str())
            .bind(sale.quantity.get())
            .bind(&sale.buyer),
        _ => sqlx::query(INSERT_SALES)
            .bind(sku.as_str())
            .bind(array(sales, |sale| (&sale.id, sale.quantity, &sale.buyer))),
    };
    call.write(insert).await?;
    Ok(())
}

/// Leaves the messages that are owed to the relay.
pub(super) async fn insert_shortages(
    call: &mut Call,
    shortages: &[Shortage],
) -> Result<(), Failure> {
    let insert = match shortages {
        [] => return Ok(()),
        [shortage] => sqlx::query(INSERT_SHORTAGE)
            .bind(shortage.event_id.as_str())
            .bind(shortage.sku.as_str())
            .bind(text(shortage)),
        _ => sqlx::query(INSERT_SHORTAGES).bind(array(shortages, |shortage| {
            (&shortage.event_id, &shortage.sku, text(shortage))
        })),
    };
    call.write(insert).await?;
    Ok(())
}

fn array<'a, T, E: Serialize>(rows: &'a [T], entry: impl Fn(&'a T) -> E) -> String {
    let entries: Vec<E> = rows.iter().map(entry).collect();
    text(&entries)
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("words and numbers are JSON")
}
