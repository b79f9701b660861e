//! Purchases: sale, stock, kept answer and owed message, in one transaction.

mod rows;

use super::call::{Call, retried};
use super::error::Failure;
use super::row::{get, ledger_now, optional_quantity, optional_word};
use super::{CALL_DEADLINE, Store, StoreError};
use crate::domain::order::{IdempotencyKey, Sku};
use crate::domain::purchase::{Decided, Kept, Purchase, Shelf, Terms, Verdict, decide, wanted};
use rows::{insert_answers, insert_sales, insert_shortages, kept_answers};
use sqlx::mysql::MySqlRow;
use std::collections::HashMap;
use std::slice;
use tokio::time::Instant;

/// Purchases of one [`Store::decide_purchases`]: with three rows each, a transaction of some
/// ten milliseconds.
pub const PURCHASES_MAX: usize = 256;

/// Locks the product's row: purchases and arrivals of one product take turns from here on.
const LOCK: &str = "SELECT stock, reorder_point, reorder_quantity, factory_id FROM product \
     WHERE sku = ? FOR UPDATE";

/// Says what is left as it takes, which spares a look at it.
const TAKE: &str = "UPDATE product SET stock = LAST_INSERT_ID(stock - ?) \
     WHERE sku = ? AND stock >= ?";

/// More are under way while a message waits for the relay; while an order is out; and for a
/// quarter of an hour after a message was sent, until an attempt to order shows what became of
/// it. `closed_at IS NULL` says nothing new of an order, but it has the index. Of the messages
/// that were sent the last hundred are looked at, for the product is locked meanwhile: there
/// are more only where each purchase that fails sends one, and then nothing hangs on it.
const UNDER_WAY: &str = concat!(
    "SELECT EXISTS (SELECT 1 FROM outbox WHERE sku = ? AND sent_at IS NULL) \
     OR EXISTS (SELECT 1 FROM order_attempt WHERE sku = ? AND closed_at IS NULL \
         AND outcome IN ('open', 'placed', 'unknown') AND deadline_at > ",
    ledger_now!(),
    " AND NOT EXISTS (SELECT 1 FROM arrival \
         WHERE arrival.request_id = order_attempt.request_id \
         AND arrival.attempt = order_attempt.attempt)) \
     OR EXISTS (SELECT 1 FROM (SELECT request_id FROM outbox \
         WHERE sku = ? AND sent_at > ",
    ledger_now!(),
    " - 900000000 ORDER BY sent_at DESC LIMIT 100) AS sent \
         WHERE NOT EXISTS (SELECT 1 FROM order_attempt \
             WHERE order_attempt.request_id = sent.request_id)) AS under_way"
);

/// Whether the keys of a group can have been answered before.
#[derive(Clone, Copy)]
enum Keys {
    /// Almost always not: then one statement less stands between buyers and the hot row.
    Presumed,
    /// One has: look first.
    Looked,
}

impl Store {
    /// Decides these purchases of one product, in their order, all in one transaction: at most
    /// [`PURCHASES_MAX`]. None if there is no such product; nothing was done then.
    ///
    /// # Errors
    /// [`StoreError`]. A repeat is harmless: what was decided is kept under its key.
    pub async fn decide_purchases(
        &self,
        sku: &Sku,
        group: &[Purchase],
        terms: Terms,
    ) -> Result<Option<Vec<Verdict>>, StoreError> {
        let ends_at = Instant::now() + CALL_DEADLINE;
        let first = self
            .decide_once(sku, group, terms, Keys::Presumed, ends_at)
            .await;
        let first = match first {
            Err(
                why @ (Failure::Duplicate
                | Failure::Locked
                | Failure::Other(StoreError::CommitUnknown(_))),
            ) => why,
            ended => return Ok(ended?),
        };
        let ended = retried(async || {
            let ended = self
                .decide_once(sku, group, terms, Keys::Looked, ends_at)
                .await;
            // A key that came meanwhile, with another product: seen by the next try.
            ended.map_err(|failure| match failure {
                Failure::Duplicate => Failure::Locked,
                other => other,
            })
        });
        ended.await.map_err(|last| match (first, last) {
            // No later try has found out what became of it.
            (Failure::Other(unknown), _) => unknown,
            (Failure::Locked, StoreError::Unavailable(_)) => StoreError::Locked,
            (_, last) => last,
        })
    }

    /// What this purchase was answered under its key before; none if the key is free. For one
    /// whose product is not there: it is in no group that is decided.
    ///
    /// # Errors
    /// [`StoreError`]; a read changes nothing.
    pub async fn kept_verdict(&self, purchase: &Purchase) -> Result<Option<Verdict>, StoreError> {
        let mut call = self.call().await?;
        let kept = kept_answers(&mut call, slice::from_ref(purchase)).await?;
        let kept = kept.get(&purchase.key);
        Ok(kept.map(|kept| kept.verdict(&purchase.form.digest())))
    }

