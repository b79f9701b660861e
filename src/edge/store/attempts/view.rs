//! Everything the ledger knows of one request, at one moment.

use super::attempt_row;
use crate::domain::order::RequestId;
use crate::domain::progress::{ArrivalRow, AttemptRow};
use crate::domain::time::Time;
use crate::edge::store::meta::INBOX_EMPTY_AT;
use crate::edge::store::row::{get, ledger_now, number, optional_time, quantity, time};
use crate::edge::store::{Store, StoreError};
use sqlx::mysql::MySqlRow;

/// Rows of one view. A request gets a row per attempt, attempts are backed off over hours,
/// and only a person can ask for more: thousands mean that something runs wild. A view
/// that left rows out could order twice, so a longer one is an error, not cut short.
const VIEW_ROWS_MAX: usize = 4_096;

/// What one statement read: [`crate::domain::progress::LedgerView`] without what only the
/// process can know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerReading {
    /// The ledger's own time when it read.
    pub now: Time,
    /// Arrivals of this request, of whichever object.
    pub arrivals: Vec<ArrivalRow>,
    /// Attempts of this request, of whichever object.
    pub rows: Vec<AttemptRow>,
    /// When the receivers last found the callback inbox empty.
    pub inbox_empty_at: Option<Time>,
}

/// One statement, and so one snapshot: nothing is committed between its parts.
const VIEW: &str = concat!(
    "SELECT 'ledger' AS kind, 0 AS attempt, NULL AS uid, NULL AS nonce, NULL AS outcome, ",
    ledger_now!(),
    " AS deadline_at, 0 AS quantity, (SELECT micros FROM ledger_meta WHERE name = ?) AS at \
     UNION ALL \
     SELECT 'arrival', attempt, uid, NULL, NULL, NULL, quantity, arrived_at \
     FROM arrival WHERE request_id = ? \
     UNION ALL \
     SELECT 'attempt', attempt, uid, nonce, outcome, deadline_at, 0, NULL \
     FROM order_attempt WHERE request_id = ? \
     LIMIT ?"
);

impl Store {
    /// Reads the ledger's time, the arrivals and attempts of a request, and when the inbox
    /// was last empty.
    ///
    /// # Errors
    /// [`StoreError`]; a read changes nothing.
    pub async fn view(&self, id: &RequestId) -> Result<LedgerReading, StoreError> {
        let query = sqlx::query(VIEW)
            .bind(INBOX_EMPTY_AT)
            .bind(id.as_str())
            .bind(id.as_str())
            .bind(VIEW_ROWS_MAX as u64 + 1);
        let rows = self.call().await?.read(query).await?;
        if rows.len() > VIEW_ROWS_MAX {
            return Err(StoreError::Unusable(format!(
                "request {id} has over {VIEW_ROWS_MAX} rows"
            )));
        }
        reading(&rows)
    }
}

fn reading(rows: &[MySqlRow]) -> Result<LedgerReading, StoreError> {
    let mut reading = LedgerReading {
        now: Time::default(),
        arrivals: Vec::new(),
        rows: Vec::new(),
        inbox_empty_at: None,
    };
    for row in rows {
        match get::<&str>(row, "kind")? {
            "arrival" => reading.arrivals.push(ArrivalRow {
                attempt: number(row, "attempt")?,
                uid: get(row, "uid")?,
                quantity: quantity(row, "quantity")?,
                at: time(row, "at")?,
            }),
            "attempt" => reading.rows.push(attempt_row(row)?),
            _ => {
                reading.now = time(row, "deadline_at")?;
                reading.inbox_empty_at = optional_time(row, "at")?;
            }
        }
    }
    Ok(reading)
}
