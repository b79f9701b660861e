//! Needs a database. Proves that a commit whose fate is unknown is called so, and that the
//! documented way out of it settles it: nothing is lost, nothing happens twice.
#![allow(clippy::unwrap_used)]

#[path = "support/buyers.rs"]
mod buyers;
#[path = "support/commit_cutter.rs"]
mod commit_cutter;
#[path = "support/ledger.rs"]
mod ledger;
#[path = "support/proxy.rs"]
mod proxy;

use buyers::{purchase, sold};
use commit_cutter::{CommitCutter, Lost};
use ledger::{Ledger, SKU, new_arrival, new_attempt, sku};
use proxy::long_way;
use restock_operator::domain::progress::RowOutcome;
use restock_operator::domain::purchase::Terms;
use restock_operator::edge::store::arrivals::ArrivalEnd;
use restock_operator::edge::store::attempts::{Fenced, Opened};
use restock_operator::edge::store::products::{Adjusted, NewAdjustment};
use restock_operator::edge::store::{Store, StoreError};
use std::time::Duration;

const PATIENT: Duration = Duration::from_secs(30);

/// A ledger with a product, and a store whose way to it can be cut.
async fn cuttable() -> (Ledger, CommitCutter, Store) {
    let ledger = Ledger::with_product().await;
    let cutter = CommitCutter::before(ledger.schema.server()).await;
    let store = Store::connect(&ledger.schema.url_by(cutter.address), 2).unwrap();
    store.now().await.unwrap();
    (ledger, cutter, store)
}

#[tokio::test]
async fn a_repeated_arrival_is_counted_once_whichever_half_was_lost() {
    let (ledger, cutter, store) = cuttable().await;
    for (lost, id, stock) in [(Lost::Answer, "a", 13), (Lost::Command, "b", 16)] {
        let arrival = new_arrival(id, 1);
        cutter.arm(lost);
        let end = store.record_arrival(&arrival, PATIENT).await;
        assert!(
            matches!(end, Err(StoreError::CommitUnknown(_))),
            "{lost:?}: {end:?}"
        );
        let again = store.record_arrival(&arrival, PATIENT).await.unwrap();
        let was_repeat = again == ArrivalEnd::Repeat;
        assert_eq!(was_repeat, lost == Lost::Answer, "{lost:?}: {again:?}");
        assert_eq!(ledger.stock(SKU).await, stock);
    }
}

#[tokio::test]
async fn the_row_says_whether_an_attempt_was_opened() {
    let (_ledger, cutter, store) = cuttable().await;
    for (lost, id) in [(Lost::Answer, "a"), (Lost::Command, "b")] {
        let attempt = new_attempt(id, 1, "uid-1");
        cutter.arm(lost);
        let end = store.open_attempt(&attempt).await;
        assert!(
            matches!(end, Err(StoreError::CommitUnknown(_))),
            "{lost:?}: {end:?}"
        );
        let row = store.read_attempt(&attempt.request_id, 1).await.unwrap();
        if lost == Lost::Answer {
            let row = row.unwrap();
            assert_eq!(
                (row.nonce, row.outcome),
                (attempt.nonce.clone(), RowOutcome::Open)
            );
            assert_eq!(store.open_attempt(&attempt).await, Ok(Opened::Taken));
        } else {
            assert_eq!(row, None);
            assert_eq!(store.fence_attempt(&attempt).await, Ok(Fenced::Inserted));
        }
    }
}

#[tokio::test]
async fn a_repeated_adjustment_counts_once_whichever_half_was_lost() {
    let (ledger, cutter, store) = cuttable().await;
    for (lost, id, stock) in [(Lost::Answer, "a", 9), (Lost::Command, "b", 8)] {
        let adjustment = NewAdjustment {
            id: id.to_owned(),
            sku: sku(SKU),
            delta: -1,
            reason: "broken".to_owned(),
            by: "auditor".to_owned(),
        };
        cutter.arm(lost);
        let end = store.adjust(&adjustment).await;
        assert!(
            matches!(end, Err(StoreError::CommitUnknown(_))),
            "{lost:?}: {end:?}"
        );
        let again = store.adjust(&adjustment).await.unwrap();
        assert_eq!(
            again == Adjusted::Repeat,
            lost == Lost::Answer,
            "{lost:?}: {again:?}"
        );
        assert_eq!(ledger.stock(SKU).await, stock);
    }
}

#[tokio::test]
async fn a_purchase_stays_in_doubt_if_nobody_can_look_before_its_deadline() {
    let ledger = Ledger::with_product().await;
    let cutter = CommitCutter::before(ledger.schema.server()).await;
    // Long enough that somebody queues for the row before the COMMIT comes by.
    let way = long_way(cutter.address.to_string(), Duration::from_millis(100)).await;
    let store = Store::connect(&ledger.schema.url_by(way), 1).unwrap();
    cutter.arm(Lost::Command);
    let (product, group) = (sku(SKU), [purchase("k", SKU, 1)]);
    let pool = ledger.schema.pool().await;
    let queueing = async {
        let free = "SELECT stock FROM product FOR UPDATE SKIP LOCKED";
        while !sqlx::query(free).fetch_all(&pool).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut holder = pool.begin().await.unwrap();
        let lock = "SELECT stock FROM product FOR UPDATE";
        sqlx::query(lock).execute(&mut *holder).await.unwrap();
        holder
    };
    let deciding = store.decide_purchases(&product, &group, Terms::default());
    let (decided, holder) = tokio::join!(deciding, queueing);
    let unknown = matches!(decided, Err(StoreError::CommitUnknown(_)));
    assert!(unknown, "{decided:?}");
    holder.rollback().await.unwrap();
    let again = ledger.decide_purchases(&product, &group, Terms::default());
    assert!(sold(&again.await.unwrap().unwrap()[0]));
    assert_eq!(ledger.stock(SKU).await, 9);
}
