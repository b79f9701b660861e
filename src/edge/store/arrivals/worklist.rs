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
    /// Where that object is and what was ordered from; none if the ledger has no row of the
    /// attempt.
    pub ordered: Option<Ordered>,
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

/// What the row of the attempt says of its object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ordered {
    /// The object's namespace.
    pub namespace: String,
    /// The object's name.
    pub name: String,
    /// The name of the Factory object.
    pub factory: String,
    /// When it was announced.
    pub at: Time,
}

/// Whose arrivals are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose<'a> {
    /// Those of this namespace.
    Namespace(&'a str),
    /// Those of every namespace.
    Everybody,
    /// Those of which the ledger has no row of the attempt, and so no namespace.
    Unknown,
}

/// `<=>` finds NULL, which no namespace is, and which the namespace of a missing row is.
/// The key range is a page of one look at the whole list, not a memory.
const UNRECORDED: &str = "SELECT arrival.request_id AS request_id, arrival.attempt AS attempt, \
     arrival.uid AS uid, arrival.sku AS sku, arrival.quantity AS quantity, \
     arrival.surplus AS surplus, arrival.note AS note, arrival.arrived_at AS arrived_at, \
     order_attempt.namespace AS namespace, order_attempt.name AS name, \
     order_attempt.factory AS factory, order_attempt.opened_at AS opened_at \
     FROM arrival LEFT JOIN order_attempt ON order_attempt.request_id = arrival.request_id \
     AND order_attempt.attempt = arrival.attempt \
     WHERE arrival.recorded_at IS NULL \
     AND (order_attempt.namespace <=> ? OR (? AND order_attempt.namespace IS NOT NULL)) \
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
    /// ledger serves many namespaces, and may serve several controllers: each asks for those
    /// of its own, and once for those of which the ledger does not know whose they are.
    /// Always begin with none: an arrival that cannot be recorded now stays listed, and
    /// the pages keep it from hiding the ones behind it.
    ///
    /// # Errors
    /// [`StoreError`]; a read changes nothing.
    pub async fn unrecorded_arrivals(
        &self,
        whose: Whose<'_>,
        after: Option<(&RequestId, u32)>,
        limit: u32,
    ) -> Result<Vec<UnrecordedArrival>, StoreError> {
        let (namespace, everybody) = match whose {
            Whose::Namespace(namespace) => (Some(namespace), false),
            // No namespace is called so.
            Whose::Everybody => (Some(""), true),
            Whose::Unknown => (None, false),
        };
        let (id, attempt) = after.map_or(("", 0), |(id, attempt)| (id.as_str(), attempt));
        let query = sqlx::query(UNRECORDED)
            .bind(namespace)
            .bind(everybody)
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
        let mut call = self.transaction().await?;
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
        ordered: ordered(row)?,
        sku: word(row, "sku")?,
        quantity: quantity(row, "quantity")?,
        surplus: get(row, "surplus")?,
        note: get(row, "note")?,
        at: time(row, "arrived_at")?,
    })
}

fn ordered(row: &MySqlRow) -> Result<Option<Ordered>, StoreError> {
    let Some(namespace) = get(row, "namespace")? else {
        return Ok(None);
    };
    Ok(Some(Ordered {
        namespace,
        name: get(row, "name")?,
        factory: get(row, "factory")?,
        at: time(row, "opened_at")?,
    }))
}
