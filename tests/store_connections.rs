//! Needs a database. Proves that a connection that was given back is used by whoever comes next,
//! that it keeps nobody waiting, and that a store that closes waits for none.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/ledger.rs"]
mod ledger;

use futures::future::join_all;
use ledger::Schema;
use restock_operator::edge::store::{CALL_DEADLINE, Store, TRUSTED_FOR};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Sessions of this schema, without the one that asks.
const SESSIONS: &str = "SELECT CAST(id AS SIGNED) FROM information_schema.processlist \
     WHERE db = DATABASE() AND id <> CONNECTION_ID() ORDER BY id";

async fn sessions(schema: &Schema) -> Vec<i64> {
    let pool = schema.pool().await;
    let found = sqlx::query_scalar(SESSIONS).fetch_all(&pool).await.unwrap();
    pool.close().await;
    found
}

#[tokio::test]
async fn one_connection_serves_all_in_turn_and_stays() {
    let schema = Schema::create().await;
    let store = Store::connect(&schema.url(), 1).unwrap();
    store.now().await.unwrap();
    let first = sessions(&schema).await;
    assert_eq!(first.len(), 1);
    // Each of them waits for the one before it.
    let answers = join_all((0..50).map(|_| store.now())).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(sessions(&schema).await, first, "no other one was opened");

    timeout(CALL_DEADLINE, store.close()).await.unwrap();
    let again = timeout(Duration::from_millis(500), store.now()).await;
    assert!(again.unwrap().is_err(), "it is closed");
    let ended = async {
        while !sessions(&schema).await.is_empty() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(CALL_DEADLINE, ended).await.unwrap();
}

#[tokio::test]
async fn a_connection_that_lay_spare_for_long_is_asked_and_used() {
    let schema = Schema::create().await;
    let store = Store::connect(&schema.url(), 2).unwrap();
    store.now().await.unwrap();
    let first = sessions(&schema).await;
    for _ in 0..2 {
        sleep(TRUSTED_FOR + Duration::from_millis(100)).await;
        store.now().await.unwrap();
        assert_eq!(sessions(&schema).await, first, "no other one was opened");
    }
}

#[tokio::test]
async fn a_connection_that_the_server_cut_meanwhile_fails_no_call() {
    let schema = Schema::create().await;
    let store = Store::connect(&schema.url(), 2).unwrap();
    store.now().await.unwrap();
    let first = sessions(&schema).await;
    let pool = schema.pool().await;
    let kill = sqlx::AssertSqlSafe(format!("KILL {}", first[0]));
    sqlx::query(kill).execute(&pool).await.unwrap();
    pool.close().await;
    sleep(TRUSTED_FOR + Duration::from_millis(100)).await;
    store.now().await.unwrap();
    let second = sessions(&schema).await;
    assert!(second.len() == 1 && second != first, "{first:?} {second:?}");
}
