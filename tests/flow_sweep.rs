//! Needs an API server, a database, SQS and SNS. Proves that an order whose request was
//! deleted on its way is told when its goods are overdue, once, and marked after it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/ledger.rs"]
mod ledger;
#[path = "support/stock_queue.rs"]
mod stock_queue;

use cluster::{Place, in_namespace};
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use ledger::{Ledger, SKU, new_attempt, request};
use restock_operator::controller::live::Live;
use restock_operator::controller::sweep::Sweeper;
use restock_operator::controller::tell::Notifier;
use restock_operator::crd::request::RestockRequest;
use restock_operator::domain::notice::Recipients;
use restock_operator::edge::aws;
use restock_operator::edge::channels::Channels;
use restock_operator::edge::store::attempts::NewAttempt;
use restock_operator::process::args::Area;
use restock_operator::process::{Process, install_tls};
use serde_json::{Value, json};
use std::time::Duration;
use stock_queue::with_queues;
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(30);

struct Stand {
    sweeper: Sweeper,
    process: Process,
    requests: Api<RestockRequest>,
}

impl Stand {
    async fn new(place: &Place, ledger: &Ledger, topic_arn: &str) -> Self {
        let recipients = Recipients {
            topic_arn: Some(topic_arn.to_owned()),
            mail: None,
            stock_topic_arn: None,
        };
        let process = Process::default();
        let channels = Channels::new(&recipients, &aws::config().await.unwrap());
        // An empty watch: every row is looked up.
        let areas = vec![Area::Namespace(place.namespace.clone())];
        let (live, _unfollowed) = Live::watch(&place.client, &areas, "");
        let sweeper = Sweeper {
            store: ledger.store.clone(),
            client: place.client.clone(),
            areas,
            live,
            notifier: Notifier::spawn(channels, Duration::from_secs(1), |_, _| {}, &process),
        };
        Self {
            sweeper,
            process,
            requests: Api::namespaced(place.client.clone(), &place.namespace),
        }
    }

    async fn sweep(&self) {
        let pulse = self.process.health.pulse("sweep", PATIENCE);
        self.sweeper
            .sweep(&pulse, &self.process.shutdown)
            .await
            .unwrap();
    }

    async fn create(&self, id: &str) -> RestockRequest {
        let object = json!({
            "apiVersion": "restock.dev/v1alpha1",
            "kind": "RestockRequest",
            "metadata": { "name": format!("rr-{id}") },
            "spec": { "productId": SKU },
        });
        let object = serde_json::from_value(object).unwrap();
        self.requests
            .create(&PostParams::default(), &object)
            .await
            .unwrap()
    }

    async fn fail(&self, id: &str, notice: Value) {
        let status = json!({
            "phase": "Failed", "reason": "CallbackOverdue", "finished": true, "notice": notice,
        });
        let patch = Patch::Merge(json!({ "status": status }));
        let name = format!("rr-{id}");
        self.requests
            .patch_status(&name, &PatchParams::default(), &patch)
            .await
            .unwrap();
    }
}

/// An order whose callback is overdue already.
async fn order(ledger: &Ledger, place: &Place, id: &str, uid: &str) {
    let row = NewAttempt {
        namespace: place.namespace.clone(),
        deadline_after: Duration::ZERO,
        ..new_attempt(id, 1, uid)
    };
    ledger.open_attempt(&row).await.unwrap();
}

async fn untold(ledger: &Ledger) -> Vec<String> {
    let rows = ledger.overdue_untold(None, None, 100).await.unwrap();
    rows.into_iter()
        .map(|row| row.request_id.to_string())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overdue_order_of_a_deleted_request_is_told_once() {
    install_tls();
    let ledger = &Ledger::with_product().await;
    let name = format!("restock-test-swept-{}", std::process::id());
    with_queues(&name, 3, async |queues| {
        let (topic_arn, mailbox) = &queues.mailbox().await;
        in_namespace(async |place| {
            let stand = Stand::new(&place, ledger, topic_arn).await;
            let object = stand.create("deleted").await;
            order(ledger, &place, "deleted", &object.uid().unwrap()).await;
            stand.sweep().await;
            assert!(
                stand.sweeper.notifier.is_idle(),
                "a live object tells for itself"
            );
            assert_eq!(untold(ledger).await, ["deleted"]);

            let name = object.name_any();
            stand
                .requests
                .delete(&name, &DeleteParams::default())
                .await
                .unwrap();
            stand.sweep().await;
            let told = async {
                while !stand.sweeper.notifier.is_idle() {
                    sleep(Duration::from_millis(20)).await;
                }
            };
            timeout(PATIENCE, told).await.expect("told");
            assert_eq!(untold(ledger).await, ["deleted"], "marked only after it");
            stand.sweep().await;
            assert!(untold(ledger).await.is_empty());
            stand.sweep().await;

            let notices = mailbox
                .receive(10, Duration::from_secs(3), None)
                .await
                .unwrap();
            assert_eq!(notices.len(), 1, "told once");
            let notice: Value = serde_json::from_str(&notices[0].body).unwrap();
            let subject = "[restock] gone rr-deleted: OrderOutcomeUnknown at seoul";
            assert_eq!(notice["Subject"], subject);
            stand.process.shutdown.cancel();
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_object_told_or_has_not_to_tell_is_closed_quietly() {
    install_tls();
    let ledger = &Ledger::with_product().await;
    let name = format!("restock-test-unswept-{}", std::process::id());
    with_queues(&name, 3, async |queues| {
        let (topic_arn, _mailbox) = &queues.mailbox().await;
        in_namespace(async |place| {
            let stand = Stand::new(&place, ledger, topic_arn).await;
            let notice = json!({
                "id": "n1", "publishId": "p1", "channels": ["sns"],
                "at": "2026-01-02T03:04:05.000000Z",
            });
            for (id, notice) in [("told", notice), ("quiet", Value::Null)] {
                let object = stand.create(id).await;
                order(ledger, &place, id, &object.uid().unwrap()).await;
                stand.fail(id, notice).await;
            }
            // Another namespace has a controller of its own.
            let elsewhere = NewAttempt {
                deadline_after: Duration::ZERO,
                ..new_attempt("far", 1, "u")
            };
            ledger.open_attempt(&elsewhere).await.unwrap();

            stand.sweep().await;
            assert_eq!(untold(ledger).await, ["far"]);
            assert!(stand.sweeper.notifier.is_idle());
            assert!(
                ledger
                    .read_attempt(&request("told"), 1)
                    .await
                    .unwrap()
                    .is_some()
            );
            stand.process.shutdown.cancel();
        })
        .await;
    })
    .await;
}
