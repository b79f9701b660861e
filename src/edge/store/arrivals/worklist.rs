//! Arrivals that their request does not show yet: what the controller owes.

use crate::domain::order::{Quantity, RequestId, Sku};
use crate::domain::time::Time;
use crate::edge::store::error::Failure;
use crate::edge::store::row::{get, ledger_now, number, quantity, time, word};
use crate::edge::store::{Store, StoreError};
use sqlx::mysql::MySqlRow;

/// An arrival without `recorded_at`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnrecordedArrival {
    /// The request.
    pub request_id: RequestId,
    /// The attempt whose goods these are.
    pub attempt: u32,
    /// The object that ordered.
    pub uid: String,
    /// Name of that object; none if the ledger has no row of the attempt.
    pub name: Option<String>,
    /// The Factory that was ordered from; none as above.
    pub factory: Option<String>,
    /// The product.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
    /// Goods of another attempt of this request were here before.
    pub surplus: bool,
    /// How the callback's body differed from its claims.
    pub note: Option<String>,
    /// When it was committed, by the ledger's clock.
    pub at: Time,
}

/// The key range is a page of one look at the whole list, not a memory.
const UNRECORDED: &str = "SELECT arrival.request_id AS request_id, arrival.attempt AS attempt, \
     arrival.uid AS uid, arrival.sku AS sku, arrival.quantity AS quantity, \
     arrival.surplus AS surplus, arrival.note AS note, arrival.arrived_at AS arrived_at, \
     order_attempt.name AS name, order_attempt.factory AS factory \
     FROM arrival LEFT JOIN order_attempt ON order_attempt.request_id = arrival.request_id \
     AND order_attempt.attempt = arrival.attempt \
     WHERE arrival.recorded_at IS NULL \
     AND (order_attempt.namespace = ? OR order_attempt.namespace IS NULL) \
     AND (arrival.request_id > ? OR (arrival.request_id = ? AND arrival.attempt > ?)) \
     ORDER BY arrival.request_id, arrival.attempt LIMIT ?";

const RECORDED: &str = concat!(
    "UPDATE arrival SET recorded_at = COALESCE(recorded_at, ",
    ledger_now!(),
    ") WHERE request_id = ? AND attempt = ?"
);

const SHOWN: &str = concat!(
    "UPDATE arrival SET recorded_at = COALESCE(recorded_at, ",
    ledger_now!(),
    ") WHERE request_id = ? AND attempt = ? AND note IS NULL"
);

const CLOSED: &str = concat!(
    "UPDATE order_attempt SET closed_at = COALESCE(closed_at, ",
    ledger_now!(),
    ") WHERE request_id = ? AND attempt = ?"
);

impl Store {
    /// At most `limit` arrivals that are not marked as recorded, by key, after that one. One
    /// ledger serves many namespaces, each with a controller of its own: only those of this
    /// one are listed, and those of which the ledger does not know whose they are.
    /// Always begin with none: an arrival that cannot be recorded now stays listed, and
    /// the pages keep it from hiding the ones behind it.
    ///
    /// # Errors
    /// [`StoreError`]; a read changes nothing.
    pub async fn unrecorded_arrivals(
        &self,
        namespace: &str,
        after: Option<(&RequestId, u32)>,
        limit: u32,
    ) -> Result<Vec<UnrecordedArrival>, StoreError> {
        let (id, attempt) = after.map_or(("", 0), |(id, attempt)| (id.as_str(), attempt));
        let query = sqlx::query(UNRECORDED)
            .bind(namespace)
            .bind(id)
            .bind(id)
            .bind(attempt)
            .bind(limit);
        let rows = self.call().await?.read(query).await?;
        rows.iter().map(unrecorded_arrival).collect()
    }

    /// Marks an arrival that its request shows, or that was told. It also closes the
    /// attempt: its callback came.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat is harmless.
    pub async fn mark_recorded(&self, id: &RequestId, attempt: u32) -> Result<(), StoreError> {
        Ok(self.mark(RECORDED, id, attempt).await?)
    }

    /// Marks an arrival that its request shows, unless it has a note: that is still to be
    /// told. It also closes the attempt.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat is harmless.
    pub async fn mark_shown(&self, id: &RequestId, attempt: u32) -> Result<(), StoreError> {
        Ok(self.mark(SHOWN, id, attempt).await?)
    }

    async fn mark(
        &self,
        recorded: &'static str,
        id: &RequestId,
        attempt: u32,
    ) -> Result<(), Failure> {
        let mut call = self.call().await?;
        call.begin().await?;
        for statement in [recorded, CLOSED] {
            call.write(sqlx::query(statement).bind(id.as_str()).bind(attempt))
                .await?;
        }
        Ok(call.commit().await?)
    }
}

fn unrecorded_arrival(row: &MySqlRow) -> Result<UnrecordedArrival, StoreError> {
    Ok(UnrecordedArrival {
        request_id: word(row, "request_id")?,
        attempt: number(row, "attempt")?,
        uid: get(row, "uid")?,
        name: get(row, "name")?,
        factory: get(row, "factory")?,
        sku: word(row, "sku")?,
        quantity: quantity(row, "quantity")?,
        surplus: get(row, "surplus")?,
        note: get(row, "note")?,
        at: time(row, "arrived_at")?,
    })
}
