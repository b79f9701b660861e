//! Needs an API server and SQS/SNS. Proves that every message becomes one request, that
//! what is no order ends in the dead-letter queue, and that an outage costs nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/stock_queue.rs"]
mod stock_queue;

use cluster::{Place, in_namespace};
use k8s_openapi::api::core::v1::ResourceQuota;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, ResourceExt};
use restock_operator::crd::request::{RestockRequest, SourceIdentity, SourceKind};
use restock_operator::ingest;
use restock_operator::process::args::NamespaceArgs;
use restock_operator::process::{Process, install_tls};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use stock_queue::{Attributes, StockQueue, attributes, with_queues};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Longest wait for anything that should happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Above every test's own receives, so that only what should does become a dead letter.
const RECEIVES_MAX: u32 = 3;

/// A role that runs in this process.
struct Ingest {
    process: Process,
    ending: JoinHandle<anyhow::Result<()>>,
}

impl Ingest {
    fn start(place: &Place, queues: &StockQueue, mapping_file: Option<PathBuf>) -> Self {
        let process = Process::default();
        let args = ingest::Args {
            queue_url: queues.queue.url().to_owned(),
            mapping_file,
            pollers: 2,
            namespace: NamespaceArgs {
                namespace: place.namespace.clone(),
            },
        };
        let ending = tokio::task::spawn(ingest::run(args, process.clone()));
        Self { process, ending }
    }

    async fn stop(self) {
        self.process.shutdown.cancel();
        let ended = timeout(PATIENCE, self.ending).await;
        ended
            .expect("it ends when told")
            .expect("no panic")
            .expect("no error");
    }

    fn metric(&self, line: &str) -> bool {
        let page = self.process.registry.encode().unwrap();
        page.lines().any(|found| found == line)
    }

    fn readiness(&self) -> String {
        self.process.health.readiness().lines.join("\n")
    }
}

async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(PATIENCE, waiting)
        .await
        .unwrap_or_else(|_| panic!("not in time: {what}"));
}

async fn requests(place: &Place) -> Vec<RestockRequest> {
    let api: Api<RestockRequest> = Api::namespaced(place.client.clone(), &place.namespace);
    api.list(&ListParams::default()).await.unwrap().items
}

/// A namespace and queues of its own for one test.
async fn in_place<F: Future<Output = ()>>(test: impl FnOnce(Arc<Place>, Arc<StockQueue>) -> F) {
    install_tls();
    in_namespace(async |place| {
        let place = Arc::new(place);
        let name = place.namespace.clone();
        with_queues(&name, RECEIVES_MAX, |queues| test(place, queues)).await;
    })
    .await;
}

