//! `product` and `product_alias`: what there is, and what it is called.

mod adjust;
mod apply;
mod levels;

pub use adjust::{Adjusted, NewAdjustment};
pub use apply::{Applied, PRODUCTS_MAX, ProductDeclaration};
pub use levels::StockLevel;

use super::row::{get, optional_quantity, optional_word, word};
use super::{Store, StoreError};
use crate::domain::order::{FactoryId, ProductId, Quantity, Sku};
use sqlx::mysql::MySqlRow;

/// A product of the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its key in the ledger.
    pub sku: Sku,
    /// Its name, for people.
    pub name: String,
    /// Its price in the smallest unit of the shop's currency.
    pub price: i64,
    /// How many there are.
    pub stock: i64,
    /// At this stock or below the shop reorders.
    pub reorder_point: i64,
    /// How many it reorders, where the message does not say.
    pub reorder_quantity: Option<Quantity>,
    /// Where it reorders, where the message does not say.
    pub factory_id: Option<FactoryId>,
}

/// A SKU wins over an alias of the same spelling.
const BY_ID: &str = "SELECT sku, name, price, stock, reorder_point, reorder_quantity, factory_id \
     FROM product WHERE sku = COALESCE(\
         (SELECT exact.sku FROM product AS exact WHERE exact.sku = ?), \
         (SELECT product_alias.sku FROM product_alias WHERE alias = ?))";

const COLUMNS_BY_SKU: &str = "SELECT sku, name, price, stock, reorder_point, reorder_quantity, \
     factory_id FROM product WHERE sku = ?";

const PAGE: &str = "SELECT sku, name, price, stock, reorder_point, reorder_quantity, factory_id \
     FROM product WHERE sku > ? ORDER BY sku LIMIT ?";

impl Store {
    /// The product that a message calls so: by its SKU, or else by an alias.
    ///
    /// # Errors
    /// [`StoreError`]; a read changes nothing.
    pub async fn product(&self, id: &ProductId) -> Result<Option<Product>, StoreError> {
        let query = sqlx::query(BY_ID).bind(id.as_str()).bind(id.as_str());
        let rows = self.call().await?.read(query).await?;
        rows.first().map(product).transpose()
    }

    /// At most `limit` products after this SKU, in its order.
    ///
    /// # Errors
    /// [`StoreError`]; a read changes nothing.
    pub async fn products(
        &self,
        after: Option<&Sku>,
        limit: u32,
    ) -> Result<Vec<Product>, StoreError> {
        let query = sqlx::query(PAGE)
            .bind(after.map_or("", Sku::as_str))
            .bind(limit);
        let rows = self.call().await?.read(query).await?;
        rows.iter().map(product).collect()
    }

    /// All that a product is called besides its SKU.
    ///
    /// # Errors
    /// [`StoreError`]; a read changes nothing.
    pub async fn aliases(&self, sku: &Sku) -> Result<Vec<ProductId>, StoreError> {
        let query = sqlx::query(apply::ALIASES).bind(sku.as_str());
        let rows = self.call().await?.read(query).await?;
        rows.iter().map(|row| word(row, "alias")).collect()
    }
}

fn product(row: &MySqlRow) -> Result<Product, StoreError> {
    Ok(Product {
        sku: word(row, "sku")?,
        name: get(row, "name")?,
        price: get(row, "price")?,
        stock: get(row, "stock")?,
        reorder_point: get(row, "reorder_point")?,
        reorder_quantity: optional_quantity(row, "reorder_quantity")?,
        factory_id: optional_word(row, "factory_id")?,
    })
}
