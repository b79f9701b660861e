//! Needs a database. Proves that what people read of the ledger, finished requests and dead
//! letters, comes newest first, in pages that miss nothing and repeat nothing, and that a letter
//! which has left the queue is told from one that lies there.
#![allow(clippy::unwrap_used)]

#[path = "support/ledger.rs"]
mod ledger;

use ledger::{Ledger, request};
use restock_operator::domain::time::Time;
use restock_operator::edge::store::dead_letters::SeenDeadLetter;
use restock_operator::edge::store::history::About;
use restock_operator::edge::store::page::Mark;
use serde_json::json;
use sqlx::AssertSqlSafe;

const EVER: Mark = Mark::older_than(Time::from_micros(i64::MAX));
const ALWAYS: Time = Time::from_micros(0);
const MINUTE: i64 = 60_000_000;

/// Ten requests, of which each two finished at the same time, 0 to 4 µs after the epoch.
async fn history() -> Ledger {
    let ledger = Ledger::create().await;
    for number in 0..10 {
        let product = if number % 3 == 0 { "A" } else { "B" };
        let object = json!({ "spec": {}, "status": { "product": product } });
        let (id, uid) = (request(&format!("r{number}")), format!("u{number}"));
        let object = object.to_string();
        ledger.archive(&id, &uid, &object).await.unwrap();
    }
    let pool = ledger.schema.pool().await;
    let age = "UPDATE archive SET archived_at = FLOOR(SUBSTRING(request_id, 2) / 2)";
    sqlx::query(age).execute(&pool).await.unwrap();
    ledger
}

async fn all_pages(ledger: &Ledger, about: &About, since: Time, limit: u32) -> Vec<String> {
    let (mut found, mut behind) = (Vec::new(), EVER);
    loop {
        let page = ledger.history(about, since, &behind, limit).await.unwrap();
        assert!(page.len() <= limit as usize);
        let Some(last) = page.last() else {
            return found;
        };
        behind = last.mark();
        found.extend(page.iter().map(|one| one.uid.clone()));
    }
}

#[tokio::test]
async fn finished_requests_come_newest_first_whatever_the_size_of_a_page() {
    let ledger = history().await;
    let newest_first: Vec<_> = (0..10).rev().map(|number| format!("u{number}")).collect();
    for limit in [1, 2, 3, 7, 100] {
        let found = all_pages(&ledger, &About::All, ALWAYS, limit).await;
        assert_eq!(found, newest_first, "{limit}");
    }
    let since = Time::from_micros(3);
    let found = all_pages(&ledger, &About::All, since, 2).await;
    assert_eq!(found, newest_first[..4]);
    let until = Mark::older_than(since);
    let page = ledger.history(&About::All, ALWAYS, &until, 100).await;
    assert_eq!(page.unwrap().len(), 6, "older than that");
}

#[tokio::test]
async fn a_product_and_a_request_are_found() {
    let ledger = history().await;
    let about = |sku: &str| About::Product(sku.to_owned());
    let found = all_pages(&ledger, &about("A"), ALWAYS, 3).await;
    assert_eq!(found, ["u9", "u6", "u3", "u0"]);
    assert!(all_pages(&ledger, &about("a"), ALWAYS, 3).await.is_empty());
    assert!(
        all_pages(&ledger, &about("' OR 1=1 --"), ALWAYS, 3)
            .await
            .is_empty()
    );
    // No product was ever found, and it has another name than any product can have.
    let asked = json!({ "spec": { "productId": "도넛 \u{1b}" }, "status": {} });
    let asked = asked.to_string();
    for uid in ["first", "second"] {
        ledger.archive(&request("odd"), uid, &asked).await.unwrap();
    }
    // Made by hand: nothing but its name is known once its object is gone.
    let named = json!({ "name": "by-hand", "spec": {}, "status": {} }).to_string();
    ledger
        .archive(&request("uid-1"), "uid-1", &named)
        .await
        .unwrap();
    for (known, uids) in [
        ("odd", &["second", "first"][..]),
        ("rr-odd", &["second", "first"]),
        ("by-hand", &["uid-1"]),
        ("uid-1", &["uid-1"]),
        ("By-hand", &[]),
    ] {
        let about = About::Known(known.to_owned());
        assert_eq!(all_pages(&ledger, &about, ALWAYS, 1).await, uids, "{known}");
    }
    let odd = ledger
        .history(&about("도넛 \u{1b}"), ALWAYS, &EVER, 9)
        .await;
    assert_eq!(odd.unwrap()[0].object, asked);
    let longest = json!({ "spec": { "productId": "글".repeat(4_096) } });
    let longest = longest.to_string();
    ledger
        .archive(&request("long"), "u", &longest)
        .await
        .unwrap();
}

