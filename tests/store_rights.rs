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
use buyers::{purchase, sold};
use grants::On;
use ledger::{Ledger, SKU, Schema, declaration, new_arrival, new_attempt, request, sku};
use outbox::{owe, unsent};
use restock_operator::domain::order::ProductId;
use restock_operator::domain::progress::RowOutcome;
use restock_operator::domain::purchase::{Answer, Restock, Terms, Verdict};
use restock_operator::domain::time::Time;
use restock_operator::edge::store::Store;
use restock_operator::edge::store::dead_letters::{NotedDeadLetter, SeenDeadLetter};
use restock_operator::edge::store::history::About;
use restock_operator::edge::store::meta::Once;
use restock_operator::edge::store::migrate::migrate;
use restock_operator::edge::store::outbox::{Owed, Sent};
use restock_operator::edge::store::page::Mark;
use restock_operator::edge::store::products::{Adjusted, NewAdjustment, ProductDeclaration};
use secrecy::{ExposeSecret, SecretString};
use sqlx::mysql::MySqlPool;
use std::time::Duration;

/// Nobody else wants the row.
const PATIENT: Duration = Duration::from_secs(30);

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
async fn the_owner_makes_the_tables_of_an_empty_schema() {
    let schema = Schema::create().await;
    let url = schema.url();
    let owner = Account::without_rights("pass").await;
    owner
        .grant("restock_owner", url.expose_secret(), On::Schema)
        .await;
    let url = SecretString::from(owner.url(url.expose_secret(), "pass"));
    migrate(&url, |_| {}).await.unwrap();
    let pool = schema.pool().await;
    // As one that was interrupted leaves it.
    let begun = "UPDATE _sqlx_migrations SET success = FALSE";
    sqlx::query(begun).execute(&pool).await.unwrap();
    migrate(&url, |_| {}).await.unwrap();
    let store = Store::connect(&schema.url(), 1).unwrap();
    store.require_schema().await.unwrap();
}

#[tokio::test]
async fn the_account_of_the_roles_may_do_their_work_and_change_no_table() {
    let seat = Seat::of("restock").await;
    seat.store.require_schema().await.unwrap();
    orders_and_receives(&seat.store).await;
    tells_of_dead_letters(&seat.store).await;
    declares_and_adjusts(&seat.store).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    forgets(&seat.store).await;
    seat.may_not(&[
        "DELETE FROM product",
        "DELETE FROM arrival",
        "DELETE FROM adjustment",
        "DELETE FROM sale",
        "ALTER TABLE product ADD COLUMN note INT",
        "CREATE TABLE other (id INT)",
        "DROP TABLE archive",
    ])
    .await;
}

/// Controller and receiver.
async fn orders_and_receives(store: &Store) {
    let row = new_attempt("r", 1, "uid-1");
    let (id, ours) = (&row.request_id, &row.nonce);
    store.open_attempt(&row).await.unwrap();
    let overdue = new_attempt("overdue", 1, "uid-1");
    store.fence_attempt(&overdue).await.unwrap();
    let arrival = new_arrival("r", 1);
    store.record_arrival(&arrival, PATIENT).await.unwrap();
    let now = store.now().await.unwrap();
    store.set_inbox_empty(now).await.unwrap();
    store.view(id).await.unwrap();
    store.mark_recorded(id, 1).await.unwrap();
    store.mark_shown(id, 1).await.unwrap();
    let outcome = RowOutcome::Placed;
    store.close_attempt(id, 1, ours, outcome).await.unwrap();
    store.mark_attempt_told(id, 1, "notice").await.unwrap();
    store.close_overdue(id, 1).await.unwrap();
    store.archive(id, "uid-1", "{}").await.unwrap();
    let ever = Mark::older_than(Time::from_micros(i64::MAX));
    let page = store.history(&About::All, Time::default(), &ever, 10).await;
    assert_eq!(page.unwrap().len(), 1);
    store.dead_letters(true, &ever, 10).await.unwrap();
}

