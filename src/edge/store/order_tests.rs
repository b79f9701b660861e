//! The product of order tests: its passing name, and goods that are still to be booked back.

use super::call::{Call, retried};
use super::error::Failure;
use super::row::{get, number, quantity, word};
use super::{CALL_DEADLINE, Store, StoreError};
use crate::domain::order::{ProductId, Quantity, RequestId, Sku};
use sqlx::mysql::MySqlRow;
use tokio::time::Instant;

/// What the id of an adjustment begins with that books goods of an order test back.
macro_rules! returned {
    () => {
        "order-test:"
    };
}

/// Goods of an order test that are in stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestArrival {
    /// The request.
    pub request_id: RequestId,
    /// The attempt whose goods these are.
    pub attempt: u32,
    /// How many.
    pub quantity: Quantity,
    /// Whether the request shows them.
    pub recorded: bool,
}

impl TestArrival {
    /// The id of the adjustment that books them back: the same for everybody who tries, so
    /// that it happens once.
    pub fn return_id(&self) -> String {
        format!(concat!(returned!(), "{}:{}"), self.request_id, self.attempt)
    }
}

/// Held to the end of the transaction: two order tests name the product in turns.
const LOCK: &str = "SELECT sku FROM product WHERE sku = ? FOR UPDATE";

const RENAME: &str = "UPDATE product_alias SET alias = ? WHERE sku = ?";

const NAME: &str = "INSERT INTO product_alias (alias, sku) VALUES (?, ?)";

const UNNAME: &str = "UPDATE product_alias SET alias = ? WHERE sku = ? AND alias = ?";

/// The number is written in the character set of the ids: as text of the session it could
/// not be compared by their index.
const NOT_RETURNED: &str = concat!(
    "SELECT request_id, attempt, quantity, recorded_at IS NOT NULL AS recorded \
     FROM arrival WHERE sku = ? AND NOT EXISTS (SELECT 1 FROM adjustment \
     WHERE adjustment.id = CONCAT('",
    returned!(),
    "', arrival.request_id, ':', CONVERT(arrival.attempt USING ascii))) \
     ORDER BY request_id, attempt LIMIT ?"
);

impl Store {
    /// Makes this the one alias of the product, in the place of the one it had. Rows are
    /// changed and not deleted: no role deletes here.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat is harmless.
    pub async fn name_product(&self, sku: &Sku, alias: &ProductId) -> Result<(), StoreError> {
        let ends_at = Instant::now() + CALL_DEADLINE;
        retried(|| self.try_name(sku, alias, ends_at)).await
    }

    async fn try_name(
        &self,
        sku: &Sku,
        alias: &ProductId,
        ends_at: Instant,
    ) -> Result<(), Failure> {
        let mut call = self.transaction_until(ends_at).await?;
        lock(&mut call, sku).await?;
        let rename = sqlx::query(RENAME).bind(alias.as_str()).bind(sku.as_str());
        if call.write(rename).await? == 0 {
            let name = sqlx::query(NAME).bind(alias.as_str()).bind(sku.as_str());
            call.write(name).await?;
        }
        Ok(call.commit().await?)
    }

    /// Gives the product another alias, if it still has this one.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat is harmless.
    pub async fn unname_product(
        &self,
        sku: &Sku,
        alias: &ProductId,
        instead: &ProductId,
    ) -> Result<(), StoreError> {
        let query = sqlx::query(UNNAME)
            .bind(instead.as_str())
            .bind(sku.as_str())
            .bind(alias.as_str());
        self.call().await?.write(query).await?;
        Ok(())
    }

    /// At most `limit` arrivals of this product that no adjustment has booked back.
    ///
    /// # Errors
    /// [`StoreError`]; a read changes nothing.
    pub async fn test_arrivals(
        &self,
        sku: &Sku,
        limit: u32,
    ) -> Result<Vec<TestArrival>, StoreError> {
        let query = sqlx::query(NOT_RETURNED).bind(sku.as_str()).bind(limit);
        let rows = self.call().await?.read(query).await?;
        rows.iter().map(test_arrival).collect()
    }
}

async fn lock(call: &mut Call, sku: &Sku) -> Result<(), Failure> {
    call.read(sqlx::query(LOCK).bind(sku.as_str())).await?;
    Ok(())
}

fn test_arrival(row: &MySqlRow) -> Result<TestArrival, StoreError> {
    Ok(TestArrival {
        request_id: word(row, "request_id")?,
        attempt: number(row, "attempt")?,
        quantity: quantity(row, "quantity")?,
        recorded: get(row, "recorded")?,
    })
}