async fn bury(ledger: &Ledger, count: u32) {
    for number in 0..count {
        let letter = SeenDeadLetter {
            request_id: request("same"),
            is_named: true,
            formerly: None,
            message_id: format!("m{number}"),
            reason: "no product id".to_owned(),
            sent_at: None,
        };
        ledger.see_dead_letter(&letter).await.unwrap();
    }
}

async fn listed(ledger: &Ledger, with_gone: bool, limit: u32) -> Vec<(String, bool)> {
    let (mut found, mut behind) = (Vec::new(), EVER);
    loop {
        let page = ledger
            .dead_letters(with_gone, &behind, limit)
            .await
            .unwrap();
        let Some(last) = page.letters.last() else {
            return found;
        };
        behind = last.mark();
        let letters = page.letters.iter();
        found.extend(letters.map(|one| (one.letter.message_id.clone(), one.is_gone)));
    }
}

#[tokio::test]
async fn dead_letters_come_newest_first_and_those_that_are_gone_only_when_asked_for() {
    let ledger = Ledger::create().await;
    bury(&ledger, 7).await;
    let here: Vec<_> = (0..7).rev().map(|n| (format!("m{n}"), false)).collect();
    // Nobody has looked at the whole queue yet.
    assert_eq!(
        ledger.dead_letters(false, &EVER, 1).await.unwrap().swept_at,
        None
    );
    for limit in [1, 2, 100] {
        assert_eq!(listed(&ledger, false, limit).await, here, "{limit}");
    }
    // Looks that went on without the odd ones.
    let pool = ledger.schema.pool().await;
    let now = ledger.now().await.unwrap();
    let gone_before = Time::from_micros(now.as_micros() - 5 * MINUTE);
    for (minutes, left) in [(4, 7), (6, 4)] {
        let unseen = now.as_micros() - minutes * MINUTE;
        let unseen = format!(
            "UPDATE dead_letter SET last_seen_at = {unseen} \
             WHERE message_id IN ('m1', 'm3', 'm5')"
        );
        sqlx::query(AssertSqlSafe(unseen))
            .execute(&pool)
            .await
            .unwrap();
        ledger.set_dead_letters_swept(now).await.unwrap();
        ledger.set_dead_letters_gone(gone_before).await.unwrap();
        assert_eq!(listed(&ledger, false, 3).await.len(), left, "{minutes}");
    }
    let all = listed(&ledger, true, 3).await;
    assert_eq!(all.len(), 7);
    for (message_id, is_gone) in all {
        let odd = ["m1", "m3", "m5"].contains(&message_id.as_str());
        assert_eq!(is_gone, odd, "{message_id}");
    }
    let page = ledger.dead_letters(false, &EVER, 1).await.unwrap();
    assert_eq!(
        (page.swept_at, page.gone_before),
        (Some(now), Some(gone_before))
    );
}

#[tokio::test]
async fn a_dead_letter_says_when_it_was_told_and_how() {
    let ledger = Ledger::create().await;
    bury(&ledger, 1).await;
    let hold = std::time::Duration::from_secs(60);
    let claimed = ledger.claim_untold(1, "one", hold).await.unwrap();
    let untold = ledger.dead_letters(false, &EVER, 1).await.unwrap();
    assert_eq!(
        (untold.letters[0].told_at, &untold.letters[0].notice_id),
        (None, &None)
    );
    ledger.mark_told(&claimed, "notice").await.unwrap();
    let told = ledger.dead_letters(false, &EVER, 1).await.unwrap();
    assert!(told.letters[0].told_at.is_some());
    assert_eq!(told.letters[0].notice_id.as_deref(), Some("notice"));
}
