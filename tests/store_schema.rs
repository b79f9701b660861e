//! Needs a database. Proves that the ledger migrates once, and that a missing or strange
//! one is named in time.
#![allow(clippy::unwrap_used)]

#[path = "support/ledger.rs"]
mod ledger;
#[path = "support/reserved.rs"]
mod reserved;

use futures::future::join_all;
use ledger::{Ledger, Schema, new_arrival, new_attempt, request};
use reserved::Reserved;
use restock_operator::edge::store::migrate::{MigrationStep, migrate};
use restock_operator::edge::store::{CALL_DEADLINE, Store, StoreError};
use secrecy::SecretString;
use std::time::{Duration, Instant};

async fn applied(schema: &Schema) -> usize {
    let mut applied = 0;
    let count = |step| applied += usize::from(matches!(step, MigrationStep::Applied { .. }));
    migrate(&schema.url(), count).await.unwrap();
    applied
}

#[tokio::test]
async fn of_many_migrators_at_once_one_does_the_work() {
    let schema = Schema::create().await;
    let counts = join_all((0..5).map(|_| applied(&schema))).await;
    let total: usize = counts.iter().sum();
    assert!(total > 0);
    assert_eq!(
        counts.iter().filter(|count| **count == total).count(),
        1,
        "{counts:?}"
    );
    let store = Store::connect(&schema.url(), 1).unwrap();
    store.require_schema().await.unwrap();
}

#[tokio::test]
async fn an_interrupted_migration_is_run_again() {
    let ledger = Ledger::create().await;
    let pool = ledger.schema.pool().await;
    // As a killed migrator leaves it: begun, and its table there or not.
    let begun = "UPDATE _sqlx_migrations SET success = FALSE WHERE version >= 10";
    let begun = sqlx::query(begun).execute(&pool).await.unwrap();
    sqlx::query("DROP TABLE ledger_meta")
        .execute(&pool)
        .await
        .unwrap();
    let told = ledger.require_schema().await.unwrap_err().to_string();
    assert!(told.contains("restock-operator migrate"), "{told}");
    let again = applied(&ledger.schema).await;
    assert_eq!(u64::try_from(again).unwrap(), begun.rows_affected());
    ledger.require_schema().await.unwrap();
    ledger.view(&request("a")).await.unwrap();
}

/// A stored one would have the whole table copied, while nobody may write.
#[tokio::test]
async fn a_column_that_is_computed_is_added_to_a_large_table_without_a_copy() {
    let ledger = Ledger::create().await;
    let pool = ledger.schema.pool().await;
    let computed = "SELECT CONCAT(table_name, '.', column_name), extra \
         FROM information_schema.columns \
         WHERE table_schema = DATABASE() AND generation_expression <> '' ORDER BY column_name";
    let computed: Vec<(String, String)> = sqlx::query_as(computed).fetch_all(&pool).await.unwrap();
    let expected = ["archive.name", "archive.sku"]
        .map(|column| (column.to_owned(), "VIRTUAL GENERATED".to_owned()));
    assert_eq!(computed, expected);
}

#[tokio::test]
async fn a_newer_schema_is_left_as_it_is_and_serves() {
    let ledger = Ledger::create().await;
    let pool = ledger.schema.pool().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, \
         execution_time) VALUES (9999, 'newer', TRUE, '', 1)";
    sqlx::query(newer).execute(&pool).await.unwrap();
    assert_eq!(applied(&ledger.schema).await, 0);
    ledger.require_schema().await.unwrap();
}

#[tokio::test]
async fn a_ledger_without_a_schema_says_what_to_run() {
    let schema = Schema::create().await;
    let store = Store::connect(&schema.url(), 1).unwrap();
    for end in [
        store.require_schema().await,
        store.view(&request("a")).await.map(drop),
    ] {
        let Err(StoreError::Broken(why)) = end else {
            panic!("{end:?}")
        };
        assert!(why.contains("restock-operator migrate"), "{why}");
    }
}

#[tokio::test]
async fn every_session_is_strict_in_utc_and_reads_what_is_committed() {
    let ledger = Ledger::with_product().await;
    let out_of_range = new_arrival(&"x".repeat(128), 1);
    let mut too_long = out_of_range.clone();
    too_long.body_digest = "0".repeat(65);
    let end = ledger.record_arrival(&too_long, CALL_DEADLINE).await;
    assert!(
        matches!(end, Err(StoreError::Broken(_))),
        "nothing may be cut silently: {end:?}"
    );
    ledger
        .record_arrival(&out_of_range, CALL_DEADLINE)
        .await
        .unwrap();
    let now = i64::try_from(
        std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .unwrap()
            .as_micros(),
    )
    .unwrap();
    let skew = (ledger.now().await.unwrap().as_micros() - now).abs();
    assert!(
        skew < 60_000_000,
        "the ledger's clock is {skew} µs off: is it in UTC?"
    );
}

#[tokio::test]
async fn a_ledger_that_is_away_is_unavailable_within_the_deadline() {
    // A port that nothing listens on, and one that accepts and never says a word.
    let refused = Reserved::new();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for address in [refused.address, silent.local_addr().unwrap()] {
        let url = SecretString::from(format!("mysql://user:password@{address}/ledger"));
        let store = Store::connect(&url, 2).unwrap();
        let began = Instant::now();
        let row = new_attempt("a", 1, "uid-1");
        let ends = [
            store.now().await.map(drop),
            store.open_attempt(&row).await.map(drop),
            store
                .record_arrival(&new_arrival("a", 1), Duration::from_secs(1))
                .await
                .map(drop),
        ];
        for end in ends {
            let Err(StoreError::Unavailable(why)) = end else {
                panic!("{end:?}")
            };
            assert!(!why.contains("password"), "{why}");
        }
        assert!(began.elapsed() < 2 * CALL_DEADLINE, "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn new_credentials_serve_new_connections() {
    let ledger = Ledger::with_product().await;
    let wrong = SecretString::from("mysql://nobody:wrong@127.0.0.1:1/nothing");
    let store = Store::connect(&wrong, 2).unwrap();
    assert!(store.now().await.is_err());
    store.rotate(&ledger.schema.url()).unwrap();
    store.now().await.unwrap();
}

#[tokio::test]
async fn a_url_that_is_none_is_refused_without_repeating_it() {
    for url in [
        "mysql://user:hunter2@:port/x",
        "mysql://user:hunter2@host:3306",
        "hunter2",
    ] {
        let error = Store::connect(&SecretString::from(url), 1).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(matches!(error, StoreError::Broken(_)), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}
