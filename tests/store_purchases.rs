//! Needs a database. Proves that sale, stock, answer and message are one: never oversold, each
//! key answered once, whatever is repeated, raced or cut.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/buyers.rs"]
mod buyers;
#[path = "support/commit_cutter.rs"]
mod commit_cutter;
#[path = "support/ledger.rs"]
mod ledger;

use buyers::{answer, purchase, sold};
use commit_cutter::{CommitCutter, Lost};
use futures::future::join_all;
use ledger::{Ledger, SKU, declaration, new_arrival, new_attempt, sku};
use restock_operator::domain::order::{FactoryId, Quantity, SaleId};
use restock_operator::domain::purchase::{Answer, Purchase, Restock, Terms, Verdict};
use restock_operator::domain::shortage::{Cause, Shortage};
use restock_operator::edge::store::{CALL_DEADLINE, Store, StoreError};
use std::time::Duration;

async fn decide(store: &Store, group: &[Purchase], terms: Terms) -> Vec<Verdict> {
    let product = group[0].form.sku.clone();
    let decided = store.decide_purchases(&product, group, terms).await;
    decided.unwrap().expect("the product is there")
}

async fn buy(store: &Store, key: &str, quantity: u32) -> Verdict {
    let group = [purchase(key, SKU, quantity)];
    decide(store, &group, Terms::default()).await.remove(0)
}

/// The messages of the outbox, oldest first.
async fn messages(ledger: &Ledger) -> Vec<Shortage> {
    let pool = ledger.schema.pool().await;
    let bodies = sqlx::query_scalar::<_, String>("SELECT body FROM outbox ORDER BY id");
    let bodies = bodies.fetch_all(&pool).await.unwrap();
    let read = |body: &String| serde_json::from_str(body).unwrap();
    bodies.iter().map(read).collect()
}

async fn count(ledger: &Ledger, table: &'static str) -> i64 {
    let pool = ledger.schema.pool().await;
    let counting = match table {
        "sale" => "SELECT COUNT(*) FROM sale",
        _ => "SELECT COUNT(*) FROM idempotency",
    };
    sqlx::query_scalar(counting).fetch_one(&pool).await.unwrap()
}

#[tokio::test]
async fn a_hundred_donuts_and_a_thousand_buyers() {
    let ledger = Ledger::create().await;
    ledger
        .apply_products(&[declaration(SKU, 100)])
        .await
        .unwrap();
    let groups = (0..20).map(async |group| {
        let keys = (0..50).map(|number| format!("k-{group}-{number}"));
        let group: Vec<_> = keys.map(|key| purchase(&key, SKU, 1)).collect();
        decide(&ledger, &group, Terms::default()).await
    });
    let verdicts: Vec<_> = join_all(groups).await.into_iter().flatten().collect();
    assert_eq!(verdicts.iter().filter(|verdict| sold(verdict)).count(), 100);
    assert_eq!(ledger.stock(SKU).await, 0);
    assert_eq!(count(&ledger, "sale").await, 100);
    assert_eq!(count(&ledger, "idempotency").await, 1_000);
    assert_eq!(
        messages(&ledger).await.len(),
        900,
        "one for each that failed"
    );
}

#[tokio::test]
async fn the_same_key_at_the_same_moment_gets_the_same_answer() {
    let ledger = Ledger::with_product().await;
    let tries = join_all((0..8).map(|_| buy(&ledger, "twice", 2))).await;
    assert!(tries.iter().all(|verdict| *verdict == tries[0]));
    assert_eq!(ledger.stock(SKU).await, 8);
    assert_eq!(buy(&ledger, "twice", 3).await, Verdict::KeyReused);
    assert_eq!(ledger.stock(SKU).await, 8);
}

