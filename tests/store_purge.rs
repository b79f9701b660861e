//! Needs a database. Proves what the ledger may forget, and that it forgets nothing else.
#![allow(clippy::unwrap_used)]

#[path = "support/ledger.rs"]
mod ledger;

use ledger::{Ledger, new_arrival, new_attempt, request};
use restock_operator::domain::progress::RowOutcome;
use restock_operator::edge::store::dead_letters::SeenDeadLetter;
use restock_operator::edge::store::purge::OldAttempt;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);
const PATIENT: Duration = Duration::from_secs(30);

/// An attempt that ended so many days ago.
async fn closed(ledger: &Ledger, id: &str, attempt: u32, days: i64) {
    let row = new_attempt(id, attempt, "uid-1");
    ledger.open_attempt(&row).await.unwrap();
    let outcome = RowOutcome::Refused;
    ledger
        .close_attempt(&row.request_id, attempt, &row.nonce, outcome)
        .await
        .unwrap();
    age(ledger, id, days).await;
}

async fn age(ledger: &Ledger, id: &str, days: i64) {
    sqlx::query("UPDATE order_attempt SET closed_at = closed_at - ? WHERE request_id = ?")
        .bind(days * i64::try_from(DAY.as_micros()).unwrap())
        .bind(id)
        .execute(&ledger.schema.pool().await)
        .await
        .unwrap();
}

async fn old(ledger: &Ledger, after: Option<&OldAttempt>, limit: u32) -> Vec<OldAttempt> {
    ledger
        .old_attempts(Some("shop"), KEPT, after, limit)
        .await
        .unwrap()
}

fn keys(rows: &[OldAttempt]) -> Vec<(&str, u32)> {
    rows.iter()
        .map(|row| (row.request_id.as_str(), row.attempt))
        .collect()
}

#[tokio::test]
async fn only_what_has_been_closed_for_long_is_old() {
    let ledger = Ledger::with_product().await;
    closed(&ledger, "old", 1, 91).await;
    closed(&ledger, "young", 1, 89).await;
    let mut elsewhere = new_attempt("elsewhere", 1, "uid-1");
    elsewhere.namespace = "other".to_owned();
    ledger.fence_attempt(&elsewhere).await.unwrap();
    age(&ledger, "elsewhere", 91).await;
    // Never closed: nobody was told, and the goods may come.
    for (id, outcome) in [
        ("open", None),
        ("unknown", Some(RowOutcome::Unknown)),
        ("placed", Some(RowOutcome::Placed)),
    ] {
        let row = new_attempt(id, 1, "uid-1");
        ledger.open_attempt(&row).await.unwrap();
        if let Some(outcome) = outcome {
            ledger
                .close_attempt(&row.request_id, 1, &row.nonce, outcome)
                .await
                .unwrap();
        }
        age(&ledger, id, 1_000).await;
    }
    assert_eq!(keys(&old(&ledger, None, 10).await), [("old", 1)]);
    let everywhere = ledger.old_attempts(None, KEPT, None, 10).await.unwrap();
    let mut places: Vec<_> = everywhere
        .iter()
        .map(|row| (row.namespace.as_str(), row.name.as_str()))
        .collect();
    places.sort_unstable();
    assert_eq!(places, [("other", "rr-elsewhere"), ("shop", "rr-old")]);
}

#[tokio::test]
async fn attempts_of_a_request_go_together_and_not_before_its_goods_are_shown() {
    let ledger = Ledger::with_product().await;
    closed(&ledger, "half-open", 1, 91).await;
    ledger
        .open_attempt(&new_attempt("half-open", 2, "uid-1"))
        .await
        .unwrap();
    closed(&ledger, "half-young", 1, 91).await;
    closed(&ledger, "half-young", 2, 5).await;
    closed(&ledger, "whole", 1, 91).await;
    closed(&ledger, "whole", 2, 91).await;
    closed(&ledger, "arrived", 1, 95).await;
    ledger
        .record_arrival(&new_arrival("arrived", 1), PATIENT)
        .await
        .unwrap();
    // Each `closed` made the request's earlier rows older still.
    assert_eq!(
        keys(&old(&ledger, None, 10).await),
        [("whole", 1), ("whole", 2)]
    );
    ledger.mark_recorded(&request("arrived"), 1).await.unwrap();
    let all = old(&ledger, None, 10).await;
    assert_eq!(
        keys(&all),
        [("whole", 1), ("arrived", 1), ("whole", 2)],
        "longest closed first"
    );

    let all: Vec<_> = all.iter().collect();
    assert_eq!(ledger.purge_attempts(&all).await, Ok(3));
    assert_eq!(ledger.purge_attempts(&all).await, Ok(0));
    assert!(old(&ledger, None, 10).await.is_empty());
    // The goods stay for ever, and keep the request from being ordered once more.
    let view = ledger.view(&request("arrived")).await.unwrap();
    assert_eq!((view.rows.len(), view.arrivals.len()), (0, 1));
    for id in ["half-open", "half-young"] {
        assert_eq!(ledger.view(&request(id)).await.unwrap().rows.len(), 2);
    }
}

