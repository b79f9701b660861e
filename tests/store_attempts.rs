//! Needs a database. Proves the fence: one row per attempt, and none past an arrival.
#![allow(clippy::unwrap_used)]

#[path = "support/ledger.rs"]
mod ledger;

use futures::future::join_all;
use ledger::{Ledger, new_arrival, new_attempt, request};
use restock_operator::domain::order::Nonce;
use restock_operator::domain::progress::RowOutcome;
use restock_operator::domain::time::Time;
use restock_operator::edge::store::StoreError;
use restock_operator::edge::store::attempts::{Fenced, Opened};
use std::time::{Duration, Instant};

const PATIENT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn one_of_many_processes_gets_the_row() {
    let ledger = Ledger::with_product().await;
    let rivals: Vec<_> = (0..20)
        .map(|n| {
            let mut row = new_attempt("a", 1, "uid-1");
            row.nonce = Nonce::new(format!("nonce-{n}"));
            row
        })
        .collect();
    let ends = join_all(rivals.iter().map(|row| ledger.open_attempt(row))).await;
    let won: Vec<_> = ends
        .iter()
        .enumerate()
        .filter(|(_, end)| **end == Ok(Opened::Inserted))
        .collect();
    assert_eq!(won.len(), 1, "{ends:?}");
    assert!(
        ends.iter().filter(|end| **end == Ok(Opened::Taken)).count() >= 1,
        "{ends:?}"
    );
    let row = ledger
        .read_attempt(&request("a"), 1)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.nonce, rivals[won[0].0].nonce);
    assert_eq!(row.outcome, RowOutcome::Open);
}

#[tokio::test]
async fn no_row_where_goods_arrived_or_another_object_has_rows() {
    let ledger = Ledger::with_product().await;
    ledger
        .record_arrival(&new_arrival("a", 1), PATIENT)
        .await
        .unwrap();
    assert_eq!(
        ledger.open_attempt(&new_attempt("a", 2, "uid-1")).await,
        Ok(Opened::Blocked)
    );
    assert_eq!(ledger.read_attempt(&request("a"), 2).await, Ok(None));
    assert_eq!(
        ledger.open_attempt(&new_attempt("b", 1, "uid-1")).await,
        Ok(Opened::Inserted)
    );
    assert_eq!(
        ledger.open_attempt(&new_attempt("b", 2, "uid-2")).await,
        Ok(Opened::Blocked)
    );
    assert_eq!(
        ledger.open_attempt(&new_attempt("b", 2, "uid-1")).await,
        Ok(Opened::Inserted)
    );
    // An id that differs in case is another request.
    assert_eq!(
        ledger.open_attempt(&new_attempt("B", 1, "uid-2")).await,
        Ok(Opened::Inserted)
    );
}

#[tokio::test]
async fn an_arrival_on_its_way_is_waited_for() {
    let ledger = Ledger::with_product().await;
    ledger
        .open_attempt(&new_attempt("a", 1, "uid-1"))
        .await
        .unwrap();
    // The arrival transaction, held right before its commit.
    let pool = ledger.schema.pool().await;
    let mut receiver = pool.begin().await.unwrap();
    sqlx::query("SELECT attempt FROM order_attempt WHERE request_id = 'a' LOCK IN SHARE MODE")
        .fetch_all(&mut *receiver)
        .await
        .unwrap();
    sqlx::query("INSERT INTO arrival (request_id, attempt, uid, sku, quantity, surplus, \
         body_digest, received_at, arrived_at) VALUES ('a', 1, 'uid-1', 'CP-502101', 3, 0, '', 0, 0)")
        .execute(&mut *receiver).await.unwrap();
    let row = new_attempt("a", 2, "uid-1");
    let open = ledger.open_attempt(&row);
    let commit = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        receiver.commit().await.unwrap();
    };
    let (opened, ()) = tokio::join!(open, commit);
    assert_eq!(opened, Ok(Opened::Blocked));
}

