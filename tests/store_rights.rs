//! Needs a database whose account may create others. Proves that the account that
//! docs/install-eks.md makes for a role may do what the role does, and no more.
#![allow(clippy::unwrap_used)]

#[path = "support/account.rs"]
mod account;
#[path = "support/buyers.rs"]
mod buyers;
#[path = "support/grants.rs"]
mod grants;
#[path = "support/ledger.rs"]
mod ledger;
#[path = "support/outbox.rs"]
mod outbox;

use account::Account;
use buyers::purchase;
use ledger::{Ledger, SKU, request, sku};
use outbox::{owe, unsent};
use restock_operator::domain::order::ProductId;
use restock_operator::domain::purchase::{Answer, Restock, Terms, Verdict};
use restock_operator::edge::store::Store;
use restock_operator::edge::store::meta::Once;
use restock_operator::edge::store::outbox::{Owed, Sent};
use secrecy::{ExposeSecret, SecretString};
use sqlx::mysql::MySqlPool;
use std::time::Duration;

/// A ledger as this role's account sees it.
struct Seat {
    ledger: Ledger,
    _account: Account,
    store: Store,
    pool: MySqlPool,
}

impl Seat {
    async fn of(name: &str) -> Self {
        let ledger = Ledger::with_product().await;
        let url = ledger.schema.url();
        let account = Account::as_documented(name, url.expose_secret(), "pass").await;
        let url = account.url(url.expose_secret(), "pass");
        Self {
            ledger,
            _account: account,
            store: Store::connect(&SecretString::from(url.clone()), 2).unwrap(),
            pool: MySqlPool::connect(&url).await.unwrap(),
        }
    }

    async fn may_not(&self, statements: &[&'static str]) {
        for denied in statements {
            let refused = sqlx::query(*denied).execute(&self.pool).await.unwrap_err();
            assert!(
                refused.to_string().contains("denied"),
                "{denied}: {refused}"
            );
        }
    }
}

#[tokio::test]
async fn the_account_of_the_relay_may_do_its_own_work_and_no_other() {
    let seat = Seat::of("restock_relay").await;
    let pool = seat.ledger.schema.pool().await;
    owe(&pool, 2).await;
    let store = &seat.store;

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

    seat.may_not(&[
        "SELECT * FROM product",
        "UPDATE product SET stock = stock + 1",
        "SELECT * FROM arrival",
        "SELECT * FROM order_attempt",
        "UPDATE outbox SET body = '{}'",
        "INSERT INTO outbox (event_id, sku, body, created_at) VALUES ('e', 'A', '{}', 1)",
        "DELETE FROM ledger_meta",
        "DROP TABLE outbox",
    ])
    .await;
}

#[tokio::test]
async fn the_account_of_the_sales_may_do_its_own_work_and_no_other() {
    let seat = Seat::of("restock_sales").await;
    let store = &seat.store;
    let product = sku(SKU);
    let terms = Terms {
        one_message_at_a_time: true,
        early_warning: true,
    };
    let buy = async |key: &str, quantity: u32| {
        let group = [purchase(key, SKU, quantity)];
        let decided = store.decide_purchases(&product, &group, terms).await;
        decided.unwrap().unwrap().remove(0)
    };

    store.require_schema().await.unwrap();
    assert_eq!(store.products(None, 10).await.unwrap().len(), 1);
    let alias = ProductId::parse("alias").unwrap();
    assert_eq!(store.product(&alias).await, Ok(None));
    let bought = buy("k1", 4).await;
    let Verdict::Answered(Answer::Sold { sale_id, remaining }) = &bought else {
        panic!("{bought:?}");
    };
    assert_eq!(*remaining, 6);
    assert!(store.sale(sale_id).await.unwrap().is_some());
    assert_eq!(buy("k1", 4).await, bought, "a repeat");
    // The second one looks for what the first one owes.
    for (key, restock) in [("k2", Restock::Requested), ("k3", Restock::UnderWay)] {
        let available = 6;
        let none = Answer::OutOfStock { available, restock };
        assert_eq!(buy(key, 7).await, Verdict::Answered(none));
    }
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(store.purge_answers(Duration::ZERO, 10).await, Ok(3));
    assert_eq!(seat.ledger.stock(SKU).await, 6);

    seat.may_not(&[
        "UPDATE product SET price = 0",
        "INSERT INTO product (sku, name, price, stock, reorder_point) VALUES ('A', 'A', 1, 1, 1)",
        "DELETE FROM product",
        "UPDATE sale SET quantity = 1",
        "DELETE FROM sale",
        "UPDATE idempotency SET answer = '{}'",
        "UPDATE outbox SET sent_at = 1",
        "SELECT body FROM outbox",
        "DELETE FROM outbox",
        "SELECT nonce FROM order_attempt",
        "UPDATE order_attempt SET outcome = 'placed'",
        "SELECT quantity FROM arrival",
        "INSERT INTO arrival (request_id, attempt) VALUES ('r', 1)",
        "SELECT * FROM adjustment",
        "SELECT * FROM ledger_meta",
        "DROP TABLE sale",
    ])
    .await;
}
