//! Needs a database whose account may create others. Proves that the account that
//! docs/install-eks.md makes for a role may do what the role does, and no more.
#![allow(clippy::unwrap_used)]

#[path = "support/account.rs"]
mod account;
#[path = "support/grants.rs"]
mod grants;
#[path = "support/ledger.rs"]
mod ledger;
#[path = "support/outbox.rs"]
mod outbox;

use account::Account;
use ledger::{Ledger, request};
use outbox::{owe, unsent};
use restock_operator::edge::store::Store;
use restock_operator::edge::store::meta::Once;
use restock_operator::edge::store::outbox::{Owed, Sent};
use secrecy::{ExposeSecret, SecretString};
use sqlx::mysql::MySqlPool;
use std::time::Duration;

#[tokio::test]
async fn the_account_of_the_relay_may_do_its_own_work_and_no_other() {
    let ledger = Ledger::with_product().await;
    let pool = ledger.schema.pool().await;
    owe(&pool, 2).await;
    let url = ledger.schema.url();
    let account = Account::as_documented("restock_relay", url.expose_secret(), "pass").await;
    let url = account.url(url.expose_secret(), "pass");
    let store = Store::connect(&SecretString::from(url.clone()), 2).unwrap();

    store.require_schema().await.unwrap();
    assert_eq!(store.outbox_backlog(10).await.unwrap().unsent, 2);
    let publish = async |page: &[Owed]| {
        let sent = page.iter().map(|owed| Sent {
            id: owed.id,
            request_id: request("r"),
        });
        sent.collect()
    };
    store.relay_page(0, 100, publish).await.unwrap();
    assert!(unsent(&pool).await.is_empty());
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(store.purge_outbox(Duration::ZERO, 10).await, Ok(2));
    let act = async || Ok::<(), ()>(());
    assert_eq!(store.once("told", act).await, Ok(Once::Now));
    store.undo("told").await.unwrap();

    let pool = MySqlPool::connect(&url).await.unwrap();
    for denied in [
        "SELECT * FROM product",
        "UPDATE product SET stock = stock + 1",
        "SELECT * FROM arrival",
        "SELECT * FROM order_attempt",
        "UPDATE outbox SET body = '{}'",
        "INSERT INTO outbox (event_id, sku, body, created_at) VALUES ('e', 'A', '{}', 1)",
        "DELETE FROM ledger_meta",
        "DROP TABLE outbox",
    ] {
        let refused = sqlx::query(denied).execute(&pool).await.unwrap_err();
        assert!(
            refused.to_string().contains("denied"),
            "{denied}: {refused}"
        );
    }
}
