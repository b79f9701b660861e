//! The API server: every call has a deadline, and none is repeated behind our back.

mod error;
mod proxy;

pub use error::ClusterError;
pub use proxy::Proxied;

use super::causes;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{
    Api, DeleteParams, ListParams, ObjectList, PartialObjectMeta, Patch, PatchParams, PostParams,
    Preconditions,
};
use kube::config::KubeConfigOptions;
use kube::{Client, Config};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt::Debug;
use std::time::Duration;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Longest wait for the answer to one call; watches are not called through here.
pub const CALL_DEADLINE: Duration = Duration::from_secs(10);

/// Bytes of the schemas of one group: ours have a tenth of that.
const SCHEMAS_BYTES_MAX: usize = 1024 * 1024;

/// Who we are in `managedFields`.
pub const FIELD_MANAGER: &str = "restock-operator";

/// A client for the cluster that the environment names: kubeconfig or service account.
///
/// # Errors
/// [`ClusterError::Unavailable`] if it names none.
pub async fn client() -> Result<Client, ClusterError> {
    connect(Config::infer().await.map_err(|why| unusable(&why))?)
}

/// A client for the cluster of this context of the kubeconfig.
///
/// # Errors
/// [`ClusterError::Unavailable`] if there is none of that name.
pub async fn client_of(context: &str) -> Result<Client, ClusterError> {
    let options = KubeConfigOptions {
        context: Some(context.to_owned()),
        ..KubeConfigOptions::default()
    };
    let config = Config::from_kubeconfig(&options).await;
    connect(config.map_err(|why| unusable(&why))?)
}

fn connect(mut config: Config) -> Result<Client, ClusterError> {
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    // kube repeats a call that was answered 429, 503 or 504: a write that did have its
    // effect would then come back as a conflict with itself.
    config.default_retry = false;
    tracing::info!(cluster = %config.cluster_url, "using this cluster");
    Client::try_from(config).map_err(|why| unusable(&why))
}

fn unusable(why: &dyn std::fmt::Display) -> ClusterError {
    ClusterError::Unavailable(causes::cut(&why.to_string()))
}

