//! The cluster's side: the run's Factory and its request.

use super::story::Stopped;
use crate::crd::factory::Factory;
use crate::crd::request::RestockRequest;
use crate::edge::cluster::{self, ClusterError};
use kube::api::{Api, ListParams};
use kube::{Resource, ResourceExt as _};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Debug;

/// Marks the Factories of order tests; the value is the name of the run.
const LABEL: &str = "restock.dev/order-test";

/// Objects of one look: a run has one of each kind, and each run removes those of others.
const OBJECTS_MAX: u32 = 100;

/// Looks at what is to be deleted until nothing is left: after the first there should be
/// nothing, and more than two only if ingest makes another one of a repeated message.
const REMOVALS_MAX: u32 = 3;

/// How long an order is tried for: longer than anybody waits for a step.
const RETRY_FOR: &str = "10m";

/// The Factories and requests of one namespace.
pub(super) struct Objects {
    factories: Api<Factory>,
    requests: Api<RestockRequest>,
    pub(super) namespace: String,
}

/// Whether orders can be sent to a Factory.
pub(super) enum Readiness {
    Ready,
    NotYet,
    Never(String),
}

impl Objects {
    pub(super) async fn open(namespace: &str) -> Result<Self, ClusterError> {
        let client = cluster::client().await?;
        Ok(Self {
            factories: Api::namespaced(client.clone(), namespace),
            requests: Api::namespaced(client, namespace),
            namespace: namespace.to_owned(),
        })
    }

    /// The names of the runs whose Factories are here.
    pub(super) async fn runs(&self) -> Result<Vec<String>, Stopped> {
        let labelled = ListParams::default().labels(LABEL).limit(OBJECTS_MAX);
        let found = cluster::select(&self.factories, &labelled).await;
        let found = found.map_err(|why| failed("left-overs", why))?;
        let run = |factory: &Factory| factory.labels().get(LABEL).cloned();
        Ok(found.items.iter().filter_map(run).collect())
    }

    /// Creates the Factory of this run; it serves this run's factory id and nothing else.
    pub(super) async fn create_factory(&self, name: &str, url: &str) -> Result<(), Stopped> {
        let spec = json!({
            "url": url,
            "factoryIds": [name],
            "maxQuantity": super::message::QUANTITY,
            "retryFor": RETRY_FOR,
            "allowInsecure": url.starts_with("http://"),
        });
        let spec = serde_json::from_value(spec).map_err(|why| Stopped::at("factory", why))?;
        let mut factory = Factory::new(name, spec);
        factory.metadata.labels = Some(BTreeMap::from([(LABEL.to_owned(), name.to_owned())]));
        let created = cluster::create(&self.factories, &factory, false).await;
        created.map(drop).map_err(|why| failed("factory", why))
    }

    /// What the controller says of the Factory.
    pub(super) async fn readiness(&self, name: &str) -> Result<Readiness, Stopped> {
        let found = cluster::get(&self.factories, name).await;
        let factory = patient("factory", found)?.flatten();
        let conditions = factory.and_then(|factory| factory.status);
        let conditions = conditions.map_or_else(Vec::new, |status| status.conditions);
        let ready = conditions.into_iter().find(|one| one.type_ == "Ready");
        Ok(match ready {
            Some(ready) if ready.status == "True" => Readiness::Ready,
            Some(ready) => Readiness::Never(format!("{}: {}", ready.reason, ready.message)),
            None => Readiness::NotYet,
        })
    }

    /// The request that was made of this run's message.
    pub(super) async fn request(&self, name: &str) -> Result<Option<RestockRequest>, Stopped> {
        let found = cluster::select(&self.requests, &of_run(name)).await;
        let found = patient("request", found)?;
        Ok(found.and_then(|list| list.items.into_iter().next()))
    }

    /// Deletes the requests of a run; none is left when it returns. How many there were.
    pub(super) async fn remove_requests(&self, name: &str) -> Result<usize, Stopped> {
        remove(&self.requests, &of_run(name)).await
    }

    /// Deletes the Factory of a run.
    pub(super) async fn remove_factory(&self, name: &str) -> Result<usize, Stopped> {
        let of_run = ListParams::default().labels(&format!("{LABEL}={name}"));
        remove(&self.factories, &of_run.limit(OBJECTS_MAX)).await
    }
}

/// The message names the product after the run.
fn of_run(name: &str) -> ListParams {
    let of_run = ListParams::default().fields(&format!("spec.productId={name}"));
    of_run.limit(OBJECTS_MAX)
}

async fn remove<K>(api: &Api<K>, which: &ListParams) -> Result<usize, Stopped>
where
    K: Resource + Clone + Debug + serde::de::DeserializeOwned,
{
    let mut removed = 0;
    for _ in 0..REMOVALS_MAX {
        let found = cluster::select(api, which).await;
        let found = found.map_err(|why| failed("removal", why))?.items;
        if found.is_empty() {
            return Ok(removed);
        }
        for object in found {
            let (name, uid) = (object.name_any(), object.uid().unwrap_or_default());
            match cluster::delete_any(api, &name, &uid).await {
                Ok(()) => removed += 1,
                // Gone, or another one by now: the next look tells.
                Err(ClusterError::Gone(_) | ClusterError::Conflict(_)) => {}
                Err(why) => return Err(failed("removal", why)),
            }
        }
    }
    Err(Stopped::at("removal", "what was deleted is still there"))
}

/// A server that does not answer now is asked again at the next look.
fn patient<T>(step: &'static str, found: Result<T, ClusterError>) -> Result<Option<T>, Stopped> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(ClusterError::Unavailable(_)) => Ok(None),
        Err(why) => Err(failed(step, why)),
    }
}

fn failed(step: &'static str, why: ClusterError) -> Stopped {
    let to_do = match why {
        ClusterError::Refused(_) => "if it is forbidden, bind the order test's Role to its account",
        ClusterError::Gone(_) => "are the definitions installed, and is there this namespace?",
        _ => "check the API server and the way to it",
    };
    Stopped::at(step, format!("{why}: {to_do}"))
}
