//! `sale`: what was sold, for whoever asks. Booked by [`super::purchases`].

use super::row::{get, quantity, time, word};
use super::{Store, StoreError};
use crate::domain::order::{Quantity, SaleId, Sku};
use crate::domain::time::Time;

/// A sale as it was booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookedSale {
    /// Its id.
    pub id: SaleId,
    /// The product.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
    /// By whom.
    pub buyer: String,
    /// When, by the ledger's clock.
    pub sold_at: Time,
}

const BY_ID: &str = "SELECT id, sku, quantity, requester, sold_at FROM sale WHERE id = ?";

impl Store {
    /// The sale of this id.
    ///
    /// # Errors
    /// [`StoreError`]; a read changes nothing.
    pub async fn sale(&self, id: &SaleId) -> Result<Option<BookedSale>, StoreError> {
        let query = sqlx::query(BY_ID).bind(id.as_str());
        let rows = self.call().await?.read(query).await?;
        let booked = |row| {
            Ok(BookedSale {
                id: word(row, "id")?,
                sku: word(row, "sku")?,
                quantity: quantity(row, "quantity")?,
                buyer: get(row, "requester")?,
                sold_at: time(row, "sold_at")?,
            })
        };
        rows.first().map(booked).transpose()
    }
}
