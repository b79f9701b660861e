//! A real API server, and a namespace of one's own that is gone afterwards.

use futures::FutureExt;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::core::{ApiResource, DynamicObject};
use kube::{Api, Client, CustomResourceExt};
use restock_operator::crd::factory::Factory;
use restock_operator::crd::request::RestockRequest;
use serde_json::json;
use std::panic::AssertUnwindSafe;

/// A namespace, and the means to use it.
pub(crate) struct Place {
    /// A client of the API server.
    pub(crate) client: Client,
    /// The namespace's name.
    pub(crate) namespace: String,
}

/// Runs a test in a namespace of its own.
pub(crate) async fn in_namespace<F: Future<Output = ()>>(test: impl FnOnce(Place) -> F) {
    assert!(
        std::env::var_os("KUBECONFIG").is_some(),
        "KUBECONFIG is not set: run this with `cargo xtask test`"
    );
    let client = Client::try_default()
        .await
        .expect("KUBECONFIG names an API server");
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let wanted = json!({ "metadata": { "generateName": "restock-test-" } });
    let namespace = namespaces
        .create(
            &PostParams::default(),
            &serde_json::from_value(wanted).unwrap(),
        )
        .await
        .expect("the API server answers");
    let name = namespace.metadata.name.clone().unwrap();
    let place = Place {
        client: client.clone(),
        namespace: name.clone(),
    };
    // Caught, so that a test that fails leaves as little behind as one that passes.
    let result = AssertUnwindSafe(test(place)).catch_unwind().await;
    clear(&client, &name).await;
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}

/// Without a controller manager nobody empties a namespace that is deleted, so this does.
async fn clear(client: &Client, namespace: &str) {
    let ours = [RestockRequest::api_resource(), Factory::api_resource()];
    let rights = [
        ApiResource::erase::<RoleBinding>(&()),
        ApiResource::erase::<Role>(&()),
    ];
    for resource in ours.into_iter().chain(rights) {
        let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
        let everything = (DeleteParams::default(), ListParams::default());
        let _ = api.delete_collection(&everything.0, &everything.1).await;
    }
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let _ = namespaces.delete(namespace, &DeleteParams::default()).await;
    let Ok(mut dying) = namespaces.get(namespace).await else {
        return;
    };
    dying.spec = Some(Default::default());
    let _ = namespaces
        .replace_subresource("finalize", namespace, &PostParams::default(), &dying)
        .await;
}
