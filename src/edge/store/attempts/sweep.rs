//! Attempts whose callback is overdue and of which nobody was told: the net below the
//! objects, for a request that was deleted while its order was on its way.

use crate::domain::order::{Quantity, RequestId, Sku};
use crate::domain::progress::RowOutcome;
use crate::domain::time::Time;
use crate::edge::store::row::{get, ledger_now, number, quantity, time, word};
use crate::edge::store::{Store, StoreError};
use sqlx::mysql::MySqlRow;

/// An attempt past its deadline, without goods, not yet told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverdueAttempt {
    /// The request.
    pub request_id: RequestId,
    /// The attempt.
    pub attempt: u32,
    /// The object that announced it.
    pub uid: String,
    /// The object's namespace.
    pub namespace: String,
    /// The object's name.
    pub name: String,
    /// What was ordered.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
    /// The name of the Factory object.
    pub factory: String,
    /// Whether the factory is known to have the order.
    pub outcome: RowOutcome,
    /// When it was announced.
    pub opened_at: Time,
    /// When the callback was due.
    pub deadline: Time,
    /// Goods of another attempt of this request are here.
    pub other_attempt_arrived: bool,
}

/// The key range is a page of this sweep, not a memory: every sweep begins at the start,
/// so nothing that becomes overdue behind the page is missed for longer than a sweep.
const OVERDUE: &str = concat!(
    "SELECT request_id, attempt, uid, namespace, name, sku, quantity, factory, outcome, \
     opened_at, deadline_at, EXISTS (SELECT 1 FROM arrival AS other \
         WHERE other.request_id = order_attempt.request_id) AS other_arrived \
     FROM order_attempt \
     WHERE closed_at IS NULL AND (? IS NULL OR namespace = ?) \
     AND (request_id > ? OR (request_id = ? AND attempt > ?)) \
     AND deadline_at < ",
    ledger_now!(),
    " AND NOT EXISTS (SELECT 1 FROM arrival AS own \
         WHERE own.request_id = order_attempt.request_id \
         AND own.attempt = order_attempt.attempt) \
     ORDER BY request_id, attempt LIMIT ?"
);

const TOLD: &str = concat!(
    "UPDATE order_attempt SET told_at = COALESCE(told_at, ",
    ledger_now!(),
    "), notice_id = COALESCE(notice_id, ?), closed_at = COALESCE(closed_at, ",
    ledger_now!(),
    ") WHERE request_id = ? AND attempt = ?"
);

const OVER: &str = concat!(
    "UPDATE order_attempt SET closed_at = COALESCE(closed_at, ",
    ledger_now!(),
    ") WHERE request_id = ? AND attempt = ?"
);

impl Store {
    /// At most `limit` overdue attempts of this namespace, or of all, that nobody was told
    /// of, by key, after that one. Those whose object still lives are told by the object, and stay listed until then:
    /// hence the pages.
    ///
    /// # Errors
    /// [`StoreError`]; a read changes nothing.
    pub async fn overdue_untold(
        &self,
        namespace: Option<&str>,
        after: Option<(&RequestId, u32)>,
        limit: u32,
    ) -> Result<Vec<OverdueAttempt>, StoreError> {
        let (id, attempt) = after.map_or(("", 0), |(id, attempt)| (id.as_str(), attempt));
        let query = sqlx::query(OVERDUE)
            .bind(namespace)
            .bind(namespace)
            .bind(id)
            .bind(id)
            .bind(attempt)
            .bind(limit);
        let rows = self.call().await?.read(query).await?;
        rows.iter().map(overdue_attempt).collect()
    }

    /// Marks an attempt as told, by this notice: the sweep leaves it alone from now on.
    /// The first notice stays.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat is harmless.
    pub async fn mark_attempt_told(
        &self,
        id: &RequestId,
        attempt: u32,
        notice_id: &str,
    ) -> Result<(), StoreError> {
        let query = sqlx::query(TOLD)
            .bind(notice_id)
            .bind(id.as_str())
            .bind(attempt);
        self.call().await?.write(query).await?;
        Ok(())
    }

    /// Notes that nobody has to be told of an attempt: its request has its goods, or was
    /// another one's duplicate. The sweep leaves it alone from now on.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat is harmless.
    pub async fn close_overdue(&self, id: &RequestId, attempt: u32) -> Result<(), StoreError> {
        let query = sqlx::query(OVER).bind(id.as_str()).bind(attempt);
        self.call().await?.write(query).await?;
        Ok(())
    }
}

fn overdue_attempt(row: &MySqlRow) -> Result<OverdueAttempt, StoreError> {
    Ok(OverdueAttempt {
        request_id: word(row, "request_id")?,
        attempt: number(row, "attempt")?,
        uid: get(row, "uid")?,
        namespace: get(row, "namespace")?,
        name: get(row, "name")?,
        sku: word(row, "sku")?,
        quantity: quantity(row, "quantity")?,
        factory: get(row, "factory")?,
        outcome: super::outcome_of(&get::<String>(row, "outcome")?)?,
        opened_at: time(row, "opened_at")?,
        deadline: time(row, "deadline_at")?,
        other_attempt_arrived: get(row, "other_arrived")?,
    })
}
