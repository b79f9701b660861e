//! A Sales API in this process, with a ledger of one test's own, and buyers.
#![allow(dead_code, reason = "each test file uses its part of it")]

use super::ledger::{Ledger, SKU};
use super::proxy::Proxy;
use clap::Parser;
use reqwest::{Client, Response, StatusCode};
use restock_operator::process::{Process, install_tls};
use restock_operator::sales;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longest time of a drain: a second of its own, then the last requests.
const CLOSED_WITHIN: Duration = Duration::from_secs(30);

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    sales: sales::Args,
}

pub(crate) struct StoreFront {
    pub(crate) address: SocketAddr,
    pub(crate) process: Process,
    pub(crate) ledger: Ledger,
    /// The role's way to the ledger; the test's own leads past it.
    pub(crate) way: Proxy,
    client: Client,
    serving: JoinHandle<anyhow::Result<()>>,
}

/// What a program is answered.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answered {
    pub(crate) async fn read(response: Response) -> Self {
        let headers = response.headers().clone();
        let content_type = headers.get("content-type");
        let content_type = content_type.map(|value| value.to_str().unwrap().to_owned());
        Self {
            status: response.status(),
            content_type: content_type.unwrap_or_default(),
            headers,
            text: response.text().await.unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The reason of a problem; fails if it is none.
    pub(crate) fn reason(&self) -> String {
        assert_eq!(self.content_type, "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16(), "{self:?}");
        problem["reason"].as_str().unwrap().to_owned()
    }

    /// The fields that a problem names.
    pub(crate) fn fields(&self) -> Vec<String> {
        assert_eq!(self.reason(), "InvalidRequest");
        let problem = self.json();
        let errors = problem["errors"].as_array().unwrap().iter();
        errors
            .map(|error| error["field"].as_str().unwrap().to_owned())
            .collect()
    }
}

impl StoreFront {
    /// A shop that serves, with one product, of which there are ten.
    pub(crate) async fn open(flags: &[&str]) -> Self {
        Self::open_on(Ledger::with_product().await, flags).await
    }

    pub(crate) async fn open_on(ledger: Ledger, flags: &[&str]) -> Self {
        install_tls();
        let (host, port) = ledger.schema.server();
        let way = Proxy::to(format!("{host}:{port}")).await;
        let url = ledger.schema.url_by(way.address);
        let own = ["sales", "--listen=127.0.0.1:0", "--drain-seconds=1"];
        let database = format!("--database-url={}", url.expose_secret());
        let all = own.iter().chain(flags).copied();
        let cli = Cli::parse_from(all.chain([database.as_str()]));
        let process = Process::default();
        let sales = sales::start(cli.sales, process.clone()).await.unwrap();
        let sales = sales.expect("nobody told it to stop");
        Self {
            address: sales.address().unwrap(),
            process,
            ledger,
            way,
            client: Client::new(),
            serving: tokio::spawn(sales.serve()),
        }
    }

    /// Tells the shop to stop and waits until it has.
    pub(crate) async fn close(self) {
        self.process.shutdown.cancel();
        let ended = timeout(CLOSED_WITHIN, self.serving).await;
        ended.expect("the shop ends").unwrap().unwrap();
        self.process.tasks.close();
        let tasks = timeout(CLOSED_WITHIN, self.process.tasks.wait()).await;
        tasks.expect("its tasks end");
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        let response = self.client.get(self.url(path)).send().await;
        Answered::read(response.unwrap()).await
    }

    pub(crate) async fn request(&self, method: &str, path: &str) -> Answered {
        let method = method.parse().unwrap();
        let response = self.client.request(method, self.url(path)).send().await;
        Answered::read(response.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, key: Option<&str>, body: String) -> Answered {
        let mut request = self.client.post(self.url(path)).body(body);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        Answered::read(request.send().await.unwrap()).await
    }

    /// Buys so many of [`SKU`].
    pub(crate) async fn buy(&self, key: &str, quantity: u32) -> Answered {
        let body = json!({ "sku": SKU, "quantity": quantity, "buyer": "minji" });
        self.post("/v1/checkout", Some(key), body.to_string()).await
    }

    /// How many messages the sales owe.
    pub(crate) async fn owed(&self) -> i64 {
        let pool = self.ledger.schema.pool().await;
        let counting = sqlx::query_scalar("SELECT COUNT(*) FROM outbox");
        counting.fetch_one(&pool).await.unwrap()
    }
}