/// Waits for an answer, but not for ever.
///
/// # Errors
/// [`ClusterError`]; [`ClusterError::Unavailable`] at the deadline.
pub async fn within<T>(
    deadline: Duration,
    call: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, ClusterError> {
    match tokio::time::timeout(deadline, call).await {
        Ok(answer) => answer.map_err(ClusterError::from),
        Err(_) => Err(ClusterError::Unavailable(format!(
            "no answer in {} s",
            deadline.as_secs()
        ))),
    }
}

/// Creates an object, or with `dry_run` only asks whether it could be.
///
/// # Errors
/// [`ClusterError`]; after [`ClusterError::Unavailable`] it may exist.
pub async fn create<K>(api: &Api<K>, object: &K, dry_run: bool) -> Result<K, ClusterError>
where
    K: Clone + DeserializeOwned + Serialize + Debug,
{
    let parameters = PostParams {
        dry_run,
        field_manager: Some(FIELD_MANAGER.to_owned()),
    };
    within(CALL_DEADLINE, api.create(&parameters, object)).await
}

/// The object of this name, if there is one.
///
/// # Errors
/// [`ClusterError`], but never [`ClusterError::Gone`].
pub async fn get<K>(api: &Api<K>, name: &str) -> Result<Option<K>, ClusterError>
where
    K: Clone + DeserializeOwned + Debug,
{
    within(CALL_DEADLINE, api.get_opt(name)).await
}

/// Whether the server serves the first version of this definition. Anybody may ask that.
///
/// # Errors
/// [`ClusterError`], but never [`ClusterError::Gone`].
pub async fn serves(
    client: &Client,
    definition: &CustomResourceDefinition,
) -> Result<bool, ClusterError> {
    let spec = &definition.spec;
    let version = format!("{}/{}", spec.group, spec.versions[0].name);
    match within(CALL_DEADLINE, client.list_api_group_resources(&version)).await {
        Ok(served) => {
            let mut names = served.resources.iter().map(|one| &one.name);
            Ok(names.any(|name| *name == spec.names.plural))
        }
        Err(ClusterError::Gone(_)) => Ok(false),
        Err(why) => Err(why),
    }
}

/// The schemas of the group and the first version of this definition, as the server publishes them
/// (Kubernetes API concepts, OpenAPI V3). Whoever is logged in may ask that, unless somebody took the
/// role `system:discovery` away.
///
/// # Errors
/// [`ClusterError`].
pub async fn schemas(
    client: &Client,
    definition: &CustomResourceDefinition,
) -> Result<Value, ClusterError> {
    let spec = &definition.spec;
    let path = format!("/openapi/v3/apis/{}/{}", spec.group, spec.versions[0].name);
    proxy::get(client, &path, SCHEMAS_BYTES_MAX, CALL_DEADLINE).await
}

/// Compare-and-set of the status: merges these fields if the object is still this one
/// (`uid`) and still what the caller read (`resource_version`). Null removes a field.
///
/// # Errors
/// [`ClusterError`]; after [`ClusterError::Unavailable`] it may be written.
pub async fn patch_status<K>(
    api: &Api<K>,
    name: &str,
    uid: &str,
    resource_version: &str,
    status: Value,
) -> Result<K, ClusterError>
where
    K: Clone + DeserializeOwned + Debug,
{
    // A merge patch and no apply: apply cannot conflict on the version, and the safety
    // of every order rests on that conflict.
    let patch = Patch::Merge(json!({
        "metadata": { "uid": uid, "resourceVersion": resource_version },
        "status": status,
    }));
    let parameters = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    within(CALL_DEADLINE, api.patch_status(name, &parameters, &patch)).await
}

/// Merges these fields into the object, as `manager`, if it is still the one whose `uid` is
/// in the fields' metadata. With `dry_run` it only asks whether it could.
///
/// # Errors
/// [`ClusterError`]; after [`ClusterError::Unavailable`] it may be written.
pub async fn patch<K>(
    api: &Api<K>,
    name: &str,
    manager: &str,
    fields: &Value,
    dry_run: bool,
) -> Result<K, ClusterError>
where
    K: Clone + DeserializeOwned + Debug,
{
    patched(api, name, manager, &Patch::Merge(fields), dry_run).await
}

/// Applies these operations (RFC 6902) to the object, as `manager`. With `dry_run` it only
/// asks whether it could.
///
/// # Errors
/// [`ClusterError`]; [`ClusterError::Conflict`] if a `test` among them failed, and after
/// [`ClusterError::Unavailable`] it may be written.
pub async fn patch_by<K>(
    api: &Api<K>,
    name: &str,
    manager: &str,
    operations: Value,
    dry_run: bool,
) -> Result<K, ClusterError>
where
    K: Clone + DeserializeOwned + Debug,
{
    let operations = serde_json::from_value(operations);
    let operations = operations.map_err(|why| ClusterError::Refused(why.to_string()))?;
    patched(api, name, manager, &Patch::Json::<()>(operations), dry_run).await
}

async fn patched<K, P>(
    api: &Api<K>,
    name: &str,
    manager: &str,
    patch: &Patch<P>,
    dry_run: bool,
) -> Result<K, ClusterError>
where
    K: Clone + DeserializeOwned + Debug,
    P: Serialize + Debug,
{
    let parameters = PatchParams {
        dry_run,
        field_manager: Some(manager.to_owned()),
        ..PatchParams::default()
    };
    within(CALL_DEADLINE, api.patch(name, &parameters, patch)).await
}

/// Makes the object's fields those that are given, whoever set them before, and leaves the
/// others; creates it if it is not there.
///
/// # Errors
/// [`ClusterError`]; after [`ClusterError::Unavailable`] it may be written.
pub async fn apply<K>(
    api: &Api<K>,
    name: &str,
    manager: &str,
    fields: &Value,
) -> Result<(), ClusterError>
where
    K: Clone + DeserializeOwned + Debug,
{
    let parameters = PatchParams::apply(manager).force();
    let applied = within(
        CALL_DEADLINE,
        api.patch(name, &parameters, &Patch::Apply(fields)),
    )
    .await;
    applied.map(drop)
}

/// One page of all objects; `next` is the token of the page before.
///
/// # Errors
/// [`ClusterError`]; [`ClusterError::Gone`] if the token is too old: begin anew.
pub async fn list<K>(
    api: &Api<K>,
    page_objects_max: u32,
    next: Option<String>,
) -> Result<ObjectList<K>, ClusterError>
where
    K: Clone + DeserializeOwned + Debug,
{
    let parameters = ListParams {
        continue_token: next,
        ..ListParams::default().limit(page_objects_max)
    };
    select(api, &parameters).await
}

/// The objects that these parameters select; they must have a limit.
///
/// # Errors
/// [`ClusterError`].
pub async fn select<K>(api: &Api<K>, parameters: &ListParams) -> Result<ObjectList<K>, ClusterError>
where
    K: Clone + DeserializeOwned + Debug,
{
    within(CALL_DEADLINE, api.list(parameters)).await
}

/// One page of the objects that these `fields` select, without their content; `next` is
/// the token of the page before.
///
/// # Errors
/// [`ClusterError`]; [`ClusterError::Gone`] if the token is too old: begin anew.
pub async fn list_metadata<K>(
    api: &Api<K>,
    fields: &str,
    page_objects_max: u32,
    next: Option<String>,
) -> Result<ObjectList<PartialObjectMeta<K>>, ClusterError>
where
    K: Clone + DeserializeOwned + Debug,
{
    let parameters = ListParams {
        continue_token: next,
        ..ListParams::default().fields(fields).limit(page_objects_max)
    };
    within(CALL_DEADLINE, api.list_metadata(&parameters)).await
}

/// Deletes the object if it is still this one (`uid`) and still as it was read.
///
/// # Errors
/// [`ClusterError`]; after [`ClusterError::Unavailable`] it may be gone.
pub async fn delete<K>(
    api: &Api<K>,
    name: &str,
    uid: &str,
    resource_version: &str,
) -> Result<(), ClusterError>
where
    K: Clone + DeserializeOwned + Debug,
{
    delete_if(api, name, uid, Some(resource_version.to_owned())).await
}

/// Deletes the object if it is still this one (`uid`), however it has changed.
///
/// # Errors
/// As [`delete`].
pub async fn delete_any<K>(api: &Api<K>, name: &str, uid: &str) -> Result<(), ClusterError>
where
    K: Clone + DeserializeOwned + Debug,
{
    delete_if(api, name, uid, None).await
}

async fn delete_if<K>(
    api: &Api<K>,
    name: &str,
    uid: &str,
    resource_version: Option<String>,
) -> Result<(), ClusterError>
where
    K: Clone + DeserializeOwned + Debug,
{
    let parameters = DeleteParams {
        preconditions: Some(Preconditions {
            uid: Some(uid.to_owned()),
            resource_version,
        }),
        ..DeleteParams::background()
    };
    within(CALL_DEADLINE, api.delete(name, &parameters))
        .await
        .map(|_| ())
}
