//! `arrival`: goods that came, each exactly once, in the transaction that raised the stock.

mod worklist;

pub use worklist::{Ordered, UnrecordedArrival, Whose};

use super::call::{Call, retried};
use super::error::Failure;
use super::row::{get, ledger_now};
use super::{Store, StoreError};
use crate::domain::order::{Quantity, RequestId, Sku};
use crate::domain::time::Time;
use std::time::Duration;
use tokio::time::Instant;

/// A callback whose token was found good.
#[derive(Clone, Debug)]
pub struct NewArrival {
    /// The request, from the claims.
    pub request_id: RequestId,
    /// The attempt, from the claims.
    pub attempt: u32,
    /// The object that ordered, from the claims.
    pub uid: String,
    /// The product, from the claims.
    pub sku: Sku,
    /// How many, from the claims.
    pub quantity: Quantity,
    /// How the body differs from the claims, if it does; at most [`NOTE_CHARACTERS_MAX`].
    pub note: Option<String>,
    /// SHA-256 of the body, in hex.
    pub body_digest: String,
    /// When it came: the receiver's clock, or the inbox's if it was parked.
    pub received_at: Time,
}

/// Characters of [`NewArrival::note`] that the ledger keeps; the rest is cut.
pub const NOTE_CHARACTERS_MAX: usize = 1_024;

/// How a [`Store::record_arrival`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrivalEnd {
    /// Committed now: stock is up.
    Committed {
        /// Goods of another attempt of this request were here before.
        surplus: bool,
        /// The stock after it.
        stock: i64,
    },
    /// This attempt's goods were here already: nothing changed.
    Repeat,
    /// No such product: nothing changed.
    NoSuchProduct,
}

/// Locks the product's row, so that arrivals of one product take turns from here on.
const RAISE: &str = "UPDATE product SET stock = stock + ? WHERE sku = ?";

/// Shares a lock on this request's attempts: no further attempt opens between this look
/// and the commit (see `open_attempt`). `FOR SHARE` would be newer, MariaDB lacks it.
const SHARE_ATTEMPTS: &str =
    "SELECT attempt FROM order_attempt WHERE request_id = ? LOCK IN SHARE MODE";

const LOOK: &str = "SELECT stock, EXISTS (SELECT 1 FROM arrival \
     WHERE request_id = ? AND attempt <> ?) AS surplus FROM product WHERE sku = ?";

const INSERT: &str = concat!(
    "INSERT INTO arrival (request_id, attempt, uid, sku, quantity, surplus, note, body_digest, \
     received_at, arrived_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ",
    ledger_now!(),
    ")"
);

impl Store {
    /// Raises the stock and inserts the arrival, in one transaction, within that time.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat is always harmless, also after
    /// [`StoreError::CommitUnknown`]: the arrival's key lets it happen once.
    pub async fn record_arrival(
        &self,
        arrival: &NewArrival,
        within: Duration,
    ) -> Result<ArrivalEnd, StoreError> {
        let ends_at = Instant::now() + within;
        retried(|| self.try_record(arrival, ends_at)).await
    }

    async fn try_record(
        &self,
        arrival: &NewArrival,
        ends_at: Instant,
    ) -> Result<ArrivalEnd, Failure> {
        let mut call = self.transaction_until(ends_at).await?;
        let raise = sqlx::query(RAISE)
            .bind(arrival.quantity.get())
            .bind(arrival.sku.as_str());
        if call.write(raise).await? == 0 {
            call.rollback().await;
            return Ok(ArrivalEnd::NoSuchProduct);
        }
        let share = sqlx::query(SHARE_ATTEMPTS).bind(arrival.request_id.as_str());
        call.read(share).await?;
        let (stock, surplus) = look(&mut call, arrival).await?;
        match insert(&mut call, arrival, surplus).await {
            // The rise was rolled back with it.
            Err(Failure::Duplicate) => Ok(ArrivalEnd::Repeat),
            Err(failure) => Err(failure),
            Ok(()) => {
                call.commit().await?;
                Ok(ArrivalEnd::Committed { surplus, stock })
            }
        }
    }
}

async fn look(call: &mut Call, arrival: &NewArrival) -> Result<(i64, bool), Failure> {
    let query = sqlx::query(LOOK)
        .bind(arrival.request_id.as_str())
        .bind(arrival.attempt)
        .bind(arrival.sku.as_str());
    let rows = call.read(query).await?;
    let gone = || StoreError::Broken("the product vanished under its lock".to_owned());
    let row = rows.first().ok_or_else(gone)?;
    Ok((get(row, "stock")?, get(row, "surplus")?))
}

async fn insert(call: &mut Call, arrival: &NewArrival, surplus: bool) -> Result<(), Failure> {
    let note = arrival.note.as_ref().map(|note| cut(note));
    let query = sqlx::query(INSERT)
        .bind(arrival.request_id.as_str())
        .bind(arrival.attempt)
        .bind(&arrival.uid)
        .bind(arrival.sku.as_str())
        .bind(arrival.quantity.get())
        .bind(surplus)
        .bind(note)
        .bind(&arrival.body_digest)
        .bind(arrival.received_at.as_micros());
    call.write(query).await?;
    Ok(())
}

/// Goods must not be refused for the length of a remark.
fn cut(note: &str) -> String {
    note.chars().take(NOTE_CHARACTERS_MAX).collect()
}
