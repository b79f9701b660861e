//! Needs Secrets Manager and a database whose account may create users. Proves that the
//! credentials of the ledger come from a secret, that a rotation fails no call and needs no
//! restart, and that whatever is wrong with the secret is said without a word of it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/account.rs"]
mod account;
#[path = "support/buyers.rs"]
mod buyers;
#[path = "support/ledger.rs"]
mod ledger;

use account::Account;
use aws_sdk_secretsmanager::Client;
use buyers::{purchase, sold};
use ledger::{Ledger, SKU, declaration, sku};
use restock_operator::domain::order::ProductId;
use restock_operator::domain::purchase::Terms;
use restock_operator::edge::aws;
use restock_operator::edge::store::Store;
use restock_operator::ledger::follow;
use restock_operator::process::args::DatabaseArgs;
use restock_operator::process::{Process, install_tls};
use secrecy::ExposeSecret;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Longest wait for anything that should happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a rotation function takes from the server's password to the secret's: longer
/// than any call waits.
const HALF_DONE: Duration = Duration::from_secs(6);

const BUYERS: usize = 16;

/// More than all of them can buy meanwhile.
const STOCK: i64 = 1_000_000;

/// Every character that means something in a URL.
const FIRST: &str = "first:/?#[]@!%41+& é";
const SECOND: &str = "second:/?#[]@!%42+& é";
const THIRD: &str = "third-hunter2";

struct Secret {
    client: Client,
    name: String,
    user: String,
}

impl Secret {
    async fn of(account: &Account) -> Self {
        install_tls();
        let user = user_of(account);
        Self {
            client: Client::new(&aws::config().await.unwrap()),
            name: format!("test/{user}"),
            user,
        }
    }

    fn credentials(&self, password: &str) -> String {
        json!({"username": self.user, "password": password}).to_string()
    }

    async fn create(&self, text: &str) {
        let creating = self.client.create_secret().name(&self.name);
        creating.secret_string(text).send().await.unwrap();
    }

    /// A new version at this stage; at AWSCURRENT it ends a rotation.
    async fn put(&self, text: &str, stage: &str) {
        let putting = self.client.put_secret_value().secret_id(&self.name);
        let putting = putting.secret_string(text).version_stages(stage);
        putting.send().await.unwrap();
    }

    fn told(&self, ledger: &Ledger) -> DatabaseArgs {
        let mut address = reqwest::Url::parse(ledger.schema.url().expose_secret()).unwrap();
        address.set_username("").unwrap();
        address.set_password(None).unwrap();
        DatabaseArgs {
            database_secret_id: Some(self.name.clone()),
            database_address: Some(address.to_string()),
            ..DatabaseArgs::default()
        }
    }
}

/// Asks and does not wait for the answer. Most times the store then has to cut a connection
/// and open a new one, which needs the password.
async fn hang_up(store: &Store) {
    let product = ProductId::parse(SKU).unwrap();
    let _ = timeout(Duration::from_micros(300), store.product(&product)).await;
}

fn user_of(account: &Account) -> String {
    let url = reqwest::Url::parse(&account.url("mysql://h/n", "p")).unwrap();
    url.username().to_owned()
}

