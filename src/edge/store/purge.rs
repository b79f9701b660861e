//! What the ledger has kept long enough. Arrivals, sales and adjustments stay for ever.

use super::error::Failure;
use super::row::{get, ledger_now, number, word};
use super::{Store, StoreError};
use crate::domain::order::RequestId;
use sqlx::mysql::MySqlRow;
use std::time::Duration;

/// An attempt of a request whose attempts are all closed, and have been for long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldAttempt {
    /// The request.
    pub request_id: RequestId,
    /// The attempt.
    pub attempt: u32,
    /// The namespace of the object that announced it.
    pub namespace: String,
    /// The name of that object.
    pub name: String,
    /// When it was closed, in microseconds by the ledger's clock: part of the page's key.
    closed_at: i64,
}

/// In the order of the index on `closed_at`, whose entries end with the primary key. A
/// request's attempts go together: one that is open or young keeps the others, so that
/// whoever reads the request's rows sees all or none. Goods that no object shows yet keep
/// them too: only the row knows which object that is. The greatest time instead of NOT
/// EXISTS: MariaDB would collect every attempt that is not old, for each page anew.
const OLD: &str = concat!(
    "SELECT request_id, attempt, namespace, name, closed_at FROM order_attempt \
     WHERE closed_at < ",
    ledger_now!(),
    " - ? AND closed_at >= ? \
     AND (closed_at > ? OR request_id > ? OR (request_id = ? AND attempt > ?)) \
     AND (? IS NULL OR namespace = ?) \
     AND (SELECT MAX(COALESCE(other.closed_at, 9223372036854775807)) \
         FROM order_attempt AS other \
         WHERE other.request_id = order_attempt.request_id) < ",
    ledger_now!(),
    " - ? \
     AND NOT EXISTS (SELECT 1 FROM arrival \
         WHERE arrival.request_id = order_attempt.request_id AND recorded_at IS NULL) \
     ORDER BY closed_at, request_id, attempt LIMIT ?"
);

/// The time is that of the row that was judged: one that took its place is another.
const PURGE: &str =
    "DELETE FROM order_attempt WHERE request_id = ? AND attempt = ? AND closed_at = ?";

const PURGE_ARCHIVE: &str = concat!(
    "DELETE FROM archive WHERE archived_at < ",
    ledger_now!(),
    " - ? ORDER BY archived_at LIMIT ?"
);

const PURGE_ANSWERS: &str = concat!(
    "DELETE FROM idempotency WHERE created_at < ",
    ledger_now!(),
    " - ? ORDER BY created_at LIMIT ?"
);

/// What is unsent has no time, and stays.
const PURGE_OUTBOX: &str = concat!(
    "DELETE FROM outbox WHERE sent_at < ",
    ledger_now!(),
    " - ? ORDER BY sent_at LIMIT ?"
);

/// What nobody was told of stays.
const PURGE_DEAD_LETTERS: &str = concat!(
    "DELETE FROM dead_letter WHERE told_at IS NOT NULL AND last_seen_at < ",
    ledger_now!(),
    " - ? ORDER BY last_seen_at LIMIT ?"
);

impl Store {
    /// At most `limit` attempts of this namespace, or of all, closed longer ago than that, longest
    /// first, after that one. Those that the caller leaves stay listed: hence the pages.
    ///
    /// # Errors
    /// [`StoreError`]; a read changes nothing.
    pub async fn old_attempts(
        &self,
        namespace: Option<&str>,
        kept_for: Duration,
        after: Option<&OldAttempt>,
        limit: u32,
    ) -> Result<Vec<OldAttempt>, StoreError> {
        let (closed_at, id, attempt) = after.map_or((0, "", 0), |row| {
            (row.closed_at, row.request_id.as_str(), row.attempt)
        });
        let query = sqlx::query(OLD)
            .bind(micros(kept_for))
            .bind(closed_at)
            .bind(closed_at)
            .bind(id)
            .bind(id)
            .bind(attempt)
            .bind(namespace)
            .bind(namespace)
            .bind(micros(kept_for))
            .bind(limit);
        let rows = self.call().await?.read(query).await?;
        rows.iter().map(old_attempt).collect()
    }

    /// Deletes these attempts, all or none; how many there still were.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat is harmless.
    pub async fn purge_attempts(&self, attempts: &[&OldAttempt]) -> Result<u64, StoreError> {
        Ok(self.try_purge_attempts(attempts).await?)
    }

    async fn try_purge_attempts(&self, attempts: &[&OldAttempt]) -> Result<u64, Failure> {
        let mut call = self.transaction().await?;
        let mut purged = 0;
        for row in attempts {
            let query = sqlx::query(PURGE)
                .bind(row.request_id.as_str())
                .bind(row.attempt)
                .bind(row.closed_at);
            purged += call.write(query).await?;
        }
        call.commit().await?;
        Ok(purged)
    }

    /// Deletes at most `limit` requests from the archive that were finished longer ago than
    /// that, oldest first; how many.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat is harmless.
    pub async fn purge_archive(&self, kept_for: Duration, limit: u32) -> Result<u64, StoreError> {
        let query = sqlx::query(PURGE_ARCHIVE)
            .bind(micros(kept_for))
            .bind(limit);
        Ok(self.call().await?.write(query).await?)
    }

    /// Deletes at most `limit` answers to purchases that were given longer ago than that,
    /// oldest first; how many.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat is harmless.
    pub async fn purge_answers(&self, kept_for: Duration, limit: u32) -> Result<u64, StoreError> {
        let query = sqlx::query(PURGE_ANSWERS)
            .bind(micros(kept_for))
            .bind(limit);
        Ok(self.call().await?.write(query).await?)
    }

    /// Deletes at most `limit` messages from the outbox that were sent longer ago than that,
    /// oldest first; how many.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat is harmless.
    pub async fn purge_outbox(&self, kept_for: Duration, limit: u32) -> Result<u64, StoreError> {
        let query = sqlx::query(PURGE_OUTBOX).bind(micros(kept_for)).bind(limit);
        Ok(self.call().await?.write(query).await?)
    }

    /// Deletes at most `limit` dead letters of which somebody was told and that were last met
    /// longer ago than that, oldest first; how many.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat is harmless.
    pub async fn purge_dead_letters(
        &self,
        kept_for: Duration,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let query = sqlx::query(PURGE_DEAD_LETTERS)
            .bind(micros(kept_for))
            .bind(limit);
        Ok(self.call().await?.write(query).await?)
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

fn old_attempt(row: &MySqlRow) -> Result<OldAttempt, StoreError> {
    Ok(OldAttempt {
        request_id: word(row, "request_id")?,
        attempt: number(row, "attempt")?,
        namespace: get(row, "namespace")?,
        name: get(row, "name")?,
        closed_at: get(row, "closed_at")?,
    })
}
