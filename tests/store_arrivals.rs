//! Needs a database. Proves that goods are counted exactly once, whatever comes at once.
#![allow(clippy::unwrap_used)]

#[path = "support/ledger.rs"]
mod ledger;

use futures::future::join_all;
use ledger::{Ledger, SKU, new_arrival, new_attempt, request, sku};
use restock_operator::edge::store::StoreError;
use restock_operator::edge::store::arrivals::{ArrivalEnd, NOTE_CHARACTERS_MAX};
use std::time::{Duration, Instant};

/// Where [`new_attempt`] puts its objects.
const NAMESPACE: &str = "shop";

/// Long enough for any number of turns at a row on a busy machine.
const PATIENT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn an_arrival_raises_the_stock_once_and_a_repeat_changes_nothing() {
    let ledger = Ledger::with_product().await;
    let arrival = new_arrival("a", 1);
    let first = ledger.record_arrival(&arrival, PATIENT).await.unwrap();
    assert_eq!(
        first,
        ArrivalEnd::Committed {
            surplus: false,
            stock: 13
        }
    );
    let second = ledger.record_arrival(&arrival, PATIENT).await.unwrap();
    assert_eq!(second, ArrivalEnd::Repeat);
    assert_eq!(ledger.stock(SKU).await, 13);
}

#[tokio::test]
async fn a_hundred_identical_callbacks_at_once_raise_the_stock_once() {
    let ledger = Ledger::with_product().await;
    let arrival = new_arrival("a", 1);
    let calls = (0..100).map(|_| ledger.record_arrival(&arrival, PATIENT));
    let ends = join_all(calls).await;
    let committed = ends
        .iter()
        .filter(|end| matches!(end, Ok(ArrivalEnd::Committed { .. })));
    assert_eq!(committed.count(), 1);
    // The wait for one of few connections may end a call, but never with an effect.
    let harmless = |end: &&Result<_, _>| {
        matches!(
            end,
            Ok(ArrivalEnd::Repeat) | Err(StoreError::Unavailable(_))
        )
    };
    assert_eq!(ends.iter().filter(harmless).count(), 99, "{ends:?}");
    assert_eq!(ledger.stock(SKU).await, 13);
}

#[tokio::test]
async fn arrivals_of_one_hot_product_at_once_are_all_counted() {
    let ledger = Ledger::with_product().await;
    let arrivals: Vec<_> = (0..60).map(|n| new_arrival(&format!("r{n}"), 1)).collect();
    let calls = arrivals
        .iter()
        .map(|arrival| ledger.record_arrival(arrival, PATIENT));
    for end in join_all(calls).await {
        assert!(
            matches!(end, Ok(ArrivalEnd::Committed { surplus: false, .. })),
            "{end:?}"
        );
    }
    assert_eq!(ledger.stock(SKU).await, 10 + 60 * 3);
}

#[tokio::test]
async fn of_two_attempts_at_once_exactly_one_is_surplus() {
    let ledger = Ledger::with_product().await;
    let (first, second) = (new_arrival("a", 1), new_arrival("a", 2));
    let (first, second) = tokio::join!(
        ledger.record_arrival(&first, PATIENT),
        ledger.record_arrival(&second, PATIENT)
    );
    let ends = [first.unwrap(), second.unwrap()];
    let surplus = |end: &&ArrivalEnd| matches!(end, ArrivalEnd::Committed { surplus: true, .. });
    let regular = |end: &&ArrivalEnd| matches!(end, ArrivalEnd::Committed { surplus: false, .. });
    assert_eq!(ends.iter().filter(surplus).count(), 1, "{ends:?}");
    assert_eq!(ends.iter().filter(regular).count(), 1, "{ends:?}");
    assert_eq!(ledger.stock(SKU).await, 16);
}

#[tokio::test]
async fn ids_that_differ_only_in_case_are_two() {
    let ledger = Ledger::with_product().await;
    for id in ["ABc", "abC"] {
        let end = ledger
            .record_arrival(&new_arrival(id, 1), PATIENT)
            .await
            .unwrap();
        assert!(
            matches!(end, ArrivalEnd::Committed { surplus: false, .. }),
            "{id}: {end:?}"
        );
    }
    assert_eq!(ledger.stock(SKU).await, 16);
}

