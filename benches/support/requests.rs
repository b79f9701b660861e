//! The requests of a benchmark's namespace: made by a bare client, counted, deleted.

use futures::{StreamExt as _, stream};
use kube::Api;
use kube::api::{DeleteParams, ListParams, PostParams};
use restock_operator::crd::request::RestockRequest;
use restock_operator::domain::order::{EventId, RequestId};
use serde_json::json;
use std::time::Duration;

/// An object like those that ingest makes.
fn object(number: usize) -> RestockRequest {
    let arn = "arn:aws:sqs:us-east-1:000000000000:benchmark";
    let event = EventId::parse(&format!("bare-{number}")).expect("letters and digits");
    serde_json::from_value(json!({
        "apiVersion": "restock.dev/v1alpha1", "kind": "RestockRequest",
        "metadata": { "name": RequestId::of_event(arn, &event).object_name() },
        "spec": {
            "productId": "BENCH", "quantity": 1,
            "source": {
                "kind": "Queue", "arn": arn, "eventId": event.as_str(), "identity": "EventId",
                "digest": "0".repeat(64), "messageId": "6f1c2b9e-8f0d-4c7f-9b58-0d1f6f4f8f10",
                "sentAt": "2026-01-01T00:00:00.000000Z",
            },
        },
    }))
    .expect("this is a request")
}

/// Creates so many, `in_flight` at a time; `created` is called after each.
pub(crate) async fn create(
    requests: &Api<RestockRequest>,
    count: usize,
    in_flight: usize,
    created: impl Fn(),
) {
    let creating = (0..count).map(async |number| {
        let (how, object) = (PostParams::default(), object(number));
        let made = requests.create(&how, &object).await;
        made.expect("the API server answers");
    });
    let mut done = stream::iter(creating).buffer_unordered(in_flight);
    while done.next().await.is_some() {
        created();
    }
}

/// Deletes them all, so that each round begins with an empty namespace.
pub(crate) async fn clear(requests: &Api<RestockRequest>) {
    let all = (DeleteParams::default(), ListParams::default());
    let _ = requests.delete_collection(&all.0, &all.1).await;
    loop {
        let left = requests
            .list_metadata(&ListParams::default().limit(1))
            .await;
        if left.is_ok_and(|left| left.items.is_empty()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
