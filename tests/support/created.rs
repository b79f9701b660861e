//! An object of any kind, from its JSON.

use kube::api::{Api, PostParams};
use kube::core::NamespaceResourceScope;
use kube::{Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Debug;

/// Creates the object; where it is.
pub(crate) async fn create<K>(client: &Client, namespace: &str, object: &Value) -> Api<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Serialize,
{
    let api = Api::namespaced(client.clone(), namespace);
    let object = serde_json::from_value(object.clone()).expect("an object of this kind");
    let created = api.create(&PostParams::default(), &object).await;
    created.expect("it can be created");
    api
}
