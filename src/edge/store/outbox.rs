//! `outbox`: messages that the sales owe to the topic.

use super::error::Failure;
use super::row::{get, ledger_now, number};
use super::{Store, StoreError};
use crate::domain::order::RequestId;
use crate::domain::shortage::Shortage;
use serde_json::{Value, json};
use sqlx::mysql::MySqlRow;
use std::time::Duration;

/// Largest body that is read, in bytes: what SNS takes. A page of them is kept in memory.
const BODY_BYTES_MAX: u32 = 256 * 1024;

/// A message that is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// The row.
    pub id: i64,
    /// The event, also of a message that cannot be read.
    pub event_id: String,
    /// The message; or why this version cannot read it.
    pub message: Result<Shortage, String>,
}

/// A message that was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The row.
    pub id: i64,
    /// What the message becomes on the other side.
    pub request_id: RequestId,
}

/// What is owed at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Messages, as far as they were counted.
    pub unsent: u32,
    /// For how long the oldest of them has been waiting.
    pub oldest_age: Duration,
}

/// What another relay has in hand is passed by. By the index on what is unsent, which ends with
/// the id: by the primary key each look would pass all that was sent in a week.
const TAKE: &str = "SELECT id, event_id, CASE WHEN LENGTH(body) <= ? THEN body END AS body \
     FROM outbox FORCE INDEX (outbox_sent_at) WHERE sent_at IS NULL AND id > ? \
     ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED";

/// Marks a whole page by one statement: one for each message would be a hundred round trips
/// within a deadline of seconds. Order and index are said: each row is found by its id, where a
/// search through a small table would wait for rows of a sale that is not committed.
const MARK: &str = concat!(
    "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (\
         entry_id BIGINT PATH '$.id' ERROR ON EMPTY ERROR ON ERROR, \
         request VARCHAR(128) CHARACTER SET utf8mb4 PATH '$.request' ERROR ON EMPTY ERROR ON ERROR)) AS entry \
     STRAIGHT_JOIN outbox FORCE INDEX (PRIMARY) ON outbox.id = entry_id \
     SET outbox.request_id = request, outbox.sent_at = ",
    ledger_now!()
);

const BACKLOG: &str = concat!(
    "SELECT COUNT(*) AS unsent, COALESCE(",
    ledger_now!(),
    " - MIN(created_at), 0) AS oldest_age \
     FROM (SELECT created_at FROM outbox FORCE INDEX (outbox_sent_at) \
         WHERE sent_at IS NULL ORDER BY id LIMIT ?) AS waiting"
);

impl Store {
    /// Gives at most `limit` unsent messages with an id above `after`, oldest first, to
    /// `publish`, and marks as sent those that it answers. Answers the id of the last one; none
    /// if there was none. A caller that is to skip nothing begins again from 0: a lower id can
    /// be committed later.
    ///
    /// The rows stay locked meanwhile, so that several relays share the work. What dies in
    /// here leaves them unsent, and so does `publish` if it takes longer than the server keeps
    /// a silent connection (60 s): they are published again.
    ///
    /// # Errors
    /// [`StoreError`]; what was published may not be marked.
    pub async fn relay_page(
        &self,
        after: i64,
        limit: u32,
        publish: impl AsyncFnOnce(&[Owed]) -> Vec<Sent>,
    ) -> Result<Option<i64>, StoreError> {
        Ok(self.try_relay_page(after, limit, publish).await?)
    }

    async fn try_relay_page(
        &self,
        after: i64,
        limit: u32,
        publish: impl AsyncFnOnce(&[Owed]) -> Vec<Sent>,
    ) -> Result<Option<i64>, Failure> {
        let mut call = self.transaction().await?;
        let take = sqlx::query(TAKE)
            .bind(BODY_BYTES_MAX)
            .bind(after)
            .bind(limit);
        let rows = call.read(take).await?;
        let page = rows.iter().map(owed).collect::<Result<Vec<_>, _>>()?;
        let Some(last) = page.last() else {
            call.rollback().await;
            return Ok(None);
        };
        let sent = publish(&page).await;
        call.go_on();
        let marks = sent
            .iter()
            .map(|one| json!({ "id": one.id, "request": one.request_id }));
        let marks = Value::Array(marks.collect()).to_string();
        call.write(sqlx::query(MARK).bind(marks)).await?;
        call.commit().await?;
        Ok(Some(last.id))
    }

    /// What is owed; counts no further than `count_max`.
    ///
    /// # Errors
    /// [`StoreError`]; a read changes nothing.
    pub async fn outbox_backlog(&self, count_max: u32) -> Result<Backlog, StoreError> {
        let query = sqlx::query(BACKLOG).bind(count_max);
        let rows = self.call().await?.read(query).await?;
        let Some(row) = rows.first() else {
            return Ok(Backlog::default());
        };
        let micros: i64 = get(row, "oldest_age")?;
        Ok(Backlog {
            unsent: number(row, "unsent")?,
            // The clock of whoever wrote the row may be ahead.
            oldest_age: Duration::from_micros(u64::try_from(micros).unwrap_or_default()),
        })
    }
}

fn owed(row: &MySqlRow) -> Result<Owed, StoreError> {
    let body: Option<String> = get(row, "body")?;
    let too_large = || format!("its body is larger than {BODY_BYTES_MAX} bytes");
    let parse = |body: String| serde_json::from_str(&body).map_err(|why| why.to_string());
    Ok(Owed {
        id: get(row, "id")?,
        event_id: get(row, "event_id")?,
        message: body.ok_or_else(too_large).and_then(parse),
    })
}
