//! Needs a database. Proves that each dead letter is told by one process, once, and that
//! a finished request is kept as it last stood.
#![allow(clippy::unwrap_used)]

#[path = "support/ledger.rs"]
mod ledger;

use futures::future::join_all;
use ledger::{Ledger, request};
use restock_operator::edge::store::dead_letters::{DeadLetter, NotedDeadLetter, SeenDeadLetter};
use std::collections::HashSet;
use std::time::Duration;

const HOLD: Duration = Duration::from_secs(60);

fn seen(id: &str, message_id: &str) -> SeenDeadLetter {
    SeenDeadLetter {
        request_id: request(id),
        is_named: false,
        formerly: None,
        message_id: message_id.to_owned(),
        reason: "수량이 없습니다".repeat(100),
        sent_at: None,
    }
}

fn keys(letters: &[DeadLetter]) -> Vec<&str> {
    letters
        .iter()
        .map(|letter| letter.message_id.as_str())
        .collect()
}

#[tokio::test]
async fn a_message_met_again_is_counted_and_told_once() {
    let ledger = Ledger::create().await;
    for _ in 0..3 {
        ledger.see_dead_letter(&seen("a", "m1")).await.unwrap();
    }
    let claimed = ledger.claim_untold(10, "one", HOLD).await.unwrap();
    assert_eq!((claimed.len(), claimed[0].times_seen), (1, 3));
    assert!(claimed[0].last_seen_at > claimed[0].first_seen_at);
    // Met again while it is being told, and after.
    ledger.see_dead_letter(&seen("a", "m1")).await.unwrap();
    assert!(
        ledger
            .claim_untold(10, "two", HOLD)
            .await
            .unwrap()
            .is_empty()
    );
    for notice in ["n1", "n2"] {
        ledger.mark_told(&claimed, notice).await.unwrap();
    }
    ledger.see_dead_letter(&seen("a", "m1")).await.unwrap();
    assert!(
        ledger
            .claim_untold(10, "three", HOLD)
            .await
            .unwrap()
            .is_empty()
    );
    // Redriven and dead again: the queue gave it a new id.
    ledger.see_dead_letter(&seen("a", "m2")).await.unwrap();
    assert_eq!(
        keys(&ledger.claim_untold(10, "four", HOLD).await.unwrap()),
        ["m2"]
    );
}

#[tokio::test]
async fn letters_that_are_still_there_are_noted_together() {
    let ledger = Ledger::create().await;
    let mut noted = Vec::new();
    for message_id in ["m2", "m1"] {
        ledger
            .see_dead_letter(&seen("a", message_id))
            .await
            .unwrap();
        noted.push(NotedDeadLetter {
            request_id: request("a"),
            message_id: message_id.to_owned(),
        });
    }
    ledger.see_dead_letter(&seen("a", "gone")).await.unwrap();
    let unknown = NotedDeadLetter {
        request_id: request("a"),
        message_id: "m3".to_owned(),
    };
    noted.push(unknown.clone());
    let again = ledger.see_dead_letters_again(&noted).await.unwrap();
    assert_eq!(again, [unknown]);
    assert_eq!(ledger.see_dead_letters_again(&[]).await.unwrap(), []);
    let claimed = ledger.claim_untold(10, "one", HOLD).await.unwrap();
    let times: Vec<_> = claimed
        .iter()
        .map(|letter| (letter.message_id.as_str(), letter.times_seen))
        .collect();
    assert_eq!(times, [("m2", 2), ("m1", 2), ("gone", 1)]);
    assert!(claimed[0].last_seen_at > claimed[2].last_seen_at);
}

#[tokio::test]
async fn what_a_dead_process_may_have_told_is_taken_over_as_the_same_notice() {
    let ledger = Ledger::create().await;
    for message_id in ["m1", "m2"] {
        ledger
            .see_dead_letter(&seen("a", message_id))
            .await
            .unwrap();
    }
    let ours = ledger
        .claim_untold(10, "one", Duration::ZERO)
        .await
        .unwrap();
    ledger.see_dead_letter(&seen("a", "m3")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    let theirs = ledger.claim_untold(10, "two", HOLD).await.unwrap();
    assert_eq!(keys(&theirs), keys(&ours), "nothing is mixed in");
    let rest = ledger.claim_untold(10, "three", HOLD).await.unwrap();
    assert_eq!(keys(&rest), ["m3"]);
}

#[tokio::test]
async fn claims_at_once_share_nothing_and_end() {
    let ledger = Ledger::create().await;
    for number in 0..20 {
        ledger
            .see_dead_letter(&seen("a", &format!("m{number}")))
            .await
            .unwrap();
    }
    let names: Vec<_> = (0..5).map(|number| format!("claimant-{number}")).collect();
    let claims = names.iter().map(|name| ledger.claim_untold(4, name, HOLD));
    let claims: Vec<_> = join_all(claims)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let all: Vec<&str> = claims.iter().flat_map(|claim| keys(claim)).collect();
    assert_eq!(
        all.len(),
        all.iter().collect::<HashSet<_>>().len(),
        "{all:?}"
    );
    let rest = ledger
        .claim_untold(20, "short", Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(all.len() + rest.len(), 20);
    // A claimant that died before it told anybody.
    tokio::time::sleep(Duration::from_millis(5)).await;
    let again = ledger.claim_untold(20, "heir", HOLD).await.unwrap();
    assert_eq!(keys(&again), keys(&rest));
}

#[tokio::test]
async fn a_claim_that_is_renewed_does_not_end_and_a_lost_one_is_noticed() {
    let ledger = Ledger::create().await;
    for id in ["m1", "m2"] {
        ledger.see_dead_letter(&seen("a", id)).await.unwrap();
    }
    let ours = ledger.claim_untold(10, "one", Duration::ZERO).await;
    assert_eq!(ours.unwrap().len(), 2);
    assert_eq!(ledger.renew_claim("one", HOLD).await.unwrap(), 2);
    tokio::time::sleep(Duration::from_millis(5)).await;
    let theirs = ledger.claim_untold(10, "two", HOLD).await.unwrap();
    assert!(theirs.is_empty(), "renewed");
    ledger.renew_claim("one", Duration::ZERO).await.unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    let theirs = ledger.claim_untold(1, "two", HOLD).await.unwrap();
    assert_eq!(theirs.len(), 1, "its time was over");
    assert_eq!(ledger.renew_claim("one", HOLD).await.unwrap(), 1);
    ledger.mark_told(&theirs, "n").await.unwrap();
    assert_eq!(ledger.renew_claim("two", HOLD).await.unwrap(), 0);
}

#[tokio::test]
async fn the_archive_keeps_the_last_word_of_each_object() {
    let ledger = Ledger::create().await;
    for (uid, object) in [
        ("u1", r#"{"phase":"Failed"}"#),
        ("u2", "{}"),
        ("u1", r#"{"이름":"끝"}"#),
    ] {
        ledger.archive(&request("a"), uid, object).await.unwrap();
    }
    let pool = ledger.schema.pool().await;
    let kept: Vec<(String, String)> =
        sqlx::query_as("SELECT uid, object FROM archive ORDER BY uid")
            .fetch_all(&pool)
            .await
            .unwrap();
    let expected = [("u1", r#"{"이름":"끝"}"#), ("u2", "{}")];
    assert_eq!(
        kept.iter()
            .map(|(u, o)| (u.as_str(), o.as_str()))
            .collect::<Vec<_>>(),
        expected
    );
}
