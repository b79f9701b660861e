//! A thousand buyers of a hundred donuts, who come in waves, and two shops that they ask by
//! turns until there is an answer.

use super::ledger::{Ledger, SKU, declaration};
use super::reserved::Reserved;
use super::role::Role;
use futures::{StreamExt as _, stream};
use reqwest::{Client, StatusCode};
use restock_operator::process::install_tls;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const DONUTS: i64 = 100;
const BUYERS: usize = 1_000;

/// Buyers at a time: enough to share transactions, few enough for a busy machine.
const AT_A_TIME: usize = 100;

/// From one buyer of a wave to the next: a wave of some eighty outlasts many transactions.
const STEP: Duration = Duration::from_millis(1);

/// Longest wait of a buyer for an answer: that of one blow, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What each buyer was told.
pub(crate) type Answers = Vec<(StatusCode, String)>;

pub(crate) struct Street {
    pub(crate) ledger: Ledger,
    shops: [Reserved; 2],
    client: Client,
}

impl Street {
    pub(crate) async fn open(ledger: Ledger) -> Self {
        install_tls();
        let donuts = declaration(SKU, DONUTS);
        ledger.apply_products(&[donuts]).await.unwrap();
        Self {
            ledger,
            shops: [(); 2].map(|()| Reserved::new()),
            client: Client::new(),
        }
    }

    /// Opens one of the two shops on this ledger.
    pub(crate) fn shop(&self, which: usize, database_url: &str) -> Role {
        let settings = [
            ("RESTOCK_LISTEN", self.shops[which].address.to_string()),
            ("RESTOCK_DATABASE_URL", database_url.to_owned()),
            ("RESTOCK_DRAIN_SECONDS", "1".to_owned()),
        ];
        Role::start("sales", &settings)
    }

    /// Lets everybody buy, in as many waves as there are blows. Each wave meets one: early in
    /// the first, late in the last.
    pub(crate) async fn struck(&self, blows: usize, mut strike: impl AsyncFnMut(usize)) -> Answers {
        let mut answers = Answers::new();
        for blow in 0..blows {
            let wave = BUYERS * blow / blows..BUYERS * (blow + 1) / blows;
            let at = STEP * u32::try_from(wave.len() * (blow + 1) / (blows + 1)).unwrap();
            let falling = async {
                sleep(at).await;
                strike(blow).await;
            };
            let (told, ()) = tokio::join!(self.wave(wave), falling);
            answers.extend(told);
        }
        answers
    }

    async fn wave(&self, numbers: Range<usize>) -> Answers {
        let first = numbers.start;
        let coming = stream::iter(numbers).map(async |number| {
            let step = (number - first) % AT_A_TIME;
            sleep(STEP * u32::try_from(step).unwrap()).await;
            self.buy(number).await
        });
        coming.buffered(AT_A_TIME).collect().await
    }

    /// Asks one shop or the other, with one key, until there is an answer.
    async fn buy(&self, number: usize) -> (StatusCode, String) {
        let until = Instant::now() + PATIENCE;
        let body = json!({ "sku": SKU, "quantity": 1, "buyer": format!("buyer {number}") });
        for attempt in number.. {
            let asked = self
                .client
                .post(format!(
                    "http://{}/v1/checkout",
                    self.shops[attempt % 2].address
                ))
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

    /// Each donut was sold once, each key has one answer, and each buyer without a donut left
    /// one message to the relay.
    pub(crate) async fn audit(&self, answers: &Answers) {
        let mut by_status = HashMap::<u16, Vec<Value>>::new();
        for (status, text) in answers {
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
        let remaining = by_status[&200].iter();
        let remaining = remaining.map(|sold| sold["remaining"].as_i64().unwrap());
        let mut remaining: Vec<i64> = remaining.collect();
        remaining.sort_unstable();
        let each_once: Vec<i64> = (0..DONUTS).collect();
        assert_eq!(remaining, each_once, "each donut once");
        assert_eq!(self.ledger.stock(SKU).await, 0);
        let distinct = "SELECT COUNT(DISTINCT event_id) FROM outbox";
        assert_eq!(self.count(distinct).await, 900, "one for each that failed");
        assert_eq!(self.count("SELECT COUNT(*) FROM outbox").await, 900);
        assert_eq!(self.count("SELECT COUNT(*) FROM sale").await, DONUTS);
        assert_eq!(self.count("SELECT COUNT(*) FROM idempotency").await, 1_000);
        let again = self.wave(0..BUYERS).await;
        assert!(again == *answers, "each key has one answer");
    }
}
