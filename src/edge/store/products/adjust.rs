//! Stock by a person's word, with its reason.

use crate::domain::order::Sku;
use crate::edge::store::call::{Call, retried};
use crate::edge::store::error::Failure;
use crate::edge::store::row::{get, ledger_now};
use crate::edge::store::{CALL_DEADLINE, Store, StoreError};
use tokio::time::Instant;

/// A correction of one product's stock.
#[derive(Clone, Debug)]
pub struct NewAdjustment {
    /// Drawn once, before the first try: what makes a repeat harmless.
    pub id: String,
    /// The product.
    pub sku: Sku,
    /// What to add; below zero to take away.
    pub delta: i64,
    /// Why, for the auditor; at most 255 characters.
    pub reason: String,
    /// Who says so; at most 255 characters.
    pub by: String,
}

/// How a [`Store::adjust`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjusted {
    /// Done now.
    Done {
        /// The stock after it.
        stock: i64,
    },
    /// Done before, under the same id: nothing changed.
    Repeat,
    /// No such product: nothing changed.
    NoSuchProduct,
    /// It would take more than there is: nothing changed.
    TooLittle {
        /// What there is.
        stock: i64,
    },
}

/// Compared before the sum is made: a sum out of range would be an error of its own.
const CHANGE: &str = "UPDATE product SET stock = stock + ? WHERE sku = ? AND stock >= 0 - ?";

pub(super) const RECORD: &str = concat!(
    "INSERT INTO adjustment (id, sku, delta, reason, adjusted_by, adjusted_at) \
     VALUES (?, ?, ?, ?, ?, ",
    ledger_now!(),
    ")"
);

impl Store {
    /// Changes the stock of a product and records why, in one transaction.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat with the same id is harmless, also after
    /// [`StoreError::CommitUnknown`].
    pub async fn adjust(&self, adjustment: &NewAdjustment) -> Result<Adjusted, StoreError> {
        let ends_at = Instant::now() + CALL_DEADLINE;
        retried(|| self.try_adjust(adjustment, ends_at)).await
    }

    async fn try_adjust(
        &self,
        adjustment: &NewAdjustment,
        ends_at: Instant,
    ) -> Result<Adjusted, Failure> {
        let mut call = self.transaction_until(ends_at).await?;
        // The row first: after it, a repeat cannot be taken for too little stock.
        let record = sqlx::query(RECORD)
            .bind(&adjustment.id)
            .bind(adjustment.sku.as_str())
            .bind(adjustment.delta)
            .bind(&adjustment.reason)
            .bind(&adjustment.by);
        match call.write(record).await {
            Ok(_) => {}
            Err(Failure::Duplicate) => return Ok(Adjusted::Repeat),
            Err(failure) => return Err(failure),
        }
        let change = sqlx::query(CHANGE)
            .bind(adjustment.delta)
            .bind(adjustment.sku.as_str())
            .bind(adjustment.delta);
        let changed = call.write(change).await? > 0;
        let stock = stock(&mut call, &adjustment.sku).await?;
        let ended = match stock {
            Some(stock) if changed => {
                call.commit().await?;
                return Ok(Adjusted::Done { stock });
            }
            Some(stock) => Adjusted::TooLittle { stock },
            None => Adjusted::NoSuchProduct,
        };
        call.rollback().await;
        Ok(ended)
    }
}

async fn stock(call: &mut Call, sku: &Sku) -> Result<Option<i64>, Failure> {
    let query = sqlx::query("SELECT stock FROM product WHERE sku = ?").bind(sku.as_str());
    let rows = call.read(query).await?;
    Ok(rows.first().map(|row| get(row, "stock")).transpose()?)
}
