//! `order_attempt`: the fence in front of every POST. Written by the controller alone.

mod outcome;
mod sweep;
mod view;

pub use sweep::OverdueAttempt;
pub use view::LedgerReading;

use super::call::{Call, Statement, retried};
use super::error::Failure;
use super::row::{get, ledger_now, number, time};
use super::{CALL_DEADLINE, Store, StoreError};
use crate::domain::order::{Nonce, Quantity, RequestId, Sku};
use crate::domain::progress::{AttemptRow, RowOutcome};
use outcome::{outcome_of, outcome_text};
use sqlx::mysql::MySqlRow;
use std::time::Duration;
use tokio::time::Instant;

/// An attempt that is announced in the status and has no row yet.
#[derive(Clone, Debug)]
pub struct NewAttempt {
    /// The request.
    pub request_id: RequestId,
    /// The attempt's number, from 1.
    pub attempt: u32,
    /// The object that announced it.
    pub uid: String,
    /// The object's namespace.
    pub namespace: String,
    /// The object's name.
    pub name: String,
    /// What is ordered.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
    /// The name of the Factory object.
    pub factory: String,
    /// The intent of the process that announced it.
    pub nonce: Nonce,
    /// From now, by the ledger's clock, until its callback is overdue.
    pub deadline_after: Duration,
}

/// How an [`Store::open_attempt`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// The row is there and open: this caller, and no other, may POST.
    Inserted,
    /// Goods of this request arrived, or another object has attempts of it: no POST;
    /// read the ledger again and decide afresh.
    Blocked,
    /// A row of this attempt stands already: no POST; believe it by its outcome.
    Taken,
}

/// How a [`Store::fence_attempt`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fenced {
    /// The row is there: nothing was sent under this attempt, and nothing will be.
    Inserted,
    /// A row of this attempt stands already: believe it by its outcome.
    Taken,
}

impl Store {
    /// Takes the right to POST this attempt, unless goods of the request have arrived or
    /// another object has attempts of it.
    ///
    /// # Errors
    /// After [`StoreError::CommitUnknown`], [`Store::read_attempt`] settles it: the row is
    /// the caller's own only if it has the caller's nonce and is open.
    pub async fn open_attempt(&self, row: &NewAttempt) -> Result<Opened, StoreError> {
        let ends_at = Instant::now() + CALL_DEADLINE;
        retried(|| self.try_open(row, ends_at)).await
    }

    async fn try_open(&self, row: &NewAttempt, ends_at: Instant) -> Result<Opened, Failure> {
        let mut call = self.transaction_until(ends_at).await?;
        lock_attempts(&mut call, &row.request_id).await?;
        let insert = bind(sqlx::query(OPEN), row, RowOutcome::Open)
            .bind(row.request_id.as_str())
            .bind(row.request_id.as_str())
            .bind(&row.uid);
        match call.write(insert).await {
            Ok(0) => {
                call.rollback().await;
                Ok(Opened::Blocked)
            }
            Ok(_) => {
                call.commit().await?;
                Ok(Opened::Inserted)
            }
            Err(Failure::Duplicate) => Ok(Opened::Taken),
            Err(failure) => Err(failure),
        }
    }

    /// Makes it certain that nothing is ever sent under this attempt: the row is inserted
    /// as not sent, whatever else the ledger holds.
    ///
    /// # Errors
    /// After [`StoreError::CommitUnknown`], repeat it: Taken, with the caller's nonce and
    /// not sent, then means that this call or the first one inserted it.
    pub async fn fence_attempt(&self, row: &NewAttempt) -> Result<Fenced, StoreError> {
        let mut call = self.call().await?;
        match call
            .write(bind(sqlx::query(FENCE), row, RowOutcome::NotSent))
            .await
        {
            Ok(_) => Ok(Fenced::Inserted),
            Err(Failure::Duplicate) => Ok(Fenced::Taken),
            Err(failure) => Err(failure.into()),
        }
    }

