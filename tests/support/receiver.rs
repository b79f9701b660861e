//! A receiver in this process, with a ledger, an inbox and keys of one test's own.
#![allow(dead_code, reason = "each test file uses its part of it")]

use super::inbox::Inbox;
use super::ledger::{Ledger, SKU, request, sku};
use super::proxy::Proxy;
use clap::Parser;
use restock_operator::domain::arrival::{Claims, KeyRing, TOKEN_LIFETIME};
use restock_operator::domain::order::{Nonce, Quantity};
use restock_operator::process::{Process, clock};
use restock_operator::receiver;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

pub(crate) const KEY: &str = "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// The body that the legacy factory sends for [`claims`].
pub(crate) const BODY: &str =
    r#"{"MessageAttributeProductId":"CP-502101","MessageAttributeProductCnt":"3"}"#;

/// Longest wait for what happens soon: the inbox is polled at once, after outages with a
/// pause of up to 15 s.
const SOON: Duration = Duration::from_secs(40);

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    receiver: receiver::Args,
}

pub(crate) struct Shop {
    pub(crate) address: SocketAddr,
    pub(crate) process: Process,
    pub(crate) ledger: Ledger,
    pub(crate) inbox: Inbox,
    /// The receiver's way to the ledger; the test's own leads past it.
    pub(crate) way: Proxy,
    pub(crate) key_file: PathBuf,
    serving: JoinHandle<anyhow::Result<()>>,
}

impl Shop {
    /// A receiver that serves, with one product in the ledger, of which there are ten.
    pub(crate) async fn open() -> Self {
        Self::open_with(Inbox::create().await, |url| format!("--database-url={url}")).await
    }

    /// A receiver with this inbox, which is told of its ledger by the flag that `database`
    /// makes of the URL of its way there.
    pub(crate) async fn open_with(inbox: Inbox, database: impl FnOnce(&str) -> String) -> Self {
        let ledger = Ledger::with_product().await;
        let (way, url) = detour(&ledger).await;
        let database = database(&url);
        let key_file = key_file(&inbox);
        let cli = Cli::parse_from([
            "receiver",
            "--listen=127.0.0.1:0",
            "--drain-seconds=1",
            &format!("--inbox-url={}", inbox.url),
            &format!("--callback-keys-file={}", key_file.display()),
            &database,
        ]);
        let process = Process::default();
        let receiver = receiver::start(cli.receiver, process.clone())
            .await
            .unwrap()
            .expect("nobody told it to stop");
        let address = receiver.address().unwrap();
        let serving = tokio::spawn(receiver.serve());
        Self {
            address,
            process,
            ledger,
            inbox,
            way,
            key_file,
            serving,
        }
    }

    /// Tells the receiver to stop and waits until it has.
    pub(crate) async fn close(self) {
        self.process.shutdown.cancel();
        let within = Duration::from_secs(30);
        timeout(within, self.serving)
            .await
            .expect("the receiver ends")
            .unwrap()
            .unwrap();
        self.process.tasks.close();
        timeout(within, self.process.tasks.wait())
            .await
            .expect("its tasks end");
        std::fs::remove_file(&self.key_file).unwrap();
    }

    /// The status of the answer to a good callback of this request.
    pub(crate) async fn call(&self, id: &str) -> u16 {
        status(&self.exchange(&post(&ring().sign(&claims(id)), BODY)).await)
    }

    /// Everything that is answered to these bytes.
    pub(crate) async fn exchange(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        read(&mut stream).await
    }

    pub(crate) async fn stock(&self) -> i64 {
        self.ledger.stock(SKU).await
    }

    /// Waits for this stock; fails when it does not come, or is passed.
    pub(crate) async fn await_stock(&self, wanted: i64) {
        let until = Instant::now() + SOON;
        loop {
            let stock = self.stock().await;
            if stock == wanted {
                return;
            }
            assert!(
                stock < wanted && Instant::now() < until,
                "stock {stock}, not {wanted}"
            );
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// One line of the metrics page.
    pub(crate) fn counts(&self, line: &str) -> bool {
        self.process
            .registry
            .encode()
            .unwrap()
            .lines()
            .any(|found| found == line)
    }
}

/// The ledger's URL by way of a proxy.
async fn detour(ledger: &Ledger) -> (Proxy, String) {
    use secrecy::ExposeSecret;
    let (host, port) = ledger.schema.server();
    let proxy = Proxy::to(format!("{host}:{port}")).await;
    let url = ledger.schema.url_by(proxy.address);
    (proxy, url.expose_secret().to_owned())
}

fn key_file(inbox: &Inbox) -> PathBuf {
    let name = inbox.url.rsplit('/').next().unwrap();
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, KEY).unwrap();
    path
}

pub(crate) fn ring() -> KeyRing {
    KeyRing::parse(KEY).unwrap()
}

/// Three of [`SKU`] for the first attempt of this request.
pub(crate) fn claims(id: &str) -> Claims {
    Claims {
        request_id: request(id),
        uid: format!("uid-of-{id}"),
        attempt: 1,
        nonce: Nonce::new("0123456789abcdef0123456789abcdef"),
        sku: sku(SKU),
        quantity: Quantity::new(3).unwrap(),
        factory: "legacy".to_owned(),
        not_after: clock::now() + TOKEN_LIFETIME,
        trace_parent: None,
    }
}

pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n").into_bytes()
}

pub(crate) fn post(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nHost: shop\r\nContent-Length: {length}\r\n\r\n");
    (head + body).into_bytes()
}

/// What comes until the other side closes. A reset after the answer is an end as well.
pub(crate) async fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    let _ = timeout(Duration::from_secs(20), read)
        .await
        .expect("the answer ends");
    String::from_utf8(bytes).unwrap()
}

pub(crate) fn status(answer: &str) -> u16 {
    let status = answer
        .split(' ')
        .nth(1)
        .unwrap_or_else(|| panic!("no answer: {answer:?}"));
    status.parse().unwrap()
}
