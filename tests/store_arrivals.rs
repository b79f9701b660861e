//! Needs a database. Proves that goods are counted exactly once, whatever comes at once.
#![allow(clippy::unwrap_used)]

#[path = "support/ledger.rs"]
mod ledger;

use futures::future::join_all;
use ledger::{Ledger, SKU, new_arrival, new_attempt, request, sku};
use restock_operator::edge::store::StoreError;
use restock_operator::edge::store::arrivals::{
    ArrivalEnd, NOTE_CHARACTERS_MAX, Ordered, UnrecordedArrival, Whose,
};
use std::time::{Duration, Instant};

/// Of the objects of [`new_attempt`].
const OURS: Whose = Whose::Namespace("shop");

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
            .unrecorded_arrivals(OURS, None, 10)
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

fn ids(rows: &[UnrecordedArrival]) -> Vec<&str> {
    rows.iter().map(|row| row.request_id.as_str()).collect()
}

#[tokio::test]
async fn the_worklist_has_what_is_not_recorded_and_pages_by_key() {
    let ledger = Ledger::with_product().await;
    for id in ["a", "b", "c"] {
        let row = new_attempt(id, 1, "uid-1");
        ledger.open_attempt(&row).await.unwrap();
        let mut arrival = new_arrival(id, 1);
        arrival.note = Some("개".repeat(NOTE_CHARACTERS_MAX + 1));
        ledger.record_arrival(&arrival, PATIENT).await.unwrap();
    }
    let page = ledger.unrecorded_arrivals(OURS, None, 2).await.unwrap();
    assert_eq!(ids(&page), ["a", "b"]);
    let note = page[1].note.as_ref().unwrap();
    assert_eq!(note.chars().count(), NOTE_CHARACTERS_MAX);
    let last = (&page[1].request_id, page[1].attempt);
    let page = ledger.unrecorded_arrivals(OURS, Some(last), 2).await;
    assert_eq!(ids(&page.unwrap()), ["c"]);
    for _ in 0..2 {
        ledger.mark_recorded(&request("a"), 1).await.unwrap();
    }
    let left = ledger.unrecorded_arrivals(OURS, None, 9).await.unwrap();
    assert_eq!(ids(&left), ["b", "c"]);
}

#[tokio::test]
async fn each_arrival_is_on_exactly_one_worklist() {
    let ledger = Ledger::with_product().await;
    for (id, namespace) in [("a", "shop"), ("b", "other")] {
        let mut row = new_attempt(id, 1, "uid-1");
        row.namespace = namespace.to_owned();
        ledger.open_attempt(&row).await.unwrap();
    }
    // Of the last one the ledger has lost the attempt.
    for id in ["a", "b", "c"] {
        let arrival = new_arrival(id, 1);
        ledger.record_arrival(&arrival, PATIENT).await.unwrap();
    }
    for (whose, expected) in [
        (OURS, vec!["a"]),
        (Whose::Namespace("other"), vec!["b"]),
        (Whose::Namespace("third"), Vec::new()),
        (Whose::Everybody, vec!["a", "b"]),
        (Whose::Unknown, vec!["c"]),
    ] {
        let page = ledger.unrecorded_arrivals(whose, None, 9).await.unwrap();
        assert_eq!(ids(&page), expected, "{whose:?}");
        let known = page.iter().all(|row| row.ordered.is_some());
        assert_eq!(known, whose != Whose::Unknown, "{whose:?}");
    }
    let page = ledger.unrecorded_arrivals(OURS, None, 9).await.unwrap();
    let ordered = page[0].ordered.as_ref().unwrap();
    let Ordered {
        namespace,
        name,
        factory,
        at,
    } = ordered;
    assert_eq!([namespace, name, factory], ["shop", "rr-a", "seoul"]);
    assert!(*at <= page[0].at, "ordered before it came");
}
