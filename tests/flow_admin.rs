//! Needs an API server, a database, SQS and SNS. Proves that `audit` finds what does not
//! add up and `check` what is misconfigured, by the exit code too.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/ledger.rs"]
mod ledger;
#[path = "support/stock_queue.rs"]
mod stock_queue;

use cluster::{Place, in_namespace};
use kube::ResourceExt;
use kube::api::{Api, Patch, PatchParams, PostParams};
use ledger::{Ledger, SKU, Schema, new_arrival};
use restock_operator::crd::factory::Factory;
use restock_operator::crd::request::RestockRequest;
use restock_operator::edge::store::arrivals::NewArrival;
use restock_operator::process::install_tls;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;
use stock_queue::with_queues;

/// Runs a command of the real binary; says whether it succeeded, and what it said.
fn operator(arguments: &[&str], settings: &[(&str, &str)]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_restock-operator"));
    // What the caller's shell has set is none of this test's.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("RESTOCK_")) {
        command.env_remove(name);
    }
    command.args(arguments).envs(settings.iter().copied());
    let output = command
        .output()
        .expect("the binary was built with this test");
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.success(), text)
}

async fn request(place: &Place, name: &str, status: &Value) -> RestockRequest {
    let requests: Api<RestockRequest> = Api::namespaced(place.client.clone(), &place.namespace);
    let object = json!({
        "apiVersion": "restock.dev/v1alpha1",
        "kind": "RestockRequest",
        "metadata": { "name": name },
        "spec": { "productId": SKU },
    });
    let object = serde_json::from_value(object).unwrap();
    requests
        .create(&PostParams::default(), &object)
        .await
        .unwrap();
    let patch = Patch::Merge(json!({ "status": status }));
    requests
        .patch_status(name, &PatchParams::default(), &patch)
        .await
        .unwrap()
}

/// As a callback brings it: the request made by hand is known by its object's uid.
async fn arrive(ledger: &Ledger, object: &RestockRequest) {
    let uid = object.uid().unwrap();
    let arrival = NewArrival {
        uid: uid.clone(),
        ..new_arrival(&uid, 1)
    };
    ledger
        .record_arrival(&arrival, Duration::from_secs(2))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_prints_each_difference_and_fails() {
    install_tls();
    let ledger = &Ledger::with_product().await;
    let url = ledger.schema.url();
    in_namespace(async |place| {
        let audit = || {
            let arguments = ["audit", "--namespace", &place.namespace];
            operator(&arguments, &[("RESTOCK_DATABASE_URL", url.expose_secret())])
        };
        let succeeded = json!({
            "phase": "Succeeded", "reason": "Arrived",
            "arrival": { "quantity": 3, "at": "2026-01-02T03:04:05.000000Z" },
        });
        let good = request(&place, "good", &succeeded).await;
        arrive(ledger, &good).await;
        let (fine, text) = audit();
        assert!(fine, "{text}");
        assert!(text.contains("1 products and 1 requests"), "{text}");

        request(&place, "unfounded", &succeeded).await;
        let waiting = request(&place, "unshown", &json!({ "phase": "Pending" })).await;
        arrive(ledger, &waiting).await;
        let pool = ledger.schema.pool().await;
        let old = "UPDATE arrival SET arrived_at = arrived_at - 61000000";
        sqlx::query(old).execute(&pool).await.unwrap();
        sqlx::query("UPDATE product SET stock = stock + 5")
            .execute(&pool)
            .await
            .unwrap();
        pool.close().await;
        let (fine, text) = audit();
        assert!(!fine, "{text}");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        let begins = |line: &str, what: &str, of: &str| {
            let mut words = line.split_whitespace();
            words.next() == Some(what) && words.next() == Some(of)
        };
        assert!(begins(lines[1], "stock", SKU), "{text}");
        assert!(begins(lines[2], "arrival", "unfounded"), "{text}");
        assert!(begins(lines[3], "arrival", "unshown"), "{text}");
        assert!(lines.iter().all(|line| line.len() <= 80), "{text}");
    })
    .await;
}

async fn factory(place: &Place, name: &str) {
    let factories: Api<Factory> = Api::namespaced(place.client.clone(), &place.namespace);
    let object = json!({
        "apiVersion": "restock.dev/v1alpha1", "kind": "Factory",
        "metadata": { "name": name },
        "spec": { "url": "https://factory.example.com/api/manufactures", "default": true },
    });
    let object = serde_json::from_value(object).unwrap();
    factories
        .create(&PostParams::default(), &object)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_says_what_is_wrong_and_what_to_do() {
    install_tls();
    let schema = &Schema::create().await;
    let name = format!("restock-test-check-{}", std::process::id());
    with_queues(&name, 3, async |queues| {
        in_namespace(async |place| {
            factory(&place, "seoul").await;
            factory(&place, "busan").await;
            let arn = queues.state().await.arn;
            let topic = arn.replace(":sqs:", ":sns:");
            let (fine, text) = operator(
                &["check", "--namespace", &place.namespace],
                &[
                    ("RESTOCK_DATABASE_URL", schema.url().expose_secret()),
                    ("RESTOCK_QUEUE_URL", queues.queue.url()),
                    ("RESTOCK_DLQ_URL", &format!("{}-missing", queues.dead.url())),
                    // As it is no callback may be parked in it: too few receives, too short.
                    ("RESTOCK_INBOX_URL", queues.queue.url()),
                    ("RESTOCK_TOPIC_ARN", &topic),
                    ("RESTOCK_OPS_TOPIC_ARN", &format!("{topic}-missing")),
                    ("RESTOCK_OPS_EMAIL_FROM", "nobody@unverified.example"),
                    ("RESTOCK_OPS_EMAIL_TO", "ops@example.com"),
                    ("RESTOCK_MAPPING_FILE", "/nonexistent/mapping"),
                    ("RESTOCK_CALLBACK_URL", "receiver:8090"),
                    ("RESTOCK_CALLBACK_KEYS_FILE", "/nonexistent/keys"),
                    ("RESTOCK_FACTORY_ALLOW", "factory.example.com"),
                ],
            );
            assert!(!fine, "{text}");
            for wrong in [
                "WRONG  callback URL: \"receiver:8090\"",
                "WRONG  callback keys: cannot read the secret file /nonexistent/keys",
                "ok     factory hosts: factory.example.com",
                "ok     notices: go to ",
                "WRONG  notice topic: ",
                "does not exist: create it, or correct RESTOCK_OPS_TOPIC_ARN",
                "WRONG  notice sender: nobody@unverified.example is not verified",
                "WRONG  mapping: the mapping file /nonexistent/mapping cannot be read",
                "WRONG  ledger: ",
                "WRONG  queue: maxReceiveCount is 3",
                "WRONG  dead letters: ",
                "WRONG  inbox: parked callbacks are lost with their time",
                "WRONG  inbox: maxReceiveCount is 3",
                "WRONG  topic: the queue's policy does not let",
                "ok     definition: restockrequests.restock.dev",
                "ok     rights of controller: complete",
                &format!("WRONG  factories in {}: 2 are the default", place.namespace),
                "ok     lease of controller: complete",
            ] {
                assert!(text.contains(wrong), "{wrong:?} in\n{text}");
            }
            assert!(text.contains("restock-operator migrate"), "{text}");
        })
        .await;
    })
    .await;
}
