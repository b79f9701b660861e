//! Products as a file declares them.

mod names;
mod rows;

use crate::domain::order::{FactoryId, ProductId, Quantity, Sku};
use crate::edge::store::call::{Call, retried};
use crate::edge::store::error::Failure;
use crate::edge::store::{Store, StoreError};
use names::{add_aliases, drop_aliases, is_alias};
use rows::{Difference, apply_row};
use std::time::Duration;
use tokio::time::Instant;

pub(super) use names::ALIASES;

/// Products of one [`Store::apply_products`]: what one transaction may hold, and above the
/// range of any shop of this kind.
pub const PRODUCTS_MAX: usize = 1_000;

/// Deadline of one [`Store::apply_products`]: [`PRODUCTS_MAX`] products at up to ten
/// statements of 2 ms each.
const APPLY_DEADLINE: Duration = Duration::from_secs(20);

/// A product as it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductDeclaration {
    /// Its key in the ledger.
    pub sku: Sku,
    /// Its name, for people; at most 255 characters.
    pub name: String,
    /// Its price in the smallest unit of the shop's currency.
    pub price: i64,
    /// The stock it starts with, if the ledger does not know it yet; 0 or more.
    pub opening_stock: i64,
    /// At this stock or below the shop reorders.
    pub reorder_point: i64,
    /// How many it reorders, where the message does not say.
    pub reorder_quantity: Option<Quantity>,
    /// Where it reorders, where the message does not say.
    pub factory_id: Option<FactoryId>,
    /// All it may be called besides its SKU.
    pub aliases: Vec<ProductId>,
}

/// How a [`Store::apply_products`] ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The ledger is as declared. SKUs by what had to be done.
    Done {
        /// New in the ledger.
        created: Vec<Sku>,
        /// Changed.
        changed: Vec<Sku>,
        /// As declared already.
        unchanged: Vec<Sku>,
    },
    /// A name is the SKU or alias of another product: nothing changed.
    AliasTaken {
        /// The name.
        alias: ProductId,
        /// The product that it was declared for.
        declared_for: Sku,
    },
}

/// What becomes of the transaction.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Commit,
    Rollback,
}

impl Store {
    /// Makes these products as declared, all or none. Products that are not declared stay
    /// as they are: rows are never deleted. Products that are as declared already are not
    /// even locked.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat is harmless.
    pub async fn apply_products(
        &self,
        declared: &[ProductDeclaration],
    ) -> Result<Applied, StoreError> {
        self.end_products(declared, Ending::Commit).await
    }

    /// How [`Self::apply_products`] would end: the same statements, rolled back at the end.
    ///
    /// # Errors
    /// [`StoreError`]; it changes nothing.
    pub async fn rehearse_products(
        &self,
        declared: &[ProductDeclaration],
    ) -> Result<Applied, StoreError> {
        self.end_products(declared, Ending::Rollback).await
    }

    async fn end_products(
        &self,
        declared: &[ProductDeclaration],
        ending: Ending,
    ) -> Result<Applied, StoreError> {
        if declared.len() > PRODUCTS_MAX {
            let found = declared.len();
            return Err(StoreError::Broken(format!(
                "{found} products at once, at most {PRODUCTS_MAX} are allowed"
            )));
        }
        let ends_at = Instant::now() + APPLY_DEADLINE;
        retried(|| self.try_apply(declared, ending, ends_at)).await
    }

    async fn try_apply(
        &self,
        declared: &[ProductDeclaration],
        ending: Ending,
        ends_at: Instant,
    ) -> Result<Applied, Failure> {
        let mut call = self.transaction_until(ends_at).await?;
        let mut work = Vec::with_capacity(declared.len());
        for product in declared {
            let row = apply_row(&mut call, product).await?;
            let renamed = drop_aliases(&mut call, product).await?;
            work.push((product, row, renamed));
        }
        // After all old ones are gone: an alias may move from one product to another.
        for (product, row, renamed) in &work {
            if let Some(alias) = clash(&mut call, product, row, *renamed).await? {
                call.rollback().await;
                return Ok(Applied::AliasTaken {
                    alias,
                    declared_for: product.sku.clone(),
                });
            }
        }
        match ending {
            Ending::Commit => call.commit().await?,
            Ending::Rollback => call.rollback().await,
        }
        Ok(done(work))
    }
}

/// Adds the aliases of one product; the name, if there is one, that is another product's.
async fn clash(
    call: &mut Call,
    product: &ProductDeclaration,
    row: &Difference,
    renamed: bool,
) -> Result<Option<ProductId>, Failure> {
    if *row == Difference::New && is_alias(call, &product.sku).await? {
        return Ok(ProductId::parse(product.sku.as_str()).ok());
    }
    if renamed {
        add_aliases(call, product).await
    } else {
        Ok(None)
    }
}

fn done(work: Vec<(&ProductDeclaration, Difference, bool)>) -> Applied {
    let (mut created, mut changed, mut unchanged) = (Vec::new(), Vec::new(), Vec::new());
    for (product, row, renamed) in work {
        let list = match row {
            Difference::New => &mut created,
            Difference::None if !renamed => &mut unchanged,
            Difference::Changed | Difference::None => &mut changed,
        };
        list.push(product.sku.clone());
    }
    Applied::Done {
        created,
        changed,
        unchanged,
    }
}
