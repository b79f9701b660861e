//! Needs a database. Proves that no message of the outbox is passed over or held up by another
//! one, whatever dies meanwhile, and that what is to be done once is done once.
#![allow(clippy::unwrap_used)]

#[path = "support/commit_cutter.rs"]
mod commit_cutter;
#[path = "support/ledger.rs"]
mod ledger;
#[path = "support/outbox.rs"]
mod outbox;
#[path = "support/proxy.rs"]
mod proxy;

use commit_cutter::{CommitCutter, Lost};
use ledger::{Ledger, request};
use outbox::{Row, owe, owe_one, owe_text, rows, shortage, unsent};
use proxy::long_way;
use restock_operator::edge::store::meta::Once;
use restock_operator::edge::store::outbox::{Owed, Sent};
use restock_operator::edge::store::{Store, StoreError};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

fn events(page: &[Owed]) -> Vec<String> {
    page.iter().map(|owed| owed.event_id.clone()).collect()
}

fn sent(owed: &Owed) -> Sent {
    Sent {
        id: owed.id,
        request_id: request(&format!("r-{}", owed.event_id)),
    }
}

/// Takes a page and publishes nothing of it; what was in it.
async fn seen(store: &Store, after: i64) -> (Vec<String>, Option<i64>) {
    let mut seen = Vec::new();
    let look = async |page: &[Owed]| {
        seen = events(page);
        Vec::new()
    };
    let last = store.relay_page(after, 100, look).await.unwrap();
    (seen, last)
}

/// Publishes a whole page.
async fn send_all(store: &Store) -> Result<Option<i64>, StoreError> {
    let all = async |page: &[Owed]| page.iter().map(sent).collect();
    store.relay_page(0, 100, all).await
}

#[tokio::test]
async fn what_was_published_is_marked_with_its_request_and_the_rest_stays() {
    let ledger = Ledger::create().await;
    let pool = ledger.schema.pool().await;
    owe(&pool, 3).await;
    let some = async |page: &[Owed]| {
        assert_eq!(page[0].message, Ok(shortage("e0")));
        vec![sent(&page[0]), sent(&page[2])]
    };
    let last = ledger.relay_page(0, 100, some).await.unwrap().unwrap();
    let row = |event_id: &str, request_id: Option<&str>| Row {
        event_id: event_id.to_owned(),
        is_sent: request_id.is_some(),
        request_id: request_id.map(str::to_owned),
    };
    assert_eq!(
        rows(&pool).await,
        [
            row("e0", Some("r-e0")),
            row("e1", None),
            row("e2", Some("r-e2"))
        ]
    );
    assert_eq!(seen(&ledger, last).await, (vec![], None), "after the page");
    assert_eq!(seen(&ledger, 0).await.0, ["e1"], "in the next round");
}

#[tokio::test]
async fn a_full_page_is_marked_over_a_long_way() {
    let ledger = Ledger::create().await;
    let pool = ledger.schema.pool().await;
    owe(&pool, 100).await;
    let (host, port) = ledger.schema.server();
    let way = long_way(format!("{host}:{port}"), Duration::from_millis(50)).await;
    let far = Store::connect(&ledger.schema.url_by(way), 1).unwrap();
    send_all(&far).await.unwrap();
    assert!(unsent(&pool).await.is_empty());
    let sent = |row: &Row| row.request_id == Some(format!("r-{}", row.event_id));
    assert!(rows(&pool).await.iter().all(sent));
    far.close().await;
}

#[tokio::test]
async fn pages_are_bounded_and_oldest_first() {
    let ledger = Ledger::create().await;
    owe(&ledger.schema.pool().await, 5).await;
    let (mut pages, mut after) = (Vec::new(), 0);
    loop {
        let look = async |page: &[Owed]| {
            pages.push(events(page));
            Vec::new()
        };
        match ledger.relay_page(after, 2, look).await.unwrap() {
            Some(last) => after = last,
            None => break,
        }
    }
    assert_eq!(pages, [vec!["e0", "e1"], vec!["e2", "e3"], vec!["e4"]]);
}

