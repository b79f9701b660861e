//! Where every piece of stock came from: the books of law S5.

use crate::domain::order::Sku;
use crate::edge::store::row::{get, word};
use crate::edge::store::{Store, StoreError};
use std::time::Duration;
use tokio::time::Instant;

/// Deadline of one page: it adds up all that ever came and went of its products, and a
/// person waits for it. A hundred of them with ten thousand rows each are a million rows
/// to read, some seconds; the rest is room for a database that is busy or cold.
const AUDIT_DEADLINE: Duration = Duration::from_secs(60);

/// The books of one product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockLevel {
    /// The product.
    pub sku: Sku,
    /// What the product's row says.
    pub stock: i64,
    /// Its stock when it was first declared.
    pub opening: i64,
    /// All that arrived.
    pub arrivals: i64,
    /// All that was sold.
    pub sales: i64,
    /// All corrections by people.
    pub adjustments: i64,
}

impl StockLevel {
    /// What the stock must be by the books.
    pub const fn expected(&self) -> i64 {
        self.opening + self.arrivals - self.sales + self.adjustments
    }
}

/// One statement, and so one snapshot: the books and the stock are of the same moment.
/// The sums are cast because MySQL makes a DECIMAL of them.
const LEVELS: &str = "SELECT sku, stock, \
     (SELECT CAST(COALESCE(SUM(delta), 0) AS SIGNED) FROM adjustment \
         WHERE id = CONCAT('opening:', product.sku)) AS opening, \
     (SELECT CAST(COALESCE(SUM(quantity), 0) AS SIGNED) FROM arrival \
         WHERE arrival.sku = product.sku) AS arrivals, \
     (SELECT CAST(COALESCE(SUM(quantity), 0) AS SIGNED) FROM sale \
         WHERE sale.sku = product.sku) AS sales, \
     (SELECT CAST(COALESCE(SUM(delta), 0) AS SIGNED) FROM adjustment \
         WHERE adjustment.sku = product.sku AND id <> CONCAT('opening:', product.sku)) \
     AS adjustments \
     FROM product WHERE sku > ? ORDER BY sku LIMIT ?";

impl Store {
    /// The books of at most `limit` products after this SKU, in its order.
    ///
    /// # Errors
    /// [`StoreError`]; a read changes nothing.
    pub async fn stock_levels(
        &self,
        after: Option<&Sku>,
        limit: u32,
    ) -> Result<Vec<StockLevel>, StoreError> {
        let query = sqlx::query(LEVELS)
            .bind(after.map_or("", Sku::as_str))
            .bind(limit);
        let mut call = self.call_until(Instant::now() + AUDIT_DEADLINE).await?;
        let rows = call.read(query).await?;
        let level = |row| {
            Ok(StockLevel {
                sku: word(row, "sku")?,
                stock: get(row, "stock")?,
                opening: get(row, "opening")?,
                arrivals: get(row, "arrivals")?,
                sales: get(row, "sales")?,
                adjustments: get(row, "adjustments")?,
            })
        };
        rows.iter().map(level).collect()
    }
}
