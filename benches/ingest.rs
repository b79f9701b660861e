//! Needs API server and local AWS: `cargo xtask bench ingest`. Measures how fast ingest
//! turns messages into requests, in alternating rounds against what the same API server
//! gives a bare client that only creates, while a consumer that does nothing else drains
//! the same queue at the same rate.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on stops there"
)]

#[path = "../tests/support/cluster.rs"]
mod cluster;
mod support {
    pub(crate) mod drain;
    pub(crate) mod queue;
    pub(crate) mod requests;
    pub(crate) mod role;
}

use kube::Api;
use restock_operator::crd::request::RestockRequest;
use std::time::{Duration, Instant};
use support::queue::{BATCH, Queue};
use support::requests;
use support::role::Role;
use tokio::sync::Semaphore;

/// Pairs of rounds; the median of five shrugs off two that something disturbed.
const ROUNDS: usize = 5;

/// Messages of a round: some seconds of a local API server.
const MESSAGES: usize = 2_000;

/// Bytes of a message's body: a common one.
const BODY_BYTES: usize = 1_024;

/// Pollers of both sides; ingest's default.
const POLLERS: usize = 4;

/// Line of the metric that counts what was created.
const CREATED: &str = "restock_ingest_messages_total{result=\"Created\"}";

struct Bench {
    namespace: String,
    requests: Api<RestockRequest>,
    queue: Queue,
}

impl Bench {
    /// Requests a second by ingest, from its first to its last; and its memory at its peak.
    async fn ours(&self, round: usize) -> (f64, f64) {
        self.queue
            .fill(&format!("round-{round}"), MESSAGES, BODY_BYTES)
            .await;
        let settings = [
            ("RESTOCK_QUEUE_URL", self.queue.url.clone()),
            ("RESTOCK_NAMESPACE", self.namespace.clone()),
            ("RESTOCK_POLLERS", POLLERS.to_string()),
        ];
        let ingest = Role::start("ingest", &settings);
        let look = Duration::from_millis(20);
        let first = ingest.wait_for(CREATED, 1, look).await;
        let begun = Instant::now();
        ingest.wait_for(CREATED, MESSAGES as u64, look).await;
        let rate = (MESSAGES as u64 - first) as f64 / begun.elapsed().as_secs_f64();
        let (_, peak_mib) = ingest.resident_mib();
        requests::clear(&self.requests).await;
        (rate, peak_mib as f64)
    }

    /// Requests a second by the bare client.
    async fn bare(&self, round: usize) -> f64 {
        self.queue
            .fill(&format!("bare-{round}"), MESSAGES, BODY_BYTES)
            .await;
        let created = Semaphore::new(0);
        let begun = Instant::now();
        let creating = async {
            let in_flight = POLLERS * BATCH;
            requests::create(&self.requests, MESSAGES, in_flight, || {
                created.add_permits(1);
            })
            .await;
            begun.elapsed()
        };
        let draining = futures::future::join_all((0..POLLERS).map(async |_| {
            for _ in 0..MESSAGES / BATCH / POLLERS {
                let turn = created.acquire_many(BATCH as u32).await;
                turn.expect("nobody closes it").forget();
                self.queue.take_away().await;
            }
        }));
        let (took, _) = tokio::join!(creating, draining);
        while self.queue.take_away().await > 0 {}
        requests::clear(&self.requests).await;
        MESSAGES as f64 / took.as_secs_f64()
    }
}

fn row(name: &str, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    let (low, middle, high) = (
        values[0],
        values[values.len() / 2],
        values[values.len() - 1],
    );
    println!("{name:<22} {low:>10.2} {middle:>10.2} {high:>10.2}");
}

async fn run(bench: &Bench) {
    let (mut ours, mut bare, mut ratios, mut peaks) = (vec![], vec![], vec![], vec![]);
    for round in 0..ROUNDS {
        let ((us, peak), them) = (bench.ours(round).await, bench.bare(round).await);
        println!(
            "round {}: ingest {us:.0}/s, bare client {them:.0}/s",
            round + 1
        );
        ours.push(us);
        bare.push(them);
        ratios.push(us / them);
        peaks.push(peak);
    }
    println!(
        "\n{:<22} {:>10} {:>10} {:>10}",
        "", "minimum", "median", "maximum"
    );
    row("ingest, requests/s", ours);
    row("bare client, /s", bare);
    row("ratio", ratios);
    row("ingest, peak MiB", peaks);
}

#[tokio::main]
async fn main() {
    restock_operator::process::install_tls();
    cluster::in_namespace(async |place| {
        let bench = Bench {
            requests: Api::namespaced(place.client.clone(), &place.namespace),
            queue: Queue::create(&place.namespace).await,
            namespace: place.namespace,
        };
        run(&bench).await;
        bench.queue.delete().await;
    })
    .await;
}