#[tokio::test]
async fn a_lower_id_that_is_committed_later_is_not_passed_over() {
    let ledger = Ledger::create().await;
    let pool = ledger.schema.pool().await;
    let mut slow = pool.begin().await.unwrap();
    owe_one(&mut *slow, "lower").await;
    owe_one(&pool, "higher").await;
    send_all(&ledger).await.unwrap();
    assert!(unsent(&pool).await.is_empty());
    slow.commit().await.unwrap();
    assert_eq!(seen(&ledger, 0).await.0, ["lower"]);
}

#[tokio::test]
async fn several_relays_share_and_what_dies_leaves_its_rows_to_the_others() {
    let ledger = Ledger::create().await;
    let pool = ledger.schema.pool().await;
    owe(&pool, 4).await;
    let other = Store::connect(&ledger.schema.url(), 1).unwrap();
    let both = async |first: &[Owed]| {
        assert_eq!(events(first), ["e0", "e1"]);
        // A sale is not held up, and neither is another relay.
        owe_one(&pool, "e4").await;
        assert_eq!(seen(&other, 0).await.0, ["e2", "e3", "e4"]);
        first.iter().map(sent).collect()
    };
    ledger.relay_page(0, 2, both).await.unwrap();
    assert_eq!(unsent(&pool).await, ["e2", "e3", "e4"]);

    let dying = other.relay_page(0, 100, async |_: &[Owed]| std::future::pending().await);
    let dead = tokio::time::timeout(Duration::from_millis(500), dying).await;
    assert!(dead.is_err(), "it has the rows when it dies");
    freed(&ledger, &["e2", "e3", "e4"]).await;
}

#[tokio::test]
async fn a_mark_whose_fate_is_unknown_may_be_published_again_and_is_never_lost() {
    let ledger = Ledger::create().await;
    let pool = ledger.schema.pool().await;
    let cutter = CommitCutter::before(ledger.schema.server()).await;
    let store = Store::connect(&ledger.schema.url_by(cutter.address), 2).unwrap();
    store.now().await.unwrap();
    for (lost, event_id) in [(Lost::Answer, "a"), (Lost::Command, "b")] {
        owe_one(&pool, event_id).await;
        cutter.arm(lost);
        let end = send_all(&store).await;
        let unknown = matches!(end, Err(StoreError::CommitUnknown(_)));
        assert!(unknown, "{lost:?}: {end:?}");
        match lost {
            Lost::Answer => assert_eq!(unsent(&pool).await, [""; 0], "it was marked"),
            Lost::Command => freed(&ledger, &[event_id]).await,
        }
    }
}

