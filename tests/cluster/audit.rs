//! What an account did with the API server, from its audit log, and what it may do.

use super::place::Place;
use k8s_openapi::api::rbac::v1::{PolicyRule, Role, RoleBinding};
use kube::Api;
use kube::api::ListParams;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

/// A verb on a resource, or on one object of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Act {
    verb: String,
    resource: String,
    name: Option<String>,
}

impl Act {
    /// The same, as its creation.
    fn creating(&self) -> Self {
        Self {
            verb: "create".to_owned(),
            ..self.clone()
        }
    }

    fn covers(&self, done: &Self) -> bool {
        let same = (&self.verb, &self.resource) == (&done.verb, &done.resource);
        same && (self.name.is_none() || self.name == done.name)
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_deref().unwrap_or("*");
        write!(f, "{} {} {name}", self.verb, self.resource)
    }
}

/// What this role's account may do in its namespace, by every Role that is bound to it.
pub(crate) async fn rights(place: &Place, role: &str) -> BTreeSet<Act> {
    let bindings: Api<RoleBinding> = Api::namespaced(place.client.clone(), &place.namespace);
    let roles: Api<Role> = Api::namespaced(place.client.clone(), &place.namespace);
    let account = format!("restock-restock-operator-{role}");
    let mut rights = BTreeSet::new();
    for binding in bindings.list(&ListParams::default()).await.unwrap() {
        let subjects = binding.subjects.unwrap_or_default();
        if subjects.iter().any(|subject| subject.name == account) {
            let role = roles.get(&binding.role_ref.name).await.unwrap();
            rights.extend(role.rules.unwrap_or_default().into_iter().flat_map(acts));
        }
    }
    rights
}

fn acts(rule: PolicyRule) -> Vec<Act> {
    let names = rule.resource_names.unwrap_or_default();
    let names: Vec<_> = names.into_iter().map(Some).collect();
    let names = if names.is_empty() { vec![None] } else { names };
    let mut acts = Vec::new();
    for resource in rule.resources.unwrap_or_default() {
        for verb in &rule.verbs {
            acts.extend(names.iter().map(|name| Act {
                verb: verb.clone(),
                resource: resource.clone(),
                name: name.clone(),
            }));
        }
    }
    acts
}

/// What this role's account did, and what it was refused.
pub(crate) fn done(place: &Place, role: &str) -> (BTreeSet<Act>, BTreeSet<Act>) {
    let log = std::env::var("CLUSTER_AUDIT_LOG").expect("run this with `cargo xtask e2e`");
    let text = std::fs::read_to_string(log).unwrap();
    let account = format!(
        "system:serviceaccount:{}:restock-restock-operator-{role}",
        place.namespace
    );
    let (mut done, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for line in text.lines() {
        // The last line may be half written.
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let object = &event["objectRef"];
        let of_account = event["user"]["username"] == account.as_str();
        if !of_account || !object.is_object() || is_of_check(&event) {
            continue;
        }
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let subresource = word(&object["subresource"]);
        let resource = match subresource.as_str() {
            "" => word(&object["resource"]),
            subresource => format!("{}/{subresource}", word(&object["resource"])),
        };
        let act = Act {
            verb: word(&event["verb"]),
            resource,
            name: object["name"].as_str().map(str::to_owned),
        };
        match event["responseStatus"]["code"].as_i64() {
            Some(403) => refused.extend([act]),
            // An apply of what was not there yet: the server asks for the right to create too.
            Some(201) if act.verb == "patch" => done.extend([act.creating(), act]),
            _ => done.extend([act]),
        }
    }
    (done, refused)
}

/// What only a check asks: whether the definitions are these, and what the role may do.
const OF_CHECK: [&str; 2] = ["customresourcedefinitions", "selfsubjectaccessreviews"];

/// `helm test` looks around as the role, and so does the role itself where a person asks it to.
fn is_of_check(event: &Value) -> bool {
    let pod = &event["user"]["extra"]["authentication.kubernetes.io/pod-name"][0];
    let resource = event["objectRef"]["resource"].as_str();
    pod.as_str().is_some_and(|name| name.ends_with("-check"))
        || resource.is_some_and(|resource| OF_CHECK.contains(&resource))
}

/// Fails if the role was ever refused anything.
pub(crate) fn assert_nothing_is_refused(place: &Place, role: &str) {
    let (_, refused) = done(place, role);
    assert_eq!(words(refused.iter()), [""; 0], "{role}: refused");
}

/// Fails unless the role did all that it may do, and nothing else.
pub(crate) async fn assert_rights_are_used(place: &Place, role: &str) {
    let rights = rights(place, role).await;
    let (done, _) = done(place, role);
    let beyond = |act: &&Act| !rights.iter().any(|right| right.covers(act));
    let unused = |right: &&Act| !done.iter().any(|act| right.covers(act));
    let beyond = words(done.iter().filter(beyond));
    assert_eq!(beyond, [""; 0], "{role}: done without a right");
    let unused = words(rights.iter().filter(unused));
    assert_eq!(unused, [""; 0], "{role}: rights that it never used");
}

fn words<'a>(acts: impl Iterator<Item = &'a Act>) -> Vec<String> {
    acts.map(ToString::to_string).collect()
}
