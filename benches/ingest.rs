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

/// Pairs of rounds. One round of the same side is up to a quarter away from another, by
/// what the API server and etcd tidy up meanwhile: the median needs many.
const ROUNDS: usize = 12;

/// Messages of a round: some seconds of a local API server.
const MESSAGES: usize = 4_000;

/// Bytes of a message's body: a common one.
const BODY_BYTES: usize = 1_024;

/// Pollers of ingest, its default; the bare client has as many creates on their way.
const POLLERS: usize = 8;

/// Line of the metric that counts what was created.
const CREATED: &str = "restock_ingest_messages_total{result=\"Created\"}";

/// How often ingest is asked how far it is: its last batch is timed that exactly, too late
/// rather than too early, and asking costs it nothing that shows.
const LOOK: Duration = Duration::from_millis(50);

struct Bench {
    namespace: String,
    requests: Api<RestockRequest>,
}

impl Bench {
    /// A queue of one round's own: the local AWS gets slower with every message that a queue
    /// ever had.
    async fn full_queue(&self, name: &str) -> Queue {
        let queue = Queue::create(&format!("{}-{name}", self.namespace)).await;
        queue.fill(name, MESSAGES, BODY_BYTES).await;
        queue
    }

    /// Requests a second by ingest, from its first to its last; and its memory at its peak.
    async fn ours(&self, round: usize) -> (f64, f64) {
        let queue = self.full_queue(&format!("ours-{round}")).await;
        let settings = [
            ("RESTOCK_QUEUE_URL", queue.url.clone()),
            ("RESTOCK_NAMESPACE", self.namespace.clone()),
            ("RESTOCK_POLLERS", POLLERS.to_string()),
        ];
        let ingest = Role::start("ingest", &settings);
        let first = ingest.wait_for(CREATED, 1, LOOK).await;
        let begun = Instant::now();
        ingest.wait_for(CREATED, MESSAGES as u64, LOOK).await;
        let rate = (MESSAGES as u64 - first) as f64 / begun.elapsed().as_secs_f64();
        let (_, peak_mib) = ingest.resident_mib();
        drop(ingest);
        queue.delete().await;
        requests::clear(&self.requests).await;
        (rate, peak_mib as f64)
    }

    /// Requests a second by the bare client.
    async fn bare(&self, round: usize) -> f64 {
        let queue = self.full_queue(&format!("bare-{round}")).await;
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
                queue.take_away().await;
            }
        }));
        let (took, _) = tokio::join!(creating, draining);
        queue.delete().await;
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
        // Taking turns in who begins: the second of a pair has the first one's remains.
        let ((us, peak), them) = if round % 2 == 0 {
            let ours = bench.ours(round).await;
            (ours, bench.bare(round).await)
        } else {
            let bare = bench.bare(round).await;
            (bench.ours(round).await, bare)
        };
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
            namespace: place.namespace,
        };
        run(&bench).await;
    })
    .await;
}
