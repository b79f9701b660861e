//! Needs an API server (KUBECONFIG). Proves that finished requests are deleted when they
//! are old enough, over many pages and in every namespace of a list, and that no other is.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/limited.rs"]
mod limited;

use cluster::{Place, in_namespace};
use futures::{StreamExt, stream};
use kube::api::{Api, ListParams, Patch, PatchParams, PostParams};
use limited::Limited;
use restock_operator::controller::expire::Expiry;
use restock_operator::controller::words::Edits;
use restock_operator::crd::request::RestockRequest;
use restock_operator::process::args::Area;
use restock_operator::process::health::Health;
use restock_operator::process::{clock, install_tls};
use serde_json::{Value, json};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

fn area(place: &Place) -> Area {
    Area::Namespace(place.namespace.clone())
}

fn requests(place: &Place) -> Api<RestockRequest> {
    Api::namespaced(place.client.clone(), &place.namespace)
}

fn expiry(place: &Place) -> Expiry {
    Expiry {
        client: place.client.clone(),
        areas: vec![area(place)],
        succeeded: 10 * MINUTE,
        failed: 24 * 60 * MINUTE,
        edits: Edits::new().0,
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
        let requests = &requests(&place);
        create(requests, "arrived", &ended("Succeeded", true)).await;
        create(requests, "arrived-untold", &ended("Succeeded", false)).await;
        create(requests, "failed", &ended("Failed", true)).await;
        create(requests, "failed-untold", &ended("Failed", false)).await;
        create(requests, "waiting", &json!({ "phase": "Pending" })).await;
        let pulse = Health::default().pulse("expire", MINUTE);
        let now = clock::now();
        let round = |later: Duration| expiry.round(now + later, &pulse);

        round(9 * MINUTE).await;
        assert_eq!(names(requests).await.len(), 5);
        round(11 * MINUTE).await;
        assert_eq!(
            names(requests).await,
            ["arrived-untold", "failed", "failed-untold", "waiting"]
        );
        round(1_441 * MINUTE).await;
        assert_eq!(
            names(requests).await,
            ["arrived-untold", "failed-untold", "waiting"]
        );
    })
    .await;
}

#[tokio::test]
async fn what_somebody_edited_is_looked_at_before_it_goes() {
    install_tls();
    in_namespace(async |place| {
        let requests = &requests(&place);
        for name in ["edited", "untouched"] {
            create(requests, name, &ended("Succeeded", true)).await;
        }
        let word = json!({ "verb": "Retry", "attempt": 1, "reason": "why", "by": "me" });
        let patch = Patch::Merge(json!({ "spec": { "resolution": word } }));
        let params = PatchParams::default();
        requests.patch("edited", &params, &patch).await.unwrap();
        let pulse = Health::default().pulse("expire", MINUTE);
        let round = expiry(&place);
        round.round(clock::now() + 11 * MINUTE, &pulse).await;
        assert_eq!(names(requests).await, ["edited"]);
    })
    .await;
}

#[tokio::test]
async fn every_page_is_looked_at() {
    install_tls();
    in_namespace(async |place| {
        let expiry = expiry(&place);
        let requests = &requests(&place);
        let status = &ended("Succeeded", true);
        stream::iter(0..260)
            .for_each_concurrent(8, |number| async move {
                create(requests, &format!("arrived-{number:03}"), status).await;
            })
            .await;
        let pulse = Health::default().pulse("expire", MINUTE);
        expiry.round(clock::now() + 11 * MINUTE, &pulse).await;
        assert!(names(requests).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn each_namespace_is_looked_at_whatever_becomes_of_the_others() {
    install_tls();
    in_namespace(async |a| {
        in_namespace(async |b| {
            for place in [&a, &b] {
                create(&requests(place), "same", &ended("Succeeded", true)).await;
            }
            let user = Limited::new(&a.client, &a.namespace);
            for place in [&a, &b] {
                let rights = limited::of_controller();
                user.allow(&place.namespace, "work", &rights).await;
            }
            let expiry = Expiry {
                client: user.client().await,
                areas: vec![
                    // It does not exist, and so nobody has a right there.
                    Area::Namespace(format!("{}-missing", a.namespace)),
                    area(&a),
                    area(&b),
                ],
                ..expiry(&a)
            };
            let pulse = Health::default().pulse("expire", MINUTE);
            expiry.round(clock::now() + 11 * MINUTE, &pulse).await;
            for place in [&a, &b] {
                assert!(names(&requests(place)).await.is_empty());
            }
            user.close().await;
        })
        .await;
    })
    .await;
}