/// dlq.
async fn tells_of_dead_letters(store: &Store) {
    let seen = SeenDeadLetter {
        request_id: request("dead"),
        is_named: true,
        formerly: None,
        message_id: "m".to_owned(),
        reason: "no product".to_owned(),
        sent_at: None,
    };
    store.see_dead_letter(&seen).await.unwrap();
    let noted = NotedDeadLetter {
        request_id: request("dead"),
        message_id: "m".to_owned(),
    };
    store.see_dead_letters_again(&[noted]).await.unwrap();
    let later = SeenDeadLetter {
        message_id: "later".to_owned(),
        sent_at: Some(Time::from_micros(i64::MAX)),
        ..seen
    };
    store.see_dead_letter(&later).await.unwrap();
    let deaths = store.unsettled_deaths(10).await.unwrap();
    let now = store.now().await.unwrap();
    store.settle_death(&deaths[0], now).await.unwrap();
    let hold = Duration::from_secs(60);
    let claimed = store.claim_untold(10, "one", hold).await.unwrap();
    assert_eq!(store.renew_claim("one", hold).await, Ok(2));
    store.mark_told(&claimed, "notice").await.unwrap();
    store.set_dead_letters_swept(now).await.unwrap();
    store.set_dead_letters_gone(now).await.unwrap();
    let hour = Duration::from_secs(3_600);
    store
        .watch_dead_letter_queue("arn:aws:sqs:eu-west-1:1:dead", hour)
        .await
        .unwrap();
    store.purge_dead_letters(hour, 10).await.unwrap();
    let act = async || Ok::<(), ()>(());
    assert_eq!(store.once("told", act).await, Ok(Once::Now));
}

/// People, and the order test.
async fn declares_and_adjusts(store: &Store) {
    let named = |alias: &str| ProductDeclaration {
        aliases: vec![ProductId::parse(alias).unwrap()],
        ..declaration(SKU, 10)
    };
    for alias in ["donut", "ring"] {
        store.apply_products(&[named(alias)]).await.unwrap();
    }
    let product = sku(SKU);
    let [own, passing] = ["own", "passing"].map(|alias| ProductId::parse(alias).unwrap());
    store.name_product(&product, &passing).await.unwrap();
    store
        .unname_product(&product, &passing, &own)
        .await
        .unwrap();
    store.test_arrivals(&product, 10).await.unwrap();
    let adjustment = NewAdjustment {
        id: "a".to_owned(),
        sku: product,
        delta: -1,
        reason: "one fell".to_owned(),
        by: "a person".to_owned(),
    };
    let stock = 12;
    assert_eq!(
        store.adjust(&adjustment).await,
        Ok(Adjusted::Done { stock })
    );
}

/// The controller, of what was kept long enough.
async fn forgets(store: &Store) {
    let old = store.old_attempts(None, Duration::ZERO, None, 10).await;
    let old = old.unwrap();
    let old: Vec<_> = old.iter().collect();
    assert_eq!(store.purge_attempts(&old).await, Ok(2));
    assert_eq!(store.purge_archive(Duration::ZERO, 10).await, Ok(1));
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
    // The rows of several are written by other statements than that of one.
    let group = [("k4", 1), ("k5", 1), ("k6", 9), ("k7", 9)];
    let group = group.map(|(key, quantity)| purchase(key, SKU, quantity));
    let together = store.decide_purchases(&product, &group, Terms::default());
    let together = together.await.unwrap().unwrap();
    let bought: Vec<bool> = together.iter().map(sold).collect();
    assert_eq!(bought, [true, true, false, false]);
    let kept = store.kept_verdict(&group[3]).await.unwrap();
    assert_eq!(kept.as_ref(), together.last());
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(store.purge_answers(Duration::ZERO, 10).await, Ok(7));
    assert_eq!(seat.ledger.stock(SKU).await, 4);

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
