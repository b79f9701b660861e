//! Needs an API server and a database. Proves that the controller deletes old rows of the
//! ledger, but those of a request that still has an object.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/ledger.rs"]
mod ledger;

use cluster::in_namespace;
use kube::api::{Api, DeleteParams, PostParams};
use ledger::{Ledger, SKU, new_attempt, request};
use restock_operator::controller::purge::Purge;
use restock_operator::crd::request::RestockRequest;
use restock_operator::edge::store::attempts::NewAttempt;
use restock_operator::process::args::Area;
use restock_operator::process::{Process, install_tls};
use serde_json::json;
use std::time::Duration;

/// More than one batch.
const REQUESTS: usize = 120;

async fn create(requests: &Api<RestockRequest>, name: &str) {
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
}

async fn left(ledger: &Ledger) -> Vec<String> {
    sqlx::query_scalar("SELECT request_id FROM order_attempt ORDER BY request_id")
        .fetch_all(&ledger.schema.pool().await)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn old_rows_go_unless_an_object_stands_behind_them() {
    install_tls();
    let ledger = &Ledger::with_product().await;
    in_namespace(async |place| {
        let attempt = |id: &str| NewAttempt {
            namespace: place.namespace.clone(),
            ..new_attempt(id, 1, "uid-1")
        };
        for number in 0..REQUESTS {
            let row = attempt(&format!("r{number:03}"));
            ledger.fence_attempt(&row).await.unwrap();
        }
        ledger.archive(&request("r000"), "u", "{}").await.unwrap();
        let pool = ledger.schema.pool().await;
        for long_ago in [
            "UPDATE order_attempt SET closed_at = 5",
            "UPDATE archive SET archived_at = 5",
        ] {
            sqlx::query(long_ago).execute(&pool).await.unwrap();
        }
        ledger.fence_attempt(&attempt("young")).await.unwrap();
        ledger.open_attempt(&attempt("open")).await.unwrap();

        let requests = Api::namespaced(place.client.clone(), &place.namespace);
        create(&requests, "rr-r007").await;
        let purge = Purge {
            store: ledger.store.clone(),
            client: place.client.clone(),
            areas: vec![Area::Namespace(place.namespace.clone())],
        };
        let process = Process::default();
        let pulse = process.health.pulse("purge", Duration::from_secs(60));
        purge.round(&pulse, &process.shutdown).await.unwrap();
        assert_eq!(left(ledger).await, ["open", "r007", "young"]);
        let archived: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM archive")
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(archived, 0);

        requests
            .delete("rr-r007", &DeleteParams::default())
            .await
            .unwrap();
        purge.round(&pulse, &process.shutdown).await.unwrap();
        assert_eq!(left(ledger).await, ["open", "young"]);
    })
    .await;
}