#[tokio::test]
async fn one_key_for_two_products_at_the_same_moment_buys_one() {
    let ledger = Ledger::with_product().await;
    ledger
        .apply_products(&[declaration("OTHER", 10)])
        .await
        .unwrap();
    for round in 0..10 {
        let key = format!("k{round}");
        let group = |sku: &str| [purchase(&key, sku, 1)];
        let (one, other) = (group(SKU), group("OTHER"));
        let both = tokio::join!(
            decide(&ledger, &one, Terms::default()),
            decide(&ledger, &other, Terms::default())
        );
        let bought = [&both.0[0], &both.1[0]];
        let reused = bought.iter().filter(|one| **one == &Verdict::KeyReused);
        assert_eq!(reused.count(), 1, "{bought:?}");
    }
    assert_eq!(ledger.stock(SKU).await + ledger.stock("OTHER").await, 10);
}

#[tokio::test]
async fn a_commit_of_unknown_end_is_settled_by_the_key() {
    for lost in [Lost::Answer, Lost::Command] {
        let ledger = Ledger::with_product().await;
        let cutter = CommitCutter::before(ledger.schema.server()).await;
        let store = Store::connect(&ledger.schema.url_by(cutter.address), 1).unwrap();
        assert!(sold(&buy(&store, "before", 1).await), "the way is open");
        cutter.arm(lost);
        let verdict = buy(&store, "cut", 1).await;
        assert!(
            matches!(answer(&verdict), Answer::Sold { remaining: 8, .. }),
            "{lost:?}"
        );
        assert_eq!(ledger.stock(SKU).await, 8, "{lost:?}");
        store.close().await;
    }
}

#[tokio::test]
async fn a_message_says_what_the_product_says() {
    let ledger = Ledger::create().await;
    let mut product = declaration(SKU, 1);
    product.reorder_quantity = Some(Quantity::new(10).unwrap());
    product.factory_id = Some(FactoryId::parse("FF-500293").unwrap());
    ledger.apply_products(&[product]).await.unwrap();
    let failed = buy(&ledger, "a", 2).await;
    assert!(matches!(
        answer(&failed),
        Answer::OutOfStock {
            available: 1,
            restock: Restock::Requested
        }
    ));
    assert!(matches!(
        answer(&buy(&ledger, "b", 2).await),
        Answer::OutOfStock {
            restock: Restock::UnderWay,
            ..
        }
    ));
    let sent = messages(&ledger).await;
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].event_id.as_str(), "event-a");
    assert_eq!(sent[0].attributes()["MessageAttributeProductCnt"], "10");
    assert_eq!(
        sent[0].attributes()["MessageAttributeFactoryId"],
        "FF-500293"
    );
    assert_eq!(sent[0].attributes()["MessageAttributeRequester"], "민지");
}

/// Whether a purchase that fails now owes a message, where the shop sends one at a time.
async fn owes(ledger: &Ledger, key: &str) -> bool {
    let before = messages(ledger).await.len();
    let terms = Terms {
        one_message_at_a_time: true,
        early_warning: false,
    };
    let group = [purchase(key, SKU, 1_000)];
    let verdict = decide(ledger, &group, terms).await.remove(0);
    let owed = messages(ledger).await.len() > before;
    let restock = if owed {
        Restock::Requested
    } else {
        Restock::UnderWay
    };
    assert_eq!(
        answer(&verdict),
        &Answer::OutOfStock {
            available: 10,
            restock
        }
    );
    owed
}