/// Waits until exactly these rows are unsent and nobody has them: their connection was cut, and
/// the server soon notices.
async fn freed(ledger: &Store, expected: &[&str]) {
    let free = async {
        while seen(ledger, 0).await.0 != expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let free = tokio::time::timeout(Duration::from_secs(20), free).await;
    free.expect("the rows are free");
}

#[tokio::test]
async fn what_cannot_be_read_is_given_with_the_reason() {
    let ledger = Ledger::create().await;
    let pool = ledger.schema.pool().await;
    owe_text(&pool, "no-json", "sold out").await;
    owe_text(
        &pool,
        "later",
        r#"{"eventId":"later","sku":"A","cause":"Stolen"}"#,
    )
    .await;
    owe_text(&pool, "huge", &format!("\"{}\"", "x".repeat(300 * 1024))).await;
    owe_one(&pool, "good").await;
    let look = async |page: &[Owed]| {
        let why: Vec<String> = page
            .iter()
            .filter_map(|owed| owed.message.clone().err())
            .collect();
        assert_eq!(why.len(), 3, "{why:?}");
        assert!(why[0].contains("expected value"), "{why:?}");
        assert!(why[1].contains("unknown variant `Stolen`"), "{why:?}");
        assert_eq!(why[2], "its body is larger than 262144 bytes");
        vec![sent(&page[3])]
    };
    ledger.relay_page(0, 100, look).await.unwrap();
    assert_eq!(unsent(&pool).await, ["no-json", "later", "huge"]);
}

#[tokio::test]
async fn the_backlog_is_counted_up_to_a_limit_and_its_age_is_that_of_the_oldest() {
    let ledger = Ledger::create().await;
    let pool = ledger.schema.pool().await;
    let empty = ledger.outbox_backlog(10).await.unwrap();
    assert_eq!((empty.unsent, empty.oldest_age), (0, Duration::ZERO));
    owe(&pool, 3).await;
    let age = "UPDATE outbox SET created_at = created_at - 3600000000 WHERE event_id = 'e1'";
    sqlx::query(age).execute(&pool).await.unwrap();
    let backlog = ledger.outbox_backlog(10).await.unwrap();
    assert_eq!(
        (backlog.unsent, backlog.oldest_age.as_secs() / 3600),
        (3, 1)
    );
    assert_eq!(ledger.outbox_backlog(2).await.unwrap().unsent, 2);
    send_all(&ledger).await.unwrap();
    assert_eq!(ledger.outbox_backlog(10).await.unwrap(), empty);
    // Of a clock that is ahead.
    owe_one(&pool, "ahead").await;
    let age = "UPDATE outbox SET created_at = created_at + 3600000000 WHERE event_id = 'ahead'";
    sqlx::query(age).execute(&pool).await.unwrap();
    let backlog = ledger.outbox_backlog(10).await.unwrap();
    assert_eq!((backlog.unsent, backlog.oldest_age), (1, Duration::ZERO));
}

#[tokio::test]
async fn only_what_was_sent_long_ago_is_purged() {
    let ledger = Ledger::create().await;
    let pool = ledger.schema.pool().await;
    owe(&pool, 4).await;
    send_all(&ledger).await.unwrap();
    owe_one(&pool, "unsent").await;
    for (event_id, days) in [("e0", 8), ("e1", 9), ("e2", 6)] {
        let age = "UPDATE outbox SET created_at = created_at - ?, sent_at = sent_at - ? \
             WHERE event_id = ?";
        let micros = days * i64::try_from(DAY.as_micros()).unwrap();
        let age = sqlx::query(age).bind(micros).bind(micros).bind(event_id);
        age.execute(&pool).await.unwrap();
    }
    let age = "UPDATE outbox SET created_at = 0 WHERE event_id = 'unsent'";
    sqlx::query(age).execute(&pool).await.unwrap();
    let left = async || {
        let rows = rows(&pool).await.into_iter();
        rows.map(|row| row.event_id).collect::<Vec<_>>()
    };
    assert_eq!(ledger.purge_outbox(WEEK, 1).await, Ok(1));
    assert_eq!(left().await, ["e0", "e2", "e3", "unsent"], "oldest first");
    assert_eq!(ledger.purge_outbox(WEEK, 10).await, Ok(1));
    assert_eq!(ledger.purge_outbox(WEEK, 10).await, Ok(0));
    assert_eq!(left().await, ["e2", "e3", "unsent"]);
}

#[tokio::test]
async fn what_is_to_be_done_once_is_done_once_until_it_is_undone() {
    let ledger = Ledger::create().await;
    let other = Store::connect(&ledger.schema.url(), 1).unwrap();
    let done = AtomicU32::new(0);
    let act = async || {
        tokio::time::sleep(Duration::from_millis(200)).await;
        done.fetch_add(1, Ordering::SeqCst);
        Ok::<(), &str>(())
    };
    let failed = ledger.once("told", async || Err("no channel")).await;
    assert_eq!(failed, Ok(Once::Failed("no channel")));
    let (one, two) = tokio::join!(ledger.once("told", act), other.once("told", act));
    let mut both = [one.unwrap(), two.unwrap()];
    both.sort_by_key(|end| *end == Once::Before);
    assert_eq!(both, [Once::Now, Once::Before]);
    assert_eq!(ledger.once("told", act).await, Ok(Once::Before));
    assert_eq!(ledger.once("another", act).await, Ok(Once::Now));
    for _ in 0..2 {
        other.undo("told").await.unwrap();
    }
    assert_eq!(other.once("told", act).await, Ok(Once::Now));
    assert_eq!(done.load(Ordering::SeqCst), 3);
}