#[tokio::test]
async fn an_unknown_product_changes_nothing() {
    let ledger = Ledger::with_product().await;
    let mut arrival = new_arrival("a", 1);
    arrival.sku = sku("cp-502101");
    let end = ledger.record_arrival(&arrival, PATIENT).await.unwrap();
    assert_eq!(end, ArrivalEnd::NoSuchProduct);
    assert!(
        ledger
            .unrecorded_arrivals(NAMESPACE, None, 10)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_row_locked_for_a_minute_ends_the_call_within_its_deadline() {
    let ledger = Ledger::with_product().await;
    let pool = ledger.schema.pool().await;
    let mut holder = pool.begin().await.unwrap();
    sqlx::query("UPDATE product SET stock = stock WHERE sku = ?")
        .bind(SKU)
        .execute(&mut *holder)
        .await
        .unwrap();
    let arrival = new_arrival("a", 1);
    let began = Instant::now();
    let within = Duration::from_millis(1_500);
    let end = ledger.record_arrival(&arrival, within).await;
    assert!(matches!(end, Err(StoreError::Unavailable(_))), "{end:?}");
    assert!(
        began.elapsed() < within + Duration::from_millis(300),
        "{:?}",
        began.elapsed()
    );
    holder.rollback().await.unwrap();
    // The call that gave up has no effect later on, and left no broken connection behind.
    let end = ledger.record_arrival(&arrival, PATIENT).await.unwrap();
    assert_eq!(
        end,
        ArrivalEnd::Committed {
            surplus: false,
            stock: 13
        }
    );
}

#[tokio::test]
async fn a_call_dropped_in_mid_transaction_has_no_effect() {
    let ledger = Ledger::with_product().await;
    for millis in 0..20 {
        let arrival = new_arrival(&format!("r{millis}"), 1);
        let call = ledger.record_arrival(&arrival, PATIENT);
        let cut = tokio::time::timeout(Duration::from_millis(millis) / 2, call).await;
        // Counted or not: the books add up, and a repeat counts it exactly once.
        drop(cut);
        ledger.record_arrival(&arrival, PATIENT).await.unwrap();
    }
    assert_eq!(ledger.stock(SKU).await, 10 + 20 * 3);
}

#[tokio::test]
async fn the_worklist_has_what_is_not_recorded_and_pages_by_key() {
    let ledger = Ledger::with_product().await;
    ledger
        .open_attempt(&new_attempt("b", 1, "uid-1"))
        .await
        .unwrap();
    for id in ["a", "b", "c"] {
        let mut arrival = new_arrival(id, 1);
        arrival.note = Some("개".repeat(NOTE_CHARACTERS_MAX + 1));
        ledger.record_arrival(&arrival, PATIENT).await.unwrap();
    }
    let page = ledger
        .unrecorded_arrivals(NAMESPACE, None, 2)
        .await
        .unwrap();
    assert_eq!(
        page.iter()
            .map(|row| row.request_id.as_str())
            .collect::<Vec<_>>(),
        ["a", "b"]
    );
    assert_eq!(page[0].name, None);
    assert_eq!(page[1].name.as_deref(), Some("rr-b"));
    let elsewhere = ledger.unrecorded_arrivals("other", None, 9).await.unwrap();
    let elsewhere: Vec<_> = elsewhere
        .iter()
        .map(|row| row.request_id.as_str())
        .collect();
    assert_eq!(
        elsewhere,
        ["a", "c"],
        "b is known to be of another namespace"
    );
    assert_eq!(
        page[1].note.as_ref().unwrap().chars().count(),
        NOTE_CHARACTERS_MAX
    );
    let last = (&page[1].request_id, page[1].attempt);
    assert_eq!(
        ledger
            .unrecorded_arrivals(NAMESPACE, Some(last), 2)
            .await
            .unwrap()[0]
            .request_id,
        request("c")
    );
    for _ in 0..2 {
        ledger.mark_recorded(&request("a"), 1).await.unwrap();
    }
    assert_eq!(
        ledger
            .unrecorded_arrivals(NAMESPACE, None, 9)
            .await
            .unwrap()
            .len(),
        2
    );
}
