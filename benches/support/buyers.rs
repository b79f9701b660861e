//! Many buyers at once, each on a connection of its own, with as little work as can be: the
//! load shares its machine with what it measures.

use rand_free::Random;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What one load did.
pub(crate) struct Done {
    /// Purchases that were answered with 200.
    pub(crate) sold: u64,
    /// From the first request to the last answer.
    pub(crate) took: Duration,
    /// Of each answer, sorted.
    pub(crate) latencies: Vec<Duration>,
}

impl Done {
    pub(crate) fn rate(&self) -> f64 {
        self.sold as f64 / self.took.as_secs_f64()
    }

    /// The latency below which so many of a thousand answers are, in milliseconds.
    pub(crate) fn per_mille(&self, share: usize) -> f64 {
        let index = (self.latencies.len() * share / 1_000).min(self.latencies.len() - 1);
        self.latencies[index].as_secs_f64() * 1_000.0
    }
}

/// Which product a buyer wants next.
#[derive(Clone)]
pub(crate) enum Taste {
    /// All want the same.
    One(String),
    /// Zipf's law with exponent 1: the n-th product is wanted 1/n times as often as the first.
    Zipf(Arc<Vec<f64>>),
}

impl Taste {
    pub(crate) fn zipf(products: usize) -> Self {
        let mut sum = 0.0;
        let shares = (1..=products).map(|rank| {
            sum += 1.0 / rank as f64;
            sum
        });
        Self::Zipf(Arc::new(shares.collect()))
    }

    fn next(&self, random: &mut Random) -> String {
        match self {
            Self::One(sku) => sku.clone(),
            Self::Zipf(shares) => {
                let point = random.unit() * shares[shares.len() - 1];
                format!("P{}", shares.partition_point(|share| *share < point))
            }
        }
    }
}

/// So many buyers, for that long.
pub(crate) async fn buy(shop: SocketAddr, buyers: usize, taste: &Taste, time: Duration) -> Done {
    let over = Arc::new(AtomicBool::new(false));
    let number = Arc::new(AtomicU64::new(0));
    let run = format!(
        "{:x}",
        std::time::UNIX_EPOCH
            .elapsed()
            .unwrap_or_default()
            .as_nanos()
    );
    let began = Instant::now();
    let tasks: Vec<_> = (0..buyers)
        .map(|buyer| {
            let (over, number) = (Arc::clone(&over), Arc::clone(&number));
            let (taste, run) = (taste.clone(), run.clone());
            tokio::spawn(async move {
                let mut random = Random::seeded(buyer as u64 + 1);
                let mut shop = Connection::open(shop).await;
                let mut latencies = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let key = number.fetch_add(1, Ordering::Relaxed);
                    let asked = Instant::now();
                    shop.buy(&taste.next(&mut random), &format!("{run}-{key}"))
                        .await;
                    latencies.push(asked.elapsed());
                }
                latencies
            })
        })
        .collect();
    tokio::time::sleep(time).await;
    over.store(true, Ordering::Relaxed);
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await.expect("every purchase is answered"));
    }
    let took = began.elapsed();
    latencies.sort_unstable();
    Done {
        sold: latencies.len() as u64,
        took,
        latencies,
    }
}

/// One buyer's connection.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(shop: SocketAddr) -> Self {
        let stream = TcpStream::connect(shop).await.expect("the shop listens");
        stream.set_nodelay(true).expect("it is a TCP socket");
        Self {
            stream,
            buffer: vec![0; 4_096],
        }
    }

    async fn buy(&mut self, sku: &str, key: &str) {
        let body = format!(r#"{{"sku":"{sku}","quantity":1,"buyer":"bench"}}"#);
        let request = format!(
            "POST /v1/checkout HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n\
             Idempotency-Key: {key}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let written = self.stream.write_all(request.as_bytes()).await;
        written.expect("the shop reads");
        let mut length = 0;
        while !whole(&self.buffer[..length]) {
            let read = self.stream.read(&mut self.buffer[length..]).await;
            let read = read.expect("the shop answers");
            assert!(read > 0, "the shop hung up");
            length += read;
        }
        let answer = &self.buffer[..length];
        assert!(
            answer.starts_with(b"HTTP/1.1 200"),
            "{}",
            String::from_utf8_lossy(answer)
        );
    }
}

/// Whether these bytes are an answer with its whole body.
fn whole(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return false;
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |text| text.trim().parse().unwrap_or(0));
    bytes.len() >= end + 4 + length
}

mod rand_free {
    /// A small generator (xorshift64), the same numbers in each run.
    pub(crate) struct Random(u64);

    impl Random {
        pub(crate) const fn seeded(seed: u64) -> Self {
            Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
        }

        /// From 0 to 1.
        pub(crate) fn unit(&mut self) -> f64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 11) as f64 / (1_u64 << 53) as f64
        }
    }
}
