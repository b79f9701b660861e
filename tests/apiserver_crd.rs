//! Needs an API server with the definitions: what it takes, what it refuses and in which
//! words, what it fills in, and what it shows.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/case.rs"]
mod case;
#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/factories.rs"]
mod factories;
#[path = "support/local.rs"]
mod local;
#[path = "support/object.rs"]
mod object;
#[path = "support/progress.rs"]
mod progress;
#[path = "support/request_cases.rs"]
mod request_cases;
#[path = "support/requests.rs"]
mod requests;

use axum::http::Request;
use case::{Case, with};
use cluster::{Place, in_namespace};
use factories::{factory, factory_cases};
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::core::DynamicObject;
use kube::discovery::ApiResource;
use kube::{Api, CustomResourceExt};
use progress::{NOW, full_progress};
use request_cases::request_cases;
use requests::{by_message, by_person};
use restock_operator::crd::factory::Factory;
use restock_operator::crd::progress::StatusError;
use restock_operator::crd::request::{RestockRequest, to_progress};
use restock_operator::crd::status::RestockRequestStatus;
use restock_operator::domain::progress::Progress;
use serde_json::{Value, json};

/// What the server said against creating this object, if it did.
async fn refusal(api: &Api<DynamicObject>, object: &Value) -> Option<String> {
    let object = serde_json::from_value(object.clone()).expect("an object");
    match api.create(&PostParams::default(), &object).await {
        Ok(_) => None,
        Err(kube::Error::Api(status)) => Some(status.message),
        Err(other) => panic!("no answer from the API server: {other}"),
    }
}

/// The server and, where a rule decides, the local check must say the same.
async fn try_all(place: &Place, kind: &ApiResource, cases: Vec<Case>) {
    let api = Api::namespaced_with(place.client.clone(), &place.namespace, kind);
    for case in cases {
        if case.by_rule {
            case.check(local::said(&case.object, None).as_deref());
        }
        case.check(refusal(&api, &case.object).await.as_deref());
    }
}

#[tokio::test]
async fn requests_are_taken_or_refused_with_a_reason() {
    in_namespace(async |place| {
        try_all(&place, &RestockRequest::api_resource(), request_cases()).await;
    })
    .await;
}

#[tokio::test]
async fn factories_are_taken_or_refused_with_a_reason() {
    in_namespace(async |place| {
        try_all(&place, &Factory::api_resource(), factory_cases()).await;
    })
    .await;
}

async fn names(api: &Api<RestockRequest>, fields: &str) -> Vec<String> {
    let list = api
        .list(&ListParams::default().fields(fields))
        .await
        .expect("selectable");
    list.items
        .into_iter()
        .filter_map(|object| object.metadata.name)
        .collect()
}