#[tokio::test]
async fn one_message_at_a_time_while_a_restock_is_under_way() {
    let ledger = Ledger::with_product().await;
    let pool = ledger.schema.pool().await;
    let run = async |statement: &'static str| {
        sqlx::query(statement).execute(&pool).await.unwrap();
    };
    assert!(owes(&ledger, "first").await);
    assert!(!owes(&ledger, "unsent").await);

    let sent = "UPDATE outbox SET request_id = 'r1', sent_at = \
        TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 600000000";
    run(sent).await;
    assert!(!owes(&ledger, "sent-ten-minutes-ago").await);
    run("UPDATE outbox SET sent_at = sent_at - 600000000").await;
    assert!(
        owes(&ledger, "lost").await,
        "nothing came of it in a quarter of an hour"
    );
    run(sent).await;

    ledger
        .open_attempt(&new_attempt("r1", 1, "uid-1"))
        .await
        .unwrap();
    assert!(!owes(&ledger, "ordered").await);
    let arrived = ledger
        .record_arrival(&new_arrival("r1", 1), CALL_DEADLINE)
        .await;
    arrived.unwrap();
    // The goods raised the stock by three: take them, so that ten are left.
    assert!(sold(&buy(&ledger, "three", 3).await));
    assert!(owes(&ledger, "arrived").await);
    run(sent).await;

    ledger
        .open_attempt(&new_attempt("r2", 1, "uid-2"))
        .await
        .unwrap();
    run("UPDATE outbox SET request_id = 'r2'").await;
    assert!(!owes(&ledger, "ordered-again").await);
    run("UPDATE order_attempt SET deadline_at = 1 WHERE request_id = 'r2'").await;
    assert!(owes(&ledger, "overdue").await);
    run("UPDATE order_attempt SET deadline_at = 9000000000000000 WHERE request_id = 'r2'").await;
    run("DELETE FROM outbox").await;
    assert!(
        !owes(&ledger, "by-hand").await,
        "an order that no message of ours asked for"
    );
    run("UPDATE order_attempt SET outcome = 'refused' WHERE request_id = 'r2'").await;
    assert!(owes(&ledger, "refused").await);
}

#[tokio::test]
async fn the_reorder_point_warns_where_the_shop_wishes_it() {
    let ledger = Ledger::create().await;
    let mut product = declaration(SKU, 5);
    product.reorder_point = 3;
    ledger.apply_products(&[product]).await.unwrap();
    let terms = Terms {
        early_warning: true,
        ..Terms::default()
    };
    for key in ["a", "b", "c"] {
        decide(&ledger, &[purchase(key, SKU, 1)], terms).await;
    }
    let sent = messages(&ledger).await;
    assert_eq!(sent.len(), 1);
    assert_eq!(
        (sent[0].cause, sent[0].event_id.as_str()),
        (Cause::ReorderPoint, "event-b")
    );
}

#[tokio::test]
async fn a_name_is_kept_whatever_the_schema_is_made_for() {
    let ledger = Ledger::with_product().await;
    let pool = ledger.schema.pool().await;
    // As MariaDB 10.11 makes one that nobody told of Unicode.
    let name = sqlx::query_scalar::<_, String>("SELECT DATABASE()");
    let name = name.fetch_one(&pool).await.unwrap();
    let latin = sqlx::AssertSqlSafe(format!("ALTER DATABASE {name} CHARACTER SET latin1"));
    sqlx::raw_sql(latin).execute(&pool).await.unwrap();
    let store = Store::connect(&ledger.schema.url(), 1).unwrap();
    assert!(sold(&buy(&store, "alone", 2).await));
    assert!(!sold(&buy(&store, "alone-none", 1_000).await));
    let group = [("a", 1), ("b", 1), ("none-a", 1_000), ("none-b", 1_000)];
    let group = group.map(|(key, quantity)| purchase(key, SKU, quantity));
    decide(&store, &group, Terms::default()).await;
    for sale in ["sale-alone", "sale-a", "sale-b"] {
        let booked = store.sale(&SaleId::parse(sale).unwrap()).await.unwrap();
        assert_eq!(booked.unwrap().buyer, "민지", "{sale}");
    }
    let sent = messages(&ledger).await;
    assert_eq!(sent.len(), 3);
    for message in sent {
        assert_eq!(message.requester.as_deref(), Some("민지"));
    }
}

#[tokio::test]
async fn what_the_ledger_does_not_know_changes_nothing() {
    let ledger = Ledger::with_product().await;
    let group = [purchase("k", "NONE", 1)];
    let product = sku("NONE");
    let decided = ledger.decide_purchases(&product, &group, Terms::default());
    assert_eq!(decided.await.unwrap(), None);
    assert_eq!(count(&ledger, "idempotency").await, 0);
}