#[tokio::test]
async fn the_fence_stands_whatever_else_the_ledger_holds() {
    let ledger = Ledger::with_product().await;
    ledger
        .record_arrival(&new_arrival("a", 1), PATIENT)
        .await
        .unwrap();
    let row = new_attempt("a", 2, "uid-2");
    assert_eq!(ledger.fence_attempt(&row).await, Ok(Fenced::Inserted));
    assert_eq!(ledger.fence_attempt(&row).await, Ok(Fenced::Taken));
    assert_eq!(
        ledger.open_attempt(&new_attempt("c", 1, "uid-1")).await,
        Ok(Opened::Inserted)
    );
    assert_eq!(
        ledger.fence_attempt(&new_attempt("c", 1, "uid-1")).await,
        Ok(Fenced::Taken)
    );
    let row = ledger
        .read_attempt(&request("a"), 2)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.outcome, RowOutcome::NotSent);
}

#[tokio::test]
async fn a_known_outcome_stays() {
    use RowOutcome::{NotSent, Open, Placed, Refused, Throttled, Unknown};
    let ledger = Ledger::with_product().await;
    let all = [NotSent, Throttled, Placed, Unknown, Refused];
    let mut number = 0;
    for first in all {
        for second in all {
            number += 1;
            let row = new_attempt(&format!("r{number}"), 1, "uid-1");
            ledger.open_attempt(&row).await.unwrap();
            let id = &row.request_id;
            assert_eq!(
                ledger.close_attempt(id, 1, &row.nonce, first).await,
                Ok(true)
            );
            let allowed = first == Unknown || first == second;
            let again = ledger.close_attempt(id, 1, &row.nonce, second).await;
            assert_eq!(again, Ok(allowed), "{first:?} then {second:?}");
            let now = ledger.read_attempt(id, 1).await.unwrap().unwrap().outcome;
            assert_eq!(now, if allowed { second } else { first });
        }
    }
    let row = new_attempt("x", 1, "uid-1");
    ledger.open_attempt(&row).await.unwrap();
    let foreign = Nonce::new("another process");
    assert_eq!(
        ledger
            .close_attempt(&row.request_id, 1, &foreign, Placed)
            .await,
        Ok(false)
    );
    assert_eq!(
        ledger
            .read_attempt(&row.request_id, 1)
            .await
            .unwrap()
            .unwrap()
            .outcome,
        Open
    );
}

#[tokio::test]
async fn the_view_has_everything_of_the_request_and_nothing_else() {
    let ledger = Ledger::with_product().await;
    let empty = ledger.view(&request("a")).await.unwrap();
    assert!(empty.rows.is_empty() && empty.arrivals.is_empty() && empty.inbox_empty_at.is_none());
    let row = new_attempt("a", 1, "uid-1");
    ledger.open_attempt(&row).await.unwrap();
    ledger
        .fence_attempt(&new_attempt("a", 2, "uid-2"))
        .await
        .unwrap();
    ledger
        .open_attempt(&new_attempt("A", 1, "uid-3"))
        .await
        .unwrap();
    ledger
        .record_arrival(&new_arrival("a", 1), PATIENT)
        .await
        .unwrap();
    ledger.set_inbox_empty(empty.now).await.unwrap();
    ledger.set_inbox_empty(Time::from_micros(5)).await.unwrap();
    let view = ledger.view(&request("a")).await.unwrap();
    assert_eq!(
        view.inbox_empty_at,
        Some(empty.now),
        "an earlier time must not win"
    );
    assert!(view.now > empty.now);
    let rows: Vec<_> = view
        .rows
        .iter()
        .map(|row| (row.attempt, row.uid.as_str(), row.outcome))
        .collect();
    assert_eq!(
        rows,
        [
            (1, "uid-1", RowOutcome::Open),
            (2, "uid-2", RowOutcome::NotSent)
        ]
    );
    assert_eq!(view.rows[0].nonce, row.nonce);
    let left = view.rows[0].deadline.since(view.now);
    assert!(
        left > Duration::from_secs(290) && left < Duration::from_secs(300),
        "{left:?}"
    );
    assert_eq!(view.arrivals.len(), 1);
    assert_eq!(
        (view.arrivals[0].attempt, view.arrivals[0].quantity.get()),
        (1, 3)
    );
    assert!(view.arrivals[0].at > empty.now && view.arrivals[0].at <= view.now);
}