async fn buy(store: &Store, key: &str) -> Result<(), String> {
    let (product, group) = (sku(SKU), [purchase(key, SKU, 1)]);
    let decided = store.decide_purchases(&product, &group, Terms::default());
    match decided.await {
        Ok(Some(verdicts)) if sold(&verdicts[0]) => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// Those who buy all the time, and how often the ledger failed them.
struct Load {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    buyers: Vec<JoinHandle<Vec<String>>>,
}

impl Load {
    fn on(store: &Store) -> Self {
        let (stop, done) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let buyer = |buyer| {
            let (store, stop, done) = (store.clone(), Arc::clone(&stop), Arc::clone(&done));
            tokio::spawn(async move {
                let mut failures = Vec::new();
                let mut tries = 0;
                while !stop.load(Ordering::Relaxed) {
                    tries += 1;
                    match buy(&store, &format!("{buyer}-{tries}")).await {
                        Ok(()) => _ = done.fetch_add(1, Ordering::Relaxed),
                        Err(why) => failures.push(why),
                    }
                }
                failures
            })
        };
        let mut buyers: Vec<_> = (0..BUYERS).map(buyer).collect();
        let (impatient, ended) = (store.clone(), Arc::clone(&stop));
        buyers.push(tokio::spawn(async move {
            while !ended.load(Ordering::Relaxed) {
                hang_up(&impatient).await;
                sleep(Duration::from_millis(5)).await;
            }
            Vec::new()
        }));
        Self { stop, done, buyers }
    }

    /// Until it has been served some more.
    async fn goes_on(&self) {
        let goal = self.done.load(Ordering::Relaxed) + 100;
        let going = async {
            while self.done.load(Ordering::Relaxed) < goal {
                sleep(Duration::from_millis(10)).await;
            }
        };
        assert!(timeout(PATIENCE, going).await.is_ok(), "nobody is served");
    }

    async fn end(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        let mut failures = Vec::new();
        for buyer in self.buyers {
            failures.extend(buyer.await.unwrap());
        }
        failures
    }
}

fn said(process: &Process) -> String {
    format!("{:?}", process.health.readiness())
}

async fn says(process: &Process, words: &str) {
    let saying = async {
        while !said(process).contains(words) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let in_time = timeout(PATIENCE, saying).await.is_ok();
    assert!(in_time, "not said: {words:?}; but: {}", said(process));
}

async fn open(told: &DatabaseArgs, process: &Process, connections: u32) -> Store {
    let opening = timeout(PATIENCE, follow(told, process, connections)).await;
    opening.unwrap().unwrap().unwrap()
}

async fn end(process: Process, store: Store) {
    process.shutdown.cancel();
    process.tasks.close();
    timeout(PATIENCE, process.tasks.wait()).await.unwrap();
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_under_load_fails_nobody() {
    let ledger = Ledger::create().await;
    let product = declaration(SKU, STOCK);
    ledger.apply_products(&[product]).await.unwrap();
    let account = Account::create(FIRST).await;
    let secret = Secret::of(&account).await;
    secret.create(&secret.credentials(FIRST)).await;
    let process = Process::default();
    let store = open(&secret.told(&ledger), &process, 8).await;
    let load = Load::on(&store);
    load.goes_on().await;

    // As RDS does it: staged, set in the server, made current.
    secret.put(&secret.credentials(SECOND), "AWSPENDING").await;
    account.change_password(SECOND).await;
    sleep(HALF_DONE).await;
    load.goes_on().await;
    secret.put(&secret.credentials(SECOND), "AWSCURRENT").await;
    load.goes_on().await;

    // By hand, the secret right after the server.
    account.change_password(THIRD).await;
    secret.put(&secret.credentials(THIRD), "AWSCURRENT").await;
    load.goes_on().await;

    let done = Arc::clone(&load.done);
    let failures = load.end().await;
    assert!(failures.is_empty(), "{}: {:?}", failures.len(), failures[0]);
    let bought = i64::try_from(done.load(Ordering::Relaxed)).unwrap();
    assert_eq!(ledger.stock(SKU).await, STOCK - bought);
    end(process, store).await;
}

#[tokio::test]
async fn a_missing_secret_and_then_a_wrong_one_are_waited_for() {
    let ledger = Ledger::with_product().await;
    let account = Account::create(THIRD).await;
    let secret = Secret::of(&account).await;
    let (told, process) = (secret.told(&ledger), Process::default());
    let opening = {
        let (told, process) = (told.clone(), process.clone());
        tokio::spawn(async move { follow(&told, &process, 1).await.unwrap().unwrap() })
    };
    says(&process, &secret.name).await;
    says(&process, "does not exist").await;
    secret.create(&format!("\"{THIRD}\"")).await;
    says(&process, "is no JSON object").await;
    assert!(!said(&process).contains(THIRD), "{}", said(&process));
    secret.put(&secret.credentials(THIRD), "AWSCURRENT").await;
    let store = timeout(PATIENCE, opening).await.unwrap().unwrap();
    store
        .product(&ProductId::parse(SKU).unwrap())
        .await
        .unwrap();
    end(process, store).await;
}

#[tokio::test]
async fn a_secret_that_turns_wrong_keeps_the_old_credentials_and_says_so() {
    let ledger = Ledger::with_product().await;
    let account = Account::create(THIRD).await;
    let secret = Secret::of(&account).await;
    secret.create(&secret.credentials(THIRD)).await;
    let process = Process::default();
    let store = open(&secret.told(&ledger), &process, 1).await;
    let product = ProductId::parse(SKU).unwrap();
    store.product(&product).await.unwrap();

    // What is open goes on; the next connection is refused, and makes the role look.
    secret.put("{}", "AWSCURRENT").await;
    account.change_password("fourth").await;
    store.product(&product).await.unwrap();
    let refusing = async {
        loop {
            hang_up(&store).await;
            if let Err(refused) = store.product(&product).await {
                return refused.to_string();
            }
        }
    };
    let refused = timeout(PATIENCE, refusing).await.unwrap();
    says(&process, "has no username").await;
    assert!(refused.contains("Access denied"), "{refused}");
    for text in [&refused, &said(&process)] {
        assert!(!text.contains(THIRD), "{text}");
    }
    // The old ones are good again: nothing has replaced them.
    account.change_password(THIRD).await;
    store.product(&product).await.unwrap();
    end(process, store).await;
}
