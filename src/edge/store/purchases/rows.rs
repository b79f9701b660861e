//! The rows that a group of purchases reads and writes, all of a kind by one statement.
//!
//! Several come as one JSON array that the server reads as a table: so the statement is the
//! same for any number, and stays prepared. One that is made for a number would be closed again,
//! which is a packet without an answer: the next one then waits 40 ms for it, for the driver
//! leaves Nagle's algorithm on (RFC 896; RFC 1122, 4.2.3.2: delayed ACK). A single row is
//! inserted as such: a table for it costs the server a quarter more of the whole transaction,
//! and most buyers come alone. A row of such an array is an array too, of the columns in their
//! order: MariaDB reads it from its beginning for each column, and names would double its length.
//! What does not fit into one record of TLS goes by several statements ([`ARRAY_BYTES_MAX`]).
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

/// Bytes of an array: a statement of it goes as one record of TLS, of 16,384 bytes (RFC 8446, 5.1),
/// with some 200 for its own head and a SKU. A second record of it would wait up to 40 ms for the
/// server to acknowledge the first one (Nagle's algorithm, as above): four times what a whole
/// transaction takes.
const ARRAY_BYTES_MAX: usize = 16_000;

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
    let mut found = HashMap::new();
    for keys in arrays(group, |purchase| text(&purchase.key)) {
        let rows = call.read(sqlx::query(KEPT).bind(keys)).await?;
        for row in &rows {
            found.extend([kept(row)?]);
        }
    }
    Ok(found)
}

fn kept(row: &MySqlRow) -> Result<(IdempotencyKey, Kept), StoreError> {
    let answer = serde_json::from_str(get(row, "answer")?);
    let answer = answer.map_err(|why| format!("column answer: {why}"));
    let digest = get(row, "request_digest")?;
    Ok((word(row, "idempotency_key")?, Kept { digest, answer }))
}

/// Keeps what was answered.
pub(super) async fn insert_answers(call: &mut Call, answers: &[NewAnswer]) -> Result<(), Failure> {
    if let [new] = answers {
        let insert = sqlx::query(INSERT_ANSWER)
            .bind(new.key.as_str())
            .bind(&new.digest)
            .bind(status(&new.answer))
            .bind(text(&new.answer));
        call.write(insert).await?;
        return Ok(());
    }
    let row = |new: &NewAnswer| {
        let status = status(&new.answer);
        text(&(&new.key, &new.digest, status, text(&new.answer)))
    };
    for rows in arrays(answers, row) {
        call.write(sqlx::query(INSERT_ANSWERS).bind(rows)).await?;
    }
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
    if let [sale] = sales {
        let insert = sqlx::query(INSERT_SALE)
            .bind(sale.id.as_str())
            .bind(sku.as_str())
            .bind(sale.quantity.get())
            .bind(&sale.buyer);
        call.write(insert).await?;
        return Ok(());
    }
    let row = |sale: &Sale| text(&(&sale.id, sale.quantity, &sale.buyer));
    for rows in arrays(sales, row) {
        let insert = sqlx::query(INSERT_SALES).bind(sku.as_str()).bind(rows);
        call.write(insert).await?;
    }
    Ok(())
}

/// Leaves the messages that are owed to the relay.
pub(super) async fn insert_shortages(
    call: &mut Call,
    shortages: &[Shortage],
) -> Result<(), Failure> {
    if let [shortage] = shortages {
        let insert = sqlx::query(INSERT_SHORTAGE)
            .bind(shortage.event_id.as_str())
            .bind(shortage.sku.as_str())
            .bind(text(shortage));
        call.write(insert).await?;
        return Ok(());
    }
    let row = |owed: &Shortage| text(&(&owed.event_id, &owed.sku, text(owed)));
    for rows in arrays(shortages, row) {
        call.write(sqlx::query(INSERT_SHORTAGES).bind(rows)).await?;
    }
    Ok(())
}

/// Arrays of these rows in their order, of at most [`ARRAY_BYTES_MAX`] bytes each; a row that is
/// longer stands alone. None of no rows.
fn arrays<T>(rows: &[T], row: impl Fn(&T) -> String) -> Vec<String> {
    let mut arrays: Vec<String> = Vec::new();
    for row in rows.iter().map(row) {
        match arrays.last_mut() {
            // Two more: a comma and the end.
            Some(array) if array.len() + row.len() + 2 <= ARRAY_BYTES_MAX => array.push(','),
            _ => arrays.push("[".to_owned()),
        }
        arrays.last_mut().expect("one is there").push_str(&row);
    }
    arrays.iter_mut().for_each(|array| array.push(']'));
    arrays
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("words and numbers are JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rows_stand_in_arrays_that_fit() {
        assert!(arrays(&[] as &[u32], text).is_empty());
        assert_eq!(arrays(&[1, 2], text), ["[1,2]"]);
        let words: Vec<String> = (0..500).map(|number| format!("{number:0100}")).collect();
        let all = arrays(&words, text);
        assert!(all.len() > 3 && all.iter().all(|array| array.len() <= ARRAY_BYTES_MAX));
        let read = |array: &String| serde_json::from_str::<Vec<String>>(array).unwrap();
        assert_eq!(all.iter().flat_map(read).collect::<Vec<_>>(), words);
        let long = "a".repeat(2 * ARRAY_BYTES_MAX);
        assert_eq!(arrays(&["b", &long, "c"], text).len(), 3);
    }
}
