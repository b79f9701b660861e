//! The roles of the operator that can be asked: by their read Services, through the API server.

use super::failure::Failure;
use super::target::Place;
use crate::edge::cluster::{self, ClusterError, Proxied};
use k8s_openapi::api::core::v1::Service;
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt as _};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// What the chart gives to the read Services of all roles.
const SELECTOR: &str = "app.kubernetes.io/name=restock-operator,restock.dev/serves=read";

/// Which role a Service is of.
pub(super) const COMPONENT: &str = "app.kubernetes.io/component";

/// Which release an object is of.
pub(super) const RELEASE: &str = "app.kubernetes.io/instance";

/// Annotation of the read Services: all roles of their release, with commas between them.
const ROLES: &str = "restock.dev/roles";

/// What it may name: another version's roles are none that this program can say a word about.
const KNOWN: [&str; 6] = ["controller", "ingest", "receiver", "sales", "relay", "dlq"];

/// The port's name; the Role for readers names it too.
const PORT: &str = "read";

/// What a role whose ledger does not answer says.
const LEDGER: &str = "the ledger is unavailable";

/// The role that reads the ledger for people.
const CONTROLLER: &str = "controller";

/// Services of one look: six a release.
const ROLES_MAX: u32 = 500;

/// Bytes of one answer: a hundred objects of the largest that are usual, 64 KiB each, and more.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Which role of which release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Part {
    pub(super) namespace: String,
    /// None where its objects do not say it.
    pub(super) release: Option<String>,
    /// Its name, such as controller.
    pub(super) role: String,
}

/// A role of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Role {
    pub(super) part: Part,
    /// The Service of its read port.
    pub(super) service: String,
    /// All roles of its release, as far as that says which it has.
    pub(super) companions: Vec<String>,
}

/// All that can be asked, by namespace, release and name.
pub(super) async fn all(place: &Place) -> Result<Vec<Role>, Failure> {
    let parameters = ListParams::default().labels(SELECTOR).limit(ROLES_MAX);
    let found = cluster::select(&services(place), &parameters).await;
    let found =
        found.map_err(|why| failure(place, &format!("list services {}", place.words()), &why))?;
    let mut roles: Vec<Role> = found.items.into_iter().filter_map(role).collect();
    roles.sort_by_key(|one| (one.part.clone(), one.service.clone()));
    if roles.is_empty() {
        return Err(Failure::new(
            format!("there is no role of the operator {}", place.words()),
            "Name the namespace that the operator is installed in with -n, or look for it with \
             -A. One that is older than this program has no read port: upgrade it.",
        ));
    }
    Ok(roles)
}

/// The one controller of the place: it reads the ledger.
pub(super) async fn controller(place: &Place) -> Result<Role, Failure> {
    let mut roles = all(place).await?;
    roles.retain(|one| one.part.role == CONTROLLER);
    match (roles.pop(), roles.pop()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(Failure::new(
            format!("there is no controller {}", place.words()),
            "Name the namespace that it is installed in with -n.",
        )),
        (Some(one), Some(other)) => Err(several(&place.words(), &other.part, &one.part)),
    }
}

fn several(place: &str, one: &Part, other: &Part) -> Failure {
    let next = if one.namespace == other.namespace {
        format!(
            "A namespace can have one: `helm list -n {}` shows its releases. Set \
             controller.enabled=false in all but one of them.",
            one.namespace
        )
    } else {
        format!(
            "Name the namespace of one with -n, such as {} or {}.",
            one.namespace, other.namespace
        )
    };
    Failure::usage(format!("there are several controllers {place}"), next)
}

fn services(place: &Place) -> Api<Service> {
    match &place.namespace {
        Some(namespace) => Api::namespaced(place.client.clone(), namespace),
        None => Api::all(place.client.clone()),
    }
}

fn role(service: Service) -> Option<Role> {
    Some(Role {
        part: part(&service)?,
        companions: companions(&service),
        service: service.name_any(),
    })
}