    /// The row of one attempt.
    ///
    /// # Errors
    /// [`StoreError`]; a read changes nothing.
    pub async fn read_attempt(
        &self,
        id: &RequestId,
        attempt: u32,
    ) -> Result<Option<AttemptRow>, StoreError> {
        let query = sqlx::query(
            "SELECT attempt, uid, nonce, outcome, deadline_at FROM order_attempt \
             WHERE request_id = ? AND attempt = ?",
        );
        let query = query.bind(id.as_str()).bind(attempt);
        let rows = self.call().await?.read(query).await?;
        rows.first().map(attempt_row).transpose()
    }

    /// Records what became of an attempt: from open to anything, from unknown to what is
    /// known, never from known to unknown or to something else. True if the row has this
    /// outcome now, false if there is no such row or it is closed with another one.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat is harmless.
    pub async fn close_attempt(
        &self,
        id: &RequestId,
        attempt: u32,
        nonce: &Nonce,
        outcome: RowOutcome,
    ) -> Result<bool, StoreError> {
        let text = outcome_text(outcome);
        // Where no goods can come of it, there is nothing left to watch.
        let over = matches!(
            outcome,
            RowOutcome::NotSent | RowOutcome::Throttled | RowOutcome::Refused
        );
        let query = sqlx::query(CLOSE)
            .bind(over)
            .bind(text)
            .bind(id.as_str())
            .bind(attempt)
            .bind(nonce.as_str())
            .bind(text);
        Ok(self.call().await?.write(query).await? > 0)
    }
}

/// Columns in the order of [`bind`].
macro_rules! columns {
    () => {
        "INSERT INTO order_attempt (request_id, attempt, uid, namespace, name, sku, quantity, \
         factory, nonce, outcome, opened_at, deadline_at, closed_at) "
    };
}

/// Under [`lock_attempts`] no arrival and no row of another object can come in between
/// this statement's look and its commit, if the request had any row before.
const OPEN: &str = concat!(
    columns!(),
    "SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ",
    ledger_now!(),
    ", ",
    ledger_now!(),
    " + ?, NULL FROM DUAL \
     WHERE NOT EXISTS (SELECT 1 FROM arrival WHERE request_id = ?) \
     AND NOT EXISTS (SELECT 1 FROM order_attempt AS other \
         WHERE other.request_id = ? AND other.uid <> ?)"
);

const FENCE: &str = concat!(
    columns!(),
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ",
    ledger_now!(),
    ", ",
    ledger_now!(),
    " + ?, ",
    ledger_now!(),
    ")"
);

const CLOSE: &str = concat!(
    "UPDATE order_attempt SET closed_at = IF(?, COALESCE(closed_at, ",
    ledger_now!(),
    "), closed_at), outcome = ? \
     WHERE request_id = ? AND attempt = ? AND nonce = ? \
     AND (outcome IN ('open', 'unknown') OR outcome = ?)"
);

fn bind<'q>(query: Statement<'q>, row: &NewAttempt, outcome: RowOutcome) -> Statement<'q> {
    query
        .bind(row.request_id.as_str())
        .bind(row.attempt)
        .bind(&row.uid)
        .bind(&row.namespace)
        .bind(&row.name)
        .bind(row.sku.as_str())
        .bind(row.quantity.get())
        .bind(&row.factory)
        .bind(row.nonce.as_str())
        .bind(outcome_text(outcome))
        .bind(i64::try_from(row.deadline_after.as_micros()).unwrap_or(i64::MAX))
}

/// Locks this request's attempts against the arrival transaction, which shares a lock on
/// them: an arrival is either seen by this transaction or committed after it.
async fn lock_attempts(call: &mut Call, id: &RequestId) -> Result<(), Failure> {
    let query = sqlx::query("SELECT attempt FROM order_attempt WHERE request_id = ? FOR UPDATE");
    call.read(query.bind(id.as_str())).await?;
    Ok(())
}

fn attempt_row(row: &MySqlRow) -> Result<AttemptRow, StoreError> {
    Ok(AttemptRow {
        attempt: number(row, "attempt")?,
        uid: get(row, "uid")?,
        nonce: Nonce::new(get::<String>(row, "nonce")?),
        outcome: outcome_of(&get::<String>(row, "outcome")?)?,
        deadline: time(row, "deadline_at")?,
    })
}
