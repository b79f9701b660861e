//! Needs an API server with the definitions: what of a request can be changed, and what not.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/local.rs"]
mod local;
#[path = "support/object.rs"]
mod object;
#[path = "support/requests.rs"]
mod requests;

use cluster::in_namespace;
use kube::api::{Patch, PatchParams, PostParams};
use kube::core::DynamicObject;
use kube::{Api, CustomResourceExt};
use requests::{by_message, by_person};
use restock_operator::crd::request::RestockRequest;
use serde_json::{Value, json};

/// Changes of a request that has every field: all refused.
const REFUSED_CHANGES: [&str; 10] = [
    r#"{"productId": "CP-2"}"#,
    r#"{"quantity": 8}"#,
    r#"{"quantity": null}"#,
    r#"{"factoryId": "FF-2"}"#,
    r#"{"factoryId": null}"#,
    r#"{"requester": "other"}"#,
    r#"{"requester": null}"#,
    r#"{"source": null}"#,
    r#"{"source": {"eventId": "other"}}"#,
    r#"{"source": {"traceParent": null}}"#,
];

/// Additions to a request that has a product only: all refused.
const REFUSED_ADDITIONS: [&str; 3] = [
    r#"{"quantity": 1}"#,
    r#"{"factoryId": "FF-2"}"#,
    r#"{"requester": "other"}"#,
];

/// Changes of either, one after the other: all taken.
const TAKEN: [&str; 5] = [
    r#"{"suspend": true}"#,
    r#"{"suspend": null}"#,
    r#"{"resolution": {"verb": "Placed", "attempt": 1, "reason": "they said so", "by": "me"}}"#,
    r#"{"resolution": {"verb": "NotPlaced"}}"#,
    r#"{"suspend": true, "resolution": null}"#,
];

fn merge(target: &mut Value, patch: &Value) {
    let Some(fields) = patch.as_object() else {
        return target.clone_from(patch);
    };
    for (key, value) in fields {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(key);
        } else {
            merge(&mut target[key], value);
        }
    }
}

const REFUSAL: &str =
    "only suspend and resolution can be changed; create another RestockRequest instead";

/// Whether this change is refused in the right words: the server and the local check must
/// say the same.
async fn is_refused(api: &Api<DynamicObject>, name: &str, spec: &str) -> bool {
    let patch = json!({ "spec": serde_json::from_str::<Value>(spec).unwrap() });
    let old = serde_json::to_value(api.get(name).await.unwrap()).unwrap();
    let mut new = old.clone();
    merge(&mut new, &patch);
    let local = local::said(&new, Some(&old));
    let params = PatchParams::default();
    let server = match api.patch(name, &params, &Patch::Merge(patch)).await {
        Ok(_) => None,
        Err(kube::Error::Api(status)) => Some(status.message),
        Err(other) => panic!("no answer from the API server: {other}"),
    };
    assert_eq!(
        local.is_some(),
        server.is_some(),
        "{spec}: {local:?} and {server:?}"
    );
    let words = local.into_iter().chain(server);
    words
        .inspect(|said| assert!(said.contains(REFUSAL), "{spec}: {said}"))
        .count()
        > 0
}

#[tokio::test]
async fn only_suspend_and_resolution_can_be_changed() {
    in_namespace(async |place| {
        let kind = RestockRequest::api_resource();
        let api: Api<DynamicObject> = Api::namespaced_with(place.client, &place.namespace, &kind);
        let mut names: Vec<String> = Vec::new();
        for object in [by_message("full"), by_person("bare")] {
            let object: DynamicObject = serde_json::from_value(object).unwrap();
            let created = api
                .create(&PostParams::default(), &object)
                .await
                .expect("created");
            names.extend(created.metadata.name);
        }
        for spec in REFUSED_CHANGES {
            assert!(is_refused(&api, &names[0], spec).await, "{spec}");
        }
        for spec in REFUSED_ADDITIONS {
            assert!(is_refused(&api, &names[1], spec).await, "{spec}");
        }
        for (name, spec) in names.iter().flat_map(|name| TAKEN.map(|spec| (name, spec))) {
            assert!(!is_refused(&api, name, spec).await, "{spec}");
        }
    })
    .await;
}