    async fn decide_once(
        &self,
        sku: &Sku,
        group: &[Purchase],
        terms: Terms,
        keys: Keys,
        ends_at: Instant,
    ) -> Result<Option<Vec<Verdict>>, Failure> {
        let mut call = self.transaction_until(ends_at).await?;
        let alone = group.len() == 1 && !terms.early_warning && matches!(keys, Keys::Presumed);
        let mut verdicts = None;
        if alone {
            verdicts = sell_alone(&mut call, sku, group).await?;
        }
        if verdicts.is_none() {
            verdicts = decide_locked(&mut call, sku, group, terms, keys).await?;
        }
        match verdicts {
            Some(_) => call.commit().await?,
            None => call.rollback().await,
        }
        Ok(verdicts)
    }
}

/// A buyer who comes alone and gets what he wants needs no look at the product: the statement
/// that takes it says what is left. None if there was not enough.
async fn sell_alone(
    call: &mut Call,
    sku: &Sku,
    group: &[Purchase],
) -> Result<Option<Vec<Verdict>>, Failure> {
    let Some(left) = take(call, sku, wanted(group)).await? else {
        return Ok(None);
    };
    let shelf = Shelf {
        stock: left + wanted(group),
        ..Shelf::default()
    };
    let decided = decide(shelf, HashMap::new(), group, Terms::default());
    keep(call, sku, &decided).await?;
    Ok(Some(decided.verdicts))
}

async fn decide_locked(
    call: &mut Call,
    sku: &Sku,
    group: &[Purchase],
    terms: Terms,
    keys: Keys,
) -> Result<Option<Vec<Verdict>>, Failure> {
    let rows = call.read(sqlx::query(LOCK).bind(sku.as_str())).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let mut shelf = shelf(row)?;
    // After the lock: whoever had it before us has committed, and is read.
    let kept: HashMap<IdempotencyKey, Kept> = match keys {
        Keys::Presumed => HashMap::new(),
        Keys::Looked => kept_answers(call, group).await?,
    };
    if may_owe(&shelf, group, terms) {
        shelf.under_way = under_way(call, sku).await?;
    }
    let decided = decide(shelf, kept, group, terms);
    // Rows of other tables first: the hot one is locked, and the order keeps nobody waiting.
    keep(call, sku, &decided).await?;
    let pieces = decided.pieces();
    if pieces > 0 && take(call, sku, pieces).await?.is_none() {
        let text = format!("the locked stock of {sku} is not what it was");
        return Err(StoreError::Broken(text).into());
    }
    Ok(Some(decided.verdicts))
}

/// Whether it matters that more are under way: most groups owe no message.
fn may_owe(shelf: &Shelf, group: &[Purchase], terms: Terms) -> bool {
    let left = shelf.stock - wanted(group);
    let point = shelf.reorder_point;
    left < 0 || (terms.early_warning && shelf.stock > point && left <= point)
}

async fn under_way(call: &mut Call, sku: &Sku) -> Result<bool, Failure> {
    let query = sqlx::query(UNDER_WAY)
        .bind(sku.as_str())
        .bind(sku.as_str())
        .bind(sku.as_str());
    let rows = call.read(query).await?;
    let row = rows.first();
    Ok(row.map_or(Ok(0), |row| get::<i64>(row, "under_way"))? != 0)
}

/// Writes what was decided, but for the stock.
async fn keep(call: &mut Call, sku: &Sku, decided: &Decided) -> Result<(), Failure> {
    insert_answers(call, &decided.answers).await?;
    insert_sales(call, sku, &decided.sales).await?;
    insert_shortages(call, &decided.shortages).await
}

/// Takes pieces out of the stock; what is left. None if there are not so many.
async fn take(call: &mut Call, sku: &Sku, pieces: i64) -> Result<Option<i64>, Failure> {
    let take = sqlx::query(TAKE)
        .bind(pieces)
        .bind(sku.as_str())
        .bind(pieces);
    let left = call.write_and_tell(take).await?;
    let unreadable = |why| StoreError::Broken(format!("the stock of {sku}: {why}"));
    Ok(left.map(i64::try_from).transpose().map_err(unreadable)?)
}

fn shelf(row: &MySqlRow) -> Result<Shelf, StoreError> {
    Ok(Shelf {
        stock: get(row, "stock")?,
        reorder_point: get(row, "reorder_point")?,
        reorder_quantity: optional_quantity(row, "reorder_quantity")?,
        factory_id: optional_word(row, "factory_id")?,
        under_way: false,
    })
}
