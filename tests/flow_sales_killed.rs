//! Needs a database. Proves that a thousand buyers of a hundred donuts get one answer each, the
//! same whenever they ask, and that not one is sold twice, while two shops are killed and their
//! way to the ledger is cut, again and again.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/ledger.rs"]
mod ledger;
#[path = "support/proxy.rs"]
mod proxy;
#[path = "support/role.rs"]
mod role;

use futures::{StreamExt as _, stream};
use ledger::{Ledger, SKU, declaration};
use proxy::Proxy;
use reqwest::{Client, StatusCode};
use restock_operator::process::install_tls;
use role::Role;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const DONUTS: i64 = 100;
const BUYERS: usize = 1_000;

/// Buyers at a time: enough to share transactions, few enough for a busy machine.
const AT_A_TIME: usize = 100;

/// How often the shop is killed, and its way cut.
const BLOWS: usize = 9;

/// Longest wait of a buyer for an answer: that of all blows, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

struct Street {
    ledger: Ledger,
    way: Proxy,
    shops: [SocketAddr; 2],
    url: String,
    client: Client,
}

impl Street {
    async fn open() -> Self {
        install_tls();
        let ledger = Ledger::create().await;
        ledger
            .apply_products(&[declaration(SKU, DONUTS)])
            .await
            .unwrap();
        let (host, port) = ledger.schema.server();
        let way = Proxy::to(format!("{host}:{port}")).await;
        let url = ledger.schema.url_by(way.address);
        // Free now, and taken again by each shop that follows another.
        let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        Self {
            ledger,
            way,
            shops: listeners.map(|listener| listener.local_addr().unwrap()),
            url: url.expose_secret().to_owned(),
            client: Client::new(),
        }
    }

    fn shop(&self, which: usize) -> Role {
        let settings = [
            ("RESTOCK_LISTEN", self.shops[which].to_string()),
            ("RESTOCK_DATABASE_URL", self.url.clone()),
            ("RESTOCK_DRAIN_SECONDS", "1".to_owned()),
        ];
        Role::start("sales", &settings)
    }

    /// Asks one shop or the other, with one key, until there is an answer.
    async fn buy(&self, number: usize) -> (StatusCode, String) {
        let until = Instant::now() + PATIENCE;
        let body = json!({ "sku": SKU, "quantity": 1, "buyer": format!("buyer {number}") });
        for attempt in number.. {
            let asked = self
                .client
                .post(format!("http://{}/v1/checkout", self.shops[attempt % 2]))
                .header("Idempotency-Key", format!("key-{number}"))
                .body(body.to_string())
                .send();
            if let Ok(answer) = asked.await
                && answer.status() != StatusCode::SERVICE_UNAVAILABLE
            {
                let status = answer.status();
                if let Ok(text) = answer.text().await {
                    return (status, text);
                }
            }
            assert!(Instant::now() < until, "buyer {number} has no answer");
            sleep(Duration::from_millis(100)).await;
        }
        unreachable!("numbers do not end")
    }

    async fn count(&self, counting: &'static str) -> i64 {
        let pool = self.ledger.schema.pool().await;
        sqlx::query_scalar(counting).fetch_one(&pool).await.unwrap()
    }

    /// Kills one shop and the other, and cuts the way of both to the ledger, in turns.
    async fn strike(&self) -> [Role; 2] {
        let mut shops = [0, 1].map(|which| Some(self.shop(which)));
        for blow in 0..BLOWS {
            // Not in step with the transactions, which last some milliseconds.
            sleep(Duration::from_millis(397 + 31 * blow as u64)).await;
            let which = blow % 3;
            if which < 2 {
                shops[which].take().unwrap().kill();
                shops[which] = Some(self.shop(which));
            } else {
                self.way.cut();
                sleep(Duration::from_millis(150)).await;
                self.way.mend();
            }
        }
        shops.map(Option::unwrap)
    }
}

#[tokio::test]
async fn a_thousand_buyers_a_hundred_donuts_and_a_shop_that_dies() {
    let street = Street::open().await;
    let buying = stream::iter(0..BUYERS)
        .map(|number| street.buy(number))
        .buffered(AT_A_TIME)
        .collect::<Vec<_>>();
    let (answers, shops) = tokio::join!(buying, street.strike());

    let mut by_status = HashMap::<u16, Vec<Value>>::new();
    for (status, text) in &answers {
        let answer = serde_json::from_str(text).unwrap();
        by_status.entry(status.as_u16()).or_default().push(answer);
    }
    let counts = |status| by_status.get(&status).map_or(0, Vec::len);
    assert_eq!(
        (counts(200), counts(409)),
        (100, 900),
        "{:?}",
        by_status.keys()
    );
    let mut remaining: Vec<i64> = by_status[&200]
        .iter()
        .map(|sold| sold["remaining"].as_i64().unwrap())
        .collect();
    remaining.sort_unstable();
    assert_eq!(
        remaining,
        (0..DONUTS).collect::<Vec<_>>(),
        "each donut once"
    );
    assert_eq!(street.ledger.stock(SKU).await, 0);
    let distinct = "SELECT COUNT(DISTINCT event_id) FROM outbox";
    assert_eq!(
        street.count(distinct).await,
        900,
        "one for each that failed"
    );
    assert_eq!(street.count("SELECT COUNT(*) FROM outbox").await, 900);
    assert_eq!(street.count("SELECT COUNT(*) FROM sale").await, DONUTS);
    assert_eq!(
        street.count("SELECT COUNT(*) FROM idempotency").await,
        1_000
    );
    let again = stream::iter(0..BUYERS).map(|number| street.buy(number));
    let again: Vec<_> = again.buffered(AT_A_TIME).collect().await;
    assert!(again == answers, "each key has one answer");
    assert!(shops.into_iter().all(Role::stop), "they end in order");
}