#[tokio::test]
async fn the_sweep_finds_what_is_overdue_until_it_is_told() {
    let ledger = Ledger::with_product().await;
    for id in ["arrived", "in-time", "lost", "never-sent", "unknown"] {
        let mut row = new_attempt(id, 1, "uid-1");
        let overdue = if id == "in-time" { 300 } else { 0 };
        row.deadline_after = Duration::from_secs(overdue);
        ledger.open_attempt(&row).await.unwrap();
        let outcome = match id {
            "never-sent" => RowOutcome::NotSent,
            "unknown" => RowOutcome::Unknown,
            _ => RowOutcome::Placed,
        };
        ledger
            .close_attempt(&row.request_id, 1, &row.nonce, outcome)
            .await
            .unwrap();
    }
    ledger
        .record_arrival(&new_arrival("arrived", 1), PATIENT)
        .await
        .unwrap();
    ledger
        .record_arrival(&new_arrival("lost", 2), PATIENT)
        .await
        .unwrap();
    let found = ledger.overdue_untold(None, None, 10).await.unwrap();
    let seen: Vec<_> = found
        .iter()
        .map(|row| {
            (
                row.request_id.as_str(),
                row.outcome,
                row.other_attempt_arrived,
            )
        })
        .collect();
    let expected = [
        ("lost", RowOutcome::Placed, true),
        ("unknown", RowOutcome::Unknown, false),
    ];
    assert_eq!(seen, expected);
    assert_eq!(
        ledger
            .overdue_untold(None, Some((&request("lost"), 1)), 10)
            .await
            .unwrap()
            .len(),
        1
    );
    for (namespace, count) in [("shop", 2), ("other", 0)] {
        let found = ledger.overdue_untold(Some(namespace), None, 10).await;
        assert_eq!(found.unwrap().len(), count, "{namespace}");
    }
    for notice in ["first", "second"] {
        ledger
            .mark_attempt_told(&request("lost"), 1, notice)
            .await
            .unwrap();
    }
    let found = ledger.overdue_untold(None, None, 10).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].request_id, request("unknown"));
    let pool = ledger.schema.pool().await;
    let notice: String =
        sqlx::query_scalar("SELECT notice_id FROM order_attempt WHERE request_id = 'lost'")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(notice, "first");
}

#[tokio::test]
async fn locked_attempts_end_the_call_within_its_deadline() {
    let ledger = Ledger::with_product().await;
    let row = new_attempt("a", 1, "uid-1");
    ledger.open_attempt(&row).await.unwrap();
    let pool = ledger.schema.pool().await;
    let mut holder = pool.begin().await.unwrap();
    sqlx::query("UPDATE order_attempt SET uid = uid")
        .execute(&mut *holder)
        .await
        .unwrap();
    let began = Instant::now();
    let end = ledger.open_attempt(&new_attempt("a", 2, "uid-1")).await;
    assert!(
        matches!(end, Err(StoreError::Locked | StoreError::Unavailable(_))),
        "{end:?}"
    );
    let end = ledger
        .close_attempt(&row.request_id, 1, &row.nonce, RowOutcome::Placed)
        .await;
    assert!(
        matches!(end, Err(StoreError::Locked | StoreError::Unavailable(_))),
        "{end:?}"
    );
    assert!(
        began.elapsed() < Duration::from_secs(7),
        "{:?}",
        began.elapsed()
    );
}