#[tokio::test]
async fn a_new_request_has_a_status_and_can_be_selected_without_a_write() {
    in_namespace(async |place| {
        let api: Api<RestockRequest> = Api::namespaced(place.client.clone(), &place.namespace);
        // Null is a way to say "absent", and stored as that: `has()` must mean one thing.
        let object = with(by_person("fresh"), r#"{"factoryId": null}"#);
        let kind = RestockRequest::api_resource();
        let raw = Api::namespaced_with(place.client.clone(), &place.namespace, &kind);
        assert_eq!(refusal(&raw, &object).await, None);
        let stored = raw.get("fresh").await.expect("there");
        let spec = json!({ "productId": "CP-502101", "suspend": false });
        assert_eq!(stored.data["spec"], spec);
        assert_eq!(
            stored.data["status"],
            json!({ "phase": "Pending", "observedGeneration": -1 })
        );
        let read = api.get("fresh").await.expect("there");
        assert_eq!(
            to_progress(&read),
            Ok::<_, StatusError>(Progress::default())
        );
        for (fields, found) in [
            ("status.finished!=true", true),
            ("status.finished=true", false),
            ("status.phase=Pending", true),
            ("status.phase=Failed", false),
            ("spec.productId=CP-502101", true),
            ("spec.productId=CP-1", false),
        ] {
            assert_eq!(!names(&api, fields).await.is_empty(), found, "{fields}");
        }
    })
    .await;
}

async fn write_status(api: &Api<RestockRequest>, name: &str, status: &RestockRequestStatus) {
    let patch = Patch::Merge(json!({ "status": status }));
    api.patch_status(name, &PatchParams::default(), &patch)
        .await
        .expect("the schema takes it");
}

#[tokio::test]
async fn every_field_of_a_status_is_stored_and_removed_again() {
    in_namespace(async |place| {
        let api: Api<RestockRequest> = Api::namespaced(place.client.clone(), &place.namespace);
        let object = serde_json::from_value(by_person("told")).expect("a request");
        api.create(&PostParams::default(), &object)
            .await
            .expect("created");
        let fresh = RestockRequestStatus::default();
        let full = full_progress();
        let status = RestockRequestStatus::record(&full, 1, NOW, &fresh);
        write_status(&api, "told", &status).await;
        let read = api.get("told").await.expect("there");
        assert_eq!(to_progress(&read), Ok(full));
        assert_eq!(read.status, Some(status));
        assert_eq!(
            names(&api, "status.finished!=true").await,
            Vec::<String>::new()
        );
        assert_eq!(
            names(&api, "status.finished=true,status.phase=Failed").await,
            ["told"]
        );
        write_status(&api, "told", &fresh).await;
        assert_eq!(api.get("told").await.expect("there").status, Some(fresh));
    })
    .await;
}

/// What `kubectl get` is sent: names of the columns, and the cells of each row.
async fn table(place: &Place, plural: &str, wide: bool) -> (Vec<String>, Vec<Vec<String>>) {
    let path = format!(
        "/apis/restock.dev/v1alpha1/namespaces/{}/{plural}",
        place.namespace
    );
    let request = Request::get(path)
        .header("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
        .body(Vec::new())
        .expect("a request");
    let table: Value = place.client.request(request).await.expect("a table");
    let columns = table["columnDefinitions"].as_array().expect("columns");
    let shown = |index: usize| wide || columns[index]["priority"] == 0;
    let cell = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let visible = |values: &[Value]| -> Vec<String> {
        values
            .iter()
            .enumerate()
            .filter(|(i, _)| shown(*i))
            .map(|(_, value)| cell(value))
            .collect()
    };
    let titles: Vec<Value> = columns
        .iter()
        .map(|column| column["name"].clone())
        .collect();
    let rows = table["rows"].as_array().expect("rows");
    let cells = rows
        .iter()
        .map(|row| visible(row["cells"].as_array().expect("cells")));
    (visible(&titles), cells.collect())
}

/// How wide kubectl prints it: three blanks between columns.
fn width(titles: &[String], rows: &[Vec<String>]) -> usize {
    let column = |i: usize| {
        rows.iter()
            .map(|row| row[i].chars().count())
            .chain([titles[i].len()])
            .max()
            .unwrap_or(0)
    };
    (0..titles.len()).map(column).sum::<usize>() + 3 * (titles.len() - 1)
}

#[tokio::test]
async fn kubectl_get_fits_80_columns_and_wide_tells_the_rest() {
    in_namespace(async |place| {
        let api: Api<RestockRequest> = Api::namespaced(place.client.clone(), &place.namespace);
        let object = serde_json::from_value(by_message("shown")).expect("a request");
        let name = api
            .create(&PostParams::default(), &object)
            .await
            .expect("created")
            .metadata
            .name;
        let name = name.expect("a name");
        let status = RestockRequestStatus::record(
            &full_progress(),
            1,
            NOW,
            &RestockRequestStatus::default(),
        );
        write_status(&api, &name, &status).await;
        let (titles, rows) = table(&place, "restockrequests", false).await;
        assert_eq!(titles, ["Name", "Product", "Qty", "Phase", "Reason", "Age"]);
        assert_eq!(rows[0][..4], [name.as_str(), "CP-502101", "7", "Failed"]);
        // The longest phase, and a reason of 13 characters.
        let mut row = rows[0].clone();
        row[2..]
            .clone_from_slice(&["10000", "Succeeded", "13_characters", "4h59m"].map(str::to_owned));
        assert!(width(&titles, &[row]) <= 80, "{titles:?} {rows:?}");
        let (titles, rows) = table(&place, "restockrequests", true).await;
        let wide = [
            "Ready", "Factory", "Attempt", "Order-Id", "Notified", "Message",
        ];
        assert_eq!(titles[6..], wide);
        assert_eq!(
            rows[0][6..],
            [
                "False",
                "legacy",
                "2",
                "order-1",
                "True",
                "No callback came."
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn kubectl_get_factories_shows_how_each_is() {
    in_namespace(async |place| {
        let api: Api<Factory> = Api::namespaced(place.client.clone(), &place.namespace);
        let object = serde_json::from_value(factory("legacy", "{}")).expect("a Factory");
        api.create(&PostParams::default(), &object)
            .await
            .expect("created");
        let (titles, rows) = table(&place, "factories", false).await;
        let expected = [
            "Name",
            "Ready",
            "Reason",
            "Default",
            "Suspended",
            "In-Flight",
            "Breaker",
            "Age",
        ];
        assert_eq!(titles, expected);
        assert_eq!(rows[0][0], "legacy");
        assert!(width(&titles, &rows) <= 80, "{titles:?}");
    })
    .await;
}
