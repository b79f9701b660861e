//! Needs an API server and a database. Proves that `audit` finds what does not add up, by
//! the exit code too.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/command.rs"]
mod command;
#[path = "support/ledger.rs"]
mod ledger;

use cluster::{Place, in_namespace};
use command::operator;
use kube::ResourceExt;
use kube::api::{Api, Patch, PatchParams, PostParams};
use ledger::{Ledger, SKU, new_arrival};
use restock_operator::crd::request::RestockRequest;
use restock_operator::edge::store::arrivals::NewArrival;
use restock_operator::process::install_tls;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::time::Duration;

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