/// Whose an object is, by what the chart writes on it.
pub(super) fn part(object: &impl kube::ResourceExt) -> Option<Part> {
    Some(Part {
        namespace: object.namespace()?,
        release: object.labels().get(RELEASE).cloned(),
        role: object.labels().get(COMPONENT)?.clone(),
    })
}

fn companions(service: &Service) -> Vec<String> {
    let named = service.annotations().get(ROLES);
    let named = named.into_iter().flat_map(|roles| roles.split(','));
    let known = named.map(str::trim).filter(|role| KNOWN.contains(role));
    known.map(str::to_owned).collect()
}

impl Role {
    /// What it answers.
    pub(super) async fn get(
        &self,
        client: &Client,
        page: &str,
        parameters: &[(&str, String)],
        deadline: Duration,
    ) -> Result<Value, Failure> {
        let proxied = Proxied {
            namespace: &self.part.namespace,
            service: &self.service,
            port: PORT,
        };
        let asking = proxied.get(client, page, parameters, ANSWER_BYTES_MAX, deadline);
        asking.await.map_err(|why| {
            let Part {
                role, namespace, ..
            } = &self.part;
            let doing = format!("ask the {role} in namespace {namespace}");
            self.failure(&doing, &why)
        })
    }

    /// The Role of its release for those who may read, beside its Service.
    fn reader(&self) -> String {
        let suffix = format!("{}-read", self.part.role);
        let release = self.service.strip_suffix(&suffix);
        format!("{}reader", release.unwrap_or("restock-restock-operator-"))
    }

    fn failure(&self, doing: &str, why: &ClusterError) -> Failure {
        let Part {
            role, namespace, ..
        } = &self.part;
        let next = match why {
            _ if why.is_forbidden() => return forbidden(doing, why, namespace, &self.reader()),
            ClusterError::Gone(_) => {
                "It is of another version than this program, or was just removed: upgrade the \
                 older of the two."
                    .to_owned()
            }
            ClusterError::Refused(_) => "Its words say why.".to_owned(),
            ClusterError::Unavailable(text) if text.contains(LEDGER) => format!(
                "It is up, and its database is not, or not to it: `kubectl restock check -n \
                 {namespace}` says more."
            ),
            _ => format!(
                "Is a pod of it up? `kubectl get pods -n {namespace} -l {COMPONENT}={role}` says. \
                 If so, and there are network policies, they must let the API server in: \
                 networkPolicy.readCidrs of the chart."
            ),
        };
        Failure::new(format!("cannot {doing}: {why}"), next)
    }
}

/// Of what the place itself answers, before any role is known.
fn failure(place: &Place, doing: &str, why: &ClusterError) -> Failure {
    if !why.is_forbidden() {
        return Failure::of_cluster(doing, why);
    }
    let namespace = place.namespace.as_deref().unwrap_or("NAMESPACE");
    forbidden(doing, why, namespace, "restock-restock-operator-reader")
}

/// With the right that is missing.
fn forbidden(doing: &str, why: &ClusterError, namespace: &str, reader: &str) -> Failure {
    Failure::new(
        format!("cannot {doing}: {why}"),
        format!(
            "Ask your administrator to bind you to the Role of the chart whose name ends with \
             -reader: `kubectl create rolebinding restock-readers -n {namespace} --role={reader} \
             --user=YOU` (docs/install-eks.md)."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(namespace: &str, release: &str) -> Part {
        Part {
            namespace: namespace.to_owned(),
            release: Some(release.to_owned()),
            role: CONTROLLER.to_owned(),
        }
    }

    #[test]
    fn of_several_controllers_it_is_said_how_there_is_one() {
        let north = part("north", "a");
        let apart = several("in any namespace", &part("south", "b"), &north).in_words();
        assert!(apart.contains("-n, such as south or north"), "{apart}");
        let together = several("in namespace north", &part("north", "b"), &north).in_words();
        assert!(together.contains("`helm list -n north`"), "{together}");
        assert!(!together.contains("such as"), "{together}");
    }
}
