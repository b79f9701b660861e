//! Needs API server, database and local AWS: `cargo xtask bench memory`. Measures resident
//! memory of ingest and controller with ten thousand live requests, made from messages of
//! 16 KiB, all held by a suspended Factory.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on stops there"
)]

#[path = "../tests/support/cluster.rs"]
mod cluster;
#[path = "../tests/support/ledger.rs"]
mod ledger;
mod support {
    pub(crate) mod queue;
    pub(crate) mod role;
}

use kube::Api;
use kube::api::{ListParams, PostParams};
use ledger::{Ledger, declaration};
use restock_operator::crd::factory::Factory;
use restock_operator::crd::request::RestockRequest;
use secrecy::ExposeSecret as _;
use serde_json::json;
use std::time::{Duration, Instant};
use support::queue::Queue;
use support::role::{PATIENCE, Role};

/// Live requests: design budget.
const REQUESTS: usize = 10_000;

/// Bytes of a message's body: design budget.
const BODY_BYTES: usize = 16 * 1024;

/// How long the controller rests under that load before it is measured: each request is
/// looked at again meanwhile.
const REST: Duration = Duration::from_secs(60);

/// Long enough for its first lists.
const SETTLED: Duration = Duration::from_secs(5);

const LOOK: Duration = Duration::from_millis(500);

async fn held(requests: &Api<RestockRequest>) {
    let until = Instant::now() + PATIENCE;
    loop {
        let all = requests.list(&ListParams::default()).await;
        let all = all.expect("the API server answers").items;
        let held = all.iter().filter(|object| {
            let status = object.status.as_ref();
            status.is_some_and(|status| status.reason.is_some())
        });
        if held.count() == REQUESTS {
            return;
        }
        assert!(Instant::now() < until, "the controller did not look at all");
        tokio::time::sleep(LOOK * 4).await;
    }
}

fn say(role: &str, measured: &Role) {
    let (now, peak) = measured.resident_mib();
    println!("{role:<30} {now:>5} MiB resident, {peak:>5} MiB at its peak");
}

async fn run(place: cluster::Place) {
    let queue = Queue::create(&place.namespace).await;
    let ledger = Ledger::create().await;
    let products = [declaration("BENCH", 0)];
    let applied = ledger.store.apply_products(&products).await;
    applied.expect("the database answers");
    let factory = json!({
        "apiVersion": "restock.dev/v1alpha1", "kind": "Factory",
        "metadata": { "name": "legacy" },
        "spec": { "url": "http://127.0.0.1:9/", "default": true, "allowInsecure": true,
                  "suspend": true },
    });
    let factory: Factory = serde_json::from_value(factory).expect("this is a Factory");
    let factories: Api<Factory> = Api::namespaced(place.client.clone(), &place.namespace);
    let created = factories.create(&PostParams::default(), &factory).await;
    created.expect("the API server answers");
    let ours = ("RESTOCK_NAMESPACE", place.namespace.clone());
    let keys = std::env::temp_dir().join(format!("{}-keys", place.namespace));
    std::fs::write(&keys, "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n").expect("a file");
    let settings = [
        ours.clone(),
        (
            "RESTOCK_DATABASE_URL",
            ledger.schema.url().expose_secret().to_owned(),
        ),
        ("RESTOCK_CALLBACK_URL", "http://127.0.0.1:9".to_owned()),
        ("RESTOCK_CALLBACK_KEYS_FILE", keys.display().to_string()),
        ("RESTOCK_FACTORY_ALLOW", "127.0.0.1".to_owned()),
        (
            "RESTOCK_OPS_TOPIC_ARN",
            "arn:aws:sns:us-east-1:000000000000:none".to_owned(),
        ),
    ];
    let idle = Role::start("controller", &settings);
    tokio::time::sleep(SETTLED).await;
    say("controller, with no request", &idle);
    drop(idle);
    queue.fill("memory", REQUESTS, BODY_BYTES).await;
    let ingest = Role::start("ingest", &[ours, ("RESTOCK_QUEUE_URL", queue.url.clone())]);
    let created = "restock_ingest_messages_total{result=\"Created\"}";
    ingest.wait_for(created, REQUESTS as u64, LOOK).await;
    say("ingest, 10,000 requests made", &ingest);
    drop(ingest);
    let controller = Role::start("controller", &settings);
    held(&Api::namespaced(place.client.clone(), &place.namespace)).await;
    tokio::time::sleep(REST).await;
    say("controller, 10,000 live", &controller);
    drop(controller);
    let _ = std::fs::remove_file(keys);
    queue.delete().await;
}

#[tokio::main]
async fn main() {
    restock_operator::process::install_tls();
    cluster::in_namespace(run).await;
}