#[tokio::test]
async fn pages_end_and_leave_nothing_out() {
    let ledger = Ledger::with_product().await;
    for number in 0..7 {
        // Some are closed at the same moment.
        closed(&ledger, &format!("r{number}"), 1, 91 + number % 2).await;
    }
    let pool = ledger.schema.pool().await;
    sqlx::query("UPDATE order_attempt SET closed_at = 5 WHERE request_id > 'r3'")
        .execute(&pool)
        .await
        .unwrap();
    let mut seen = Vec::new();
    let mut last: Option<OldAttempt> = None;
    loop {
        let page = old(&ledger, last.as_ref(), 2).await;
        assert!(page.len() <= 2);
        seen.extend(keys(&page).iter().map(|(id, _)| (*id).to_owned()));
        last = page.into_iter().last();
        if last.is_none() {
            break;
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, ["r0", "r1", "r2", "r3", "r4", "r5", "r6"]);
}

#[tokio::test]
async fn a_row_that_took_an_old_ones_place_stays() {
    let ledger = Ledger::with_product().await;
    closed(&ledger, "a", 1, 91).await;
    let rows = old(&ledger, None, 10).await;
    age(&ledger, "a", -91).await;
    assert_eq!(ledger.purge_attempts(&[&rows[0]]).await, Ok(0));
    assert!(
        ledger
            .read_attempt(&request("a"), 1)
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn the_archive_forgets_the_oldest_first_and_never_the_young() {
    let ledger = Ledger::create().await;
    let pool = ledger.schema.pool().await;
    for (id, days) in [
        ("young", 364),
        ("old", 366),
        ("older", 367),
        ("oldest", 368),
    ] {
        ledger.archive(&request(id), "uid-1", "{}").await.unwrap();
        sqlx::query("UPDATE archive SET archived_at = archived_at - ? WHERE request_id = ?")
            .bind(days * i64::try_from(DAY.as_micros()).unwrap())
            .bind(id)
            .execute(&pool)
            .await
            .unwrap();
    }
    let left = async || {
        let query = "SELECT request_id FROM archive ORDER BY archived_at";
        let left: Vec<String> = sqlx::query_scalar(query).fetch_all(&pool).await.unwrap();
        left
    };
    assert_eq!(ledger.purge_archive(365 * DAY, 2).await, Ok(2));
    assert_eq!(left().await, ["old", "young"]);
    assert_eq!(ledger.purge_archive(365 * DAY, 2).await, Ok(1));
    assert_eq!(ledger.purge_archive(365 * DAY, 2).await, Ok(0));
    assert_eq!(left().await, ["young"]);
}

#[tokio::test]
async fn a_dead_letter_is_forgotten_long_after_it_was_last_met_if_somebody_was_told() {
    let ledger = Ledger::create().await;
    let pool = ledger.schema.pool().await;
    for id in ["there", "gone", "long-gone", "untold"] {
        let seen = SeenDeadLetter {
            request_id: request(id),
            is_named: true,
            formerly: None,
            message_id: id.to_owned(),
            reason: "no product".to_owned(),
            sent_at: None,
        };
        ledger.see_dead_letter(&seen).await.unwrap();
    }
    let told = "UPDATE dead_letter SET told_at = first_seen_at, first_seen_at = first_seen_at - ? \
         WHERE message_id <> 'untold'";
    let days = |days: u32| i64::try_from((days * DAY).as_micros()).unwrap();
    let query = sqlx::query(told).bind(days(200));
    query.execute(&pool).await.unwrap();
    for (id, age) in [("gone", 91), ("long-gone", 100), ("untold", 200)] {
        let last = "UPDATE dead_letter SET last_seen_at = last_seen_at - ? WHERE message_id = ?";
        let query = sqlx::query(last).bind(days(age)).bind(id);
        query.execute(&pool).await.unwrap();
    }
    let left = async || {
        let query = "SELECT message_id FROM dead_letter ORDER BY message_id";
        let left: Vec<String> = sqlx::query_scalar(query).fetch_all(&pool).await.unwrap();
        left
    };
    assert_eq!(ledger.purge_dead_letters(90 * DAY, 1).await, Ok(1));
    assert_eq!(
        left().await,
        ["gone", "there", "untold"],
        "the oldest first"
    );
    assert_eq!(ledger.purge_dead_letters(90 * DAY, 10).await, Ok(1));
    assert_eq!(ledger.purge_dead_letters(90 * DAY, 10).await, Ok(0));
    assert_eq!(left().await, ["there", "untold"]);
}
