//! Needs an API server (KUBECONFIG). Proves that finished requests are deleted when they
//! are old enough, over many pages, and that no other is.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/cluster.rs"]
mod cluster;

use cluster::{Place, in_namespace};
use futures::{StreamExt, stream};
use kube::api::{Api, ListParams, Patch, PatchParams, PostParams};
use restock_operator::controller::expire::Expiry;
use restock_operator::crd::request::RestockRequest;
use restock_operator::process::health::Health;
use restock_operator::process::{clock, install_tls};
use serde_json::{Value, json};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

fn expiry(place: &Place) -> Expiry {
    Expiry {
        requests: Api::namespaced(place.client.clone(), &place.namespace),
        succeeded: 10 * MINUTE,
        failed: 24 * 60 * MINUTE,
    }
}

async fn create(requests: &Api<RestockRequest>, name: &str, status: &Value) {
    let object = json!({
        "apiVersion": "restock.dev/v1alpha1",
        "kind": "RestockRequest",
        "metadata": { "name": name },
        "spec": { "productId": "CP-502101" },
    });
    let object: RestockRequest = serde_json::from_value(object).unwrap();
    requests
        .create(&PostParams::default(), &object)
        .await
        .unwrap();
    let patch = Patch::Merge(json!({ "status": status }));
    requests
        .patch_status(name, &PatchParams::default(), &patch)
        .await
        .unwrap();
}

async fn names(requests: &Api<RestockRequest>) -> Vec<String> {
    let list = requests.list(&ListParams::default()).await.unwrap();
    let mut names: Vec<_> = list
        .items
        .into_iter()
        .filter_map(|one| one.metadata.name)
        .collect();
    names.sort();
    names
}

fn ended(phase: &str, finished: bool) -> Value {
    let reason = if phase == "Failed" {
        "Refused"
    } else {
        "Arrived"
    };
    json!({ "phase": phase, "reason": reason, "finished": finished })
}

#[tokio::test]
async fn finished_requests_go_at_their_age_and_no_others() {
    install_tls();
    in_namespace(async |place| {
        let expiry = expiry(&place);
        let requests = &expiry.requests;
        create(requests, "arrived", &ended("Succeeded", true)).await;
        create(requests, "arrived-untold", &ended("Succeeded", false)).await;
        create(requests, "failed", &ended("Failed", true)).await;
        create(requests, "failed-untold", &ended("Failed", false)).await;
        create(requests, "waiting", &json!({ "phase": "Pending" })).await;
        let pulse = Health::default().pulse("expire", MINUTE);
        let now = clock::now();
        let round = |later: Duration| expiry.round(now + later, &pulse);

        assert_eq!(round(9 * MINUTE).await, Ok(0));
        assert_eq!(round(11 * MINUTE).await, Ok(1));
        assert_eq!(
            names(requests).await,
            ["arrived-untold", "failed", "failed-untold", "waiting"]
        );
        assert_eq!(round(1_441 * MINUTE).await, Ok(1));
        assert_eq!(
            names(requests).await,
            ["arrived-untold", "failed-untold", "waiting"]
        );
    })
    .await;
}

#[tokio::test]
async fn every_page_is_looked_at() {
    install_tls();
    in_namespace(async |place| {
        let expiry = expiry(&place);
        let requests = &expiry.requests;
        let status = &ended("Succeeded", true);
        stream::iter(0..260)
            .for_each_concurrent(8, |number| async move {
                create(requests, &format!("arrived-{number:03}"), status).await;
            })
            .await;
        let pulse = Health::default().pulse("expire", MINUTE);
        assert_eq!(
            expiry.round(clock::now() + 11 * MINUTE, &pulse).await,
            Ok(260)
        );
        assert!(names(requests).await.is_empty());
    })
    .await;
}