fn order(product: &str, count: &str) -> Attributes {
    attributes(&[
        ("MessageAttributeProductId", product),
        ("MessageAttributeProductCnt", count),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shape_becomes_one_request_and_a_repeat_becomes_none() {
    in_place(async |place, queues| {
        let mut by_event = order("CP-1", "3");
        by_event.insert("EventId".to_owned(), "event-1".to_owned());
        queues.publish("재고 부족", &by_event).await;
        queues.publish("재고 부족", &by_event).await;
        queues.publish("free text", &order("CP-2", "4")).await;
        queues.put("raw", &order("CP-3", "5")).await;
        let body = json!({"MessageAttributeProductId": "CP-4", "note": "x".repeat(500_000)});
        queues.put(&body.to_string(), &Attributes::new()).await;
        let ingest = Ingest::start(&place, &queues, None);
        eventually("the queue is empty", async || queues.depth().await == 0).await;
        let mut found = requests(&place).await;
        found.sort_by_key(|request| request.spec.product_id.clone());
        let kinds: Vec<_> = found
            .iter()
            .map(|request| {
                let source = request.spec.source.as_ref().unwrap();
                (
                    request.spec.product_id.as_str(),
                    request.spec.quantity,
                    source.kind,
                    source.identity,
                )
            })
            .collect();
        let expected = [
            ("CP-1", Some(3), SourceKind::Topic, SourceIdentity::EventId),
            ("CP-2", Some(4), SourceKind::Topic, SourceIdentity::Sns),
            ("CP-3", Some(5), SourceKind::Queue, SourceIdentity::Sqs),
            ("CP-4", None, SourceKind::Queue, SourceIdentity::Sqs),
        ];
        assert_eq!(kinds, expected);
        assert!(ingest.metric("restock_ingest_messages_total{result=\"Created\"} 4"));
        assert!(ingest.metric("restock_ingest_messages_total{result=\"Duplicate\"} 1"));
        assert!(ingest.metric("restock_ingest_message_age_seconds_count 5"));
        assert!(
            ingest.process.health.readiness().ok,
            "{}",
            ingest.readiness()
        );
        ingest.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_order_ends_in_the_dead_letter_queue_and_stops_nobody() {
    in_place(async |place, queues| {
        let ingest = Ingest::start(&place, &queues, None);
        let mut event = order("CP-1", "1");
        event.insert("EventId".to_owned(), "event-1".to_owned());
        queues.put("first", &event).await;
        eventually("the first is stored", async || {
            requests(&place).await.len() == 1
        })
        .await;
        // The same identity for another order: one of the two lies.
        event.insert("MessageAttributeProductCnt".to_owned(), "2".to_owned());
        queues.put("second", &event).await;
        queues.put("junk", &Attributes::new()).await;
        queues.put("", &order("CP-1", "-3")).await;
        queues.put("good", &order("CP-2", "1")).await;
        eventually("three dead letters", async || {
            queues.dead_letters().await == 3
        })
        .await;
        eventually("the queue is empty", async || queues.depth().await == 0).await;
        let found = requests(&place).await;
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|request| request.spec.quantity == Some(1)));
        // Received three times each, counted once each.
        assert!(ingest.metric("restock_ingest_messages_total{result=\"Invalid\"} 2"));
        assert!(ingest.metric("restock_ingest_messages_total{result=\"Conflict\"} 1"));
        ingest.stop().await;
    })
    .await;
}

/// Forbids every further request in the namespace: what a full quota, a lost right and
/// a broken webhook have in common.
async fn forbid(place: &Place) -> Api<ResourceQuota> {
    let quotas: Api<ResourceQuota> = Api::namespaced(place.client.clone(), &place.namespace);
    let none = json!({"count/restockrequests.restock.dev": "0"});
    let quota = json!({
        "metadata": {"name": "none"},
        "spec": {"hard": none},
        "status": {"hard": none, "used": none},
    });
    let mut quota: ResourceQuota = serde_json::from_value(quota).unwrap();
    let created = quotas.create(&PostParams::default(), &quota).await.unwrap();
    quota.metadata = created.metadata;
    // What a controller manager would write.
    quotas
        .replace_status("none", &PostParams::default(), &quota)
        .await
        .unwrap();
    quotas
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_turns_no_good_message_into_a_dead_letter() {
    in_place(async |place, queues| {
        let ingest = Ingest::start(&place, &queues, None);
        eventually("ready", async || ingest.process.health.readiness().ok).await;
        let quotas = forbid(&place).await;
        // The server takes a moment to see its own quota.
        sleep(Duration::from_secs(2)).await;
        for count in 1..=25 {
            queues.put("good", &order("CP-1", &count.to_string())).await;
        }
        eventually("it says why it is not ready", async || {
            ingest
                .readiness()
                .contains("requests cannot be created: refused")
        })
        .await;
        // Long enough for a message that is given back to have died three times.
        sleep(Duration::from_secs(10)).await;
        assert!(!ingest.process.health.readiness().ok);
        let state = queues.state().await;
        assert!(
            state.messages_in_flight <= 20,
            "two pollers hold one batch each"
        );
        assert_eq!(state.messages_visible + state.messages_in_flight, 25);
        assert_eq!(requests(&place).await.len(), 0);
        quotas
            .delete("none", &DeleteParams::default())
            .await
            .unwrap();
        eventually("all are stored", async || {
            requests(&place).await.len() == 25
        })
        .await;
        eventually("the queue is empty", async || queues.depth().await == 0).await;
        assert_eq!(queues.dead_letters().await, 0);
        assert!(ingest.metric("restock_ingest_messages_total{result=\"Invalid\"} 0"));
        assert!(ingest.metric("restock_ingest_held_messages 0"));
        eventually("ready again", async || ingest.process.health.readiness().ok).await;
        ingest.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_mapping_is_taken_up_and_a_bad_one_is_not() {
    in_place(async |place, queues| {
        let file = std::env::temp_dir().join(format!("{}.yaml", place.namespace));
        std::fs::write(&file, "productId: fields.sku").unwrap();
        let ingest = Ingest::start(&place, &queues, Some(file.clone()));
        queues.put(r#"{"sku": "CP-1"}"#, &Attributes::new()).await;
        eventually("the first is stored", async || {
            requests(&place).await.len() == 1
        })
        .await;
        std::fs::write(&file, "productId: fields.(").unwrap();
        eventually("not ready", async || {
            ingest
                .readiness()
                .contains("mapping: the old mapping stays in force")
        })
        .await;
        queues.put(r#"{"sku": "CP-2"}"#, &Attributes::new()).await;
        eventually("the old one holds", async || {
            requests(&place).await.len() == 2
        })
        .await;
        std::fs::write(&file, "productId: body.item.id").unwrap();
        eventually("ready", async || ingest.process.health.readiness().ok).await;
        queues
            .put(r#"{"item": {"id": 3}}"#, &Attributes::new())
            .await;
        eventually("the new one holds", async || {
            requests(&place).await.len() == 3
        })
        .await;
        ingest.stop().await;
        std::fs::remove_file(&file).unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_names_what_its_message_was() {
    in_place(async |place, queues| {
        let mut traced = order("CP-1", "1");
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        traced.insert("traceparent".to_owned(), parent.to_owned());
        let id = queues.put("x", &traced).await;
        let ingest = Ingest::start(&place, &queues, None);
        eventually("it is stored", async || requests(&place).await.len() == 1).await;
        let request = requests(&place).await.remove(0);
        let source = request.spec.source.clone().unwrap();
        assert_eq!(
            (source.message_id.as_str(), source.event_id.as_str()),
            (id.as_str(), id.as_str())
        );
        assert_eq!(source.arn, queues.state().await.arn);
        assert_eq!(source.trace_parent.as_deref(), Some(parent));
        assert_eq!(request.name_any().len(), "rr-".len() + 20);
        ingest.stop().await;
    })
    .await;
}
