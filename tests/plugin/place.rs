//! Requests that stand where a test wants them, and the plugin beside them.

use crate::cluster::{Place, in_namespace};
use crate::support::{Said, plugin};
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use restock_operator::crd::request::RestockRequest;
use restock_operator::process::install_tls;
use serde_json::{Value, json};

/// Runs a test in a namespace of its own.
pub(crate) async fn at_place<F: Future<Output = ()>>(test: impl FnOnce(Place) -> F) {
    install_tls();
    in_namespace(test).await;
}

pub(crate) fn api(place: &Place) -> Api<RestockRequest> {
    Api::namespaced(place.client.clone(), &place.namespace)
}

/// Creates the object, and gives it this status.
pub(crate) async fn create(place: &Place, object: &Value, status: Value) -> RestockRequest {
    let api = api(place);
    let object: RestockRequest = serde_json::from_value(object.clone()).unwrap();
    let parameters = PostParams {
        field_manager: Some("restock-operator".to_owned()),
        ..PostParams::default()
    };
    let created = api.create(&parameters, &object).await.unwrap();
    write_status(&api, &created.metadata.name.unwrap(), status).await
}

/// Writes a status as the controller does.
pub(crate) async fn write_status(
    api: &Api<RestockRequest>,
    name: &str,
    status: Value,
) -> RestockRequest {
    let patch = Patch::Merge(json!({ "status": status }));
    let parameters = PatchParams {
        field_manager: Some("restock-operator".to_owned()),
        ..PatchParams::default()
    };
    api.patch_status(name, &parameters, &patch).await.unwrap()
}

/// Asks in the namespace of the test.
pub(crate) fn ask(place: &Place, arguments: &[&str]) -> Said {
    ask_as(place, arguments, "", &[])
}

/// Asks as somebody else, or with something to read.
pub(crate) fn ask_as(
    place: &Place,
    arguments: &[&str],
    input: &str,
    settings: &[(&str, &str)],
) -> Said {
    let arguments = [arguments, &["-n", &place.namespace]].concat();
    plugin(&arguments, input, settings)
}