#[tokio::test]
async fn what_a_key_was_answered_is_found_without_its_product() {
    let ledger = Ledger::with_product().await;
    let bought = buy(&ledger, "k", 1).await;
    let kept = async |key: &str, sku: &str| {
        let purchase = purchase(key, sku, 1);
        ledger.kept_verdict(&purchase).await.unwrap()
    };
    assert_eq!(kept("k", SKU).await, Some(bought));
    assert_eq!(kept("k", "NONE").await, Some(Verdict::KeyReused));
    assert_eq!(kept("free", "NONE").await, None);
}

#[tokio::test]
async fn an_answer_of_a_later_version_fails_only_who_asks_for_it() {
    let ledger = Ledger::with_product().await;
    let keys = ["later", "known", "new"].map(|key| purchase(key, SKU, 1));
    for key in ["later", "known"] {
        buy(&ledger, key, 1).await;
    }
    let pool = ledger.schema.pool().await;
    let later = "UPDATE idempotency SET answer = '{\"answer\":\"Reserved\"}' \
         WHERE idempotency_key = 'later'";
    sqlx::query(later).execute(&pool).await.unwrap();
    let verdicts = decide(&ledger, &keys, Terms::default()).await;
    let Verdict::Unreadable(why) = &verdicts[0] else {
        panic!("{verdicts:?}");
    };
    assert!(why.contains("unknown variant `Reserved`"), "{why}");
    assert!(verdicts[1..].iter().all(sold), "{verdicts:?}");
    assert_eq!(ledger.stock(SKU).await, 7);
}

#[tokio::test]
async fn a_sale_is_shown_as_it_was_booked() {
    let ledger = Ledger::with_product().await;
    assert!(sold(&buy(&ledger, "k", 2).await));
    let booked = ledger
        .sale(&SaleId::parse("sale-k").unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((booked.quantity.get(), booked.buyer.as_str()), (2, "민지"));
    assert!(
        ledger
            .sale(&SaleId::parse("other").unwrap())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn old_answers_are_forgotten_and_young_ones_kept() {
    let ledger = Ledger::with_product().await;
    for key in ["old", "young"] {
        buy(&ledger, key, 1).await;
    }
    let pool = ledger.schema.pool().await;
    let age = "UPDATE idempotency SET created_at = 1 WHERE idempotency_key = 'old'";
    sqlx::query(age).execute(&pool).await.unwrap();
    let day = Duration::from_secs(86_400);
    assert_eq!(ledger.purge_answers(day, 10).await.unwrap(), 1);
    assert_eq!(ledger.purge_answers(day, 10).await.unwrap(), 0);
    assert_eq!(count(&ledger, "idempotency").await, 1);
}

#[tokio::test]
async fn a_product_that_somebody_holds_is_said_to_be_held() {
    let ledger = Ledger::with_product().await;
    let pool = ledger.schema.pool().await;
    let mut holder = pool.begin().await.unwrap();
    let lock = "SELECT stock FROM product WHERE sku = 'CP-502101' FOR UPDATE";
    sqlx::query(lock).execute(&mut *holder).await.unwrap();
    let group = [purchase("k", SKU, 1)];
    let product = sku(SKU);
    let decided = ledger.decide_purchases(&product, &group, Terms::default());
    assert_eq!(decided.await, Err(StoreError::Locked));
    holder.rollback().await.unwrap();
    assert!(sold(&buy(&ledger, "k", 1).await));
}

#[tokio::test]
async fn an_absent_ledger_says_so() {
    let ledger = Ledger::with_product().await;
    let nowhere = ledger.schema.url_by("127.0.0.1:1".parse().unwrap());
    let store = Store::connect(&nowhere, 1).unwrap();
    let group = [purchase("k", SKU, 1)];
    let product = sku(SKU);
    let decided = store.decide_purchases(&product, &group, Terms::default());
    assert!(matches!(decided.await, Err(StoreError::Unavailable(_))));
}
