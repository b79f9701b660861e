//! Needs helm. Proves: which namespaces the controller is told to watch, and that it has
//! rights there, and for its lease, and nowhere else.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]
#![allow(dead_code, reason = "each test file uses its part of the support")]

mod support {
    pub(crate) mod chart;
}

use serde_json::Value;
use std::collections::BTreeSet;
use support::chart::{of_kind, one, refusal, render, text};

/// The value of this variable of the controller, or where it has it from.
fn setting(objects: &[Value], name: &str) -> String {
    let pod = one(objects, "Deployment", "-controller");
    let settings = &pod["spec"]["template"]["spec"]["containers"][0]["env"];
    let mut settings = settings.as_array().unwrap().iter();
    let found = settings.find(|setting| setting["name"] == name).unwrap();
    match text(found, "/value") {
        "" => text(found, "/valueFrom/fieldRef/fieldPath").to_owned(),
        value => value.to_owned(),
    }
}

/// Each Role or ClusterRole that is bound to the controller: its namespace, and what it is
/// about.
fn rights(objects: &[Value]) -> BTreeSet<(String, String)> {
    let mut rights = BTreeSet::new();
    for (kind, of) in [
        ("RoleBinding", "Role"),
        ("ClusterRoleBinding", "ClusterRole"),
    ] {
        for binding in of_kind(objects, kind) {
            if text(binding, "/subjects/0/name") != "shop-restock-operator-controller" {
                continue;
            }
            assert_eq!(text(binding, "/subjects/0/namespace"), "restock");
            assert_eq!(text(binding, "/roleRef/kind"), of);
            let same = |pointer: &str, role: &Value| text(role, pointer) == text(binding, pointer);
            let role = of_kind(objects, of).into_iter().find(|role| {
                text(role, "/metadata/name") == text(binding, "/roleRef/name")
                    && same("/metadata/namespace", role)
            });
            let group = text(role.unwrap(), "/rules/0/apiGroups/0");
            let namespace = text(binding, "/metadata/namespace");
            rights.insert((namespace.to_owned(), group.to_owned()));
        }
    }
    rights
}

fn pairs(expected: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    let owned = |(namespace, group): &(&str, &str)| ((*namespace).into(), (*group).into());
    expected.iter().map(owned).collect()
}

/// The pod's own: that of the release, wherever kustomize may put it.
const OWN: &str = "metadata.namespace";
const WORK: &str = "restock.dev";
const LEASE: &str = "coordination.k8s.io";

#[test]
fn by_default_the_controller_works_where_ingest_creates() {
    for (values, told, namespace) in [
        (&[][..], OWN, "restock"),
        (&["requestsNamespace=orders"], "orders", "orders"),
    ] {
        let objects = render(values);
        assert_eq!(setting(&objects, "RESTOCK_NAMESPACE"), told);
        assert_eq!(setting(&objects, "RESTOCK_LEASE_NAMESPACE"), OWN);
        let expected = pairs(&[(namespace, WORK), ("restock", LEASE)]);
        assert_eq!(rights(&objects), expected, "{values:?}");
    }
}

#[test]
fn several_namespaces_have_a_role_each() {
    let objects = render(&["controller.namespaces=[\"restock\",\"north\",\"south\"]"]);
    let told = setting(&objects, "RESTOCK_NAMESPACE");
    assert_eq!(told, "restock,north,south");
    assert_eq!(setting(&objects, "RESTOCK_LEASE_NAMESPACE"), OWN);
    let work = [("restock", WORK), ("north", WORK), ("south", WORK)];
    let expected = pairs(&[&work[..], &[("restock", LEASE)]].concat());
    assert_eq!(rights(&objects), expected);
}

#[test]
fn only_the_whole_cluster_has_a_cluster_role() {
    let bound = |values: &[&str]| of_kind(&render(values), "ClusterRoleBinding").len();
    assert_eq!(bound(&[]), 0);
    assert_eq!(bound(&["controller.namespaces=[\"restock\",\"north\"]"]), 0);
    let objects = render(&["controller.clusterWide=true"]);
    assert_eq!(setting(&objects, "RESTOCK_NAMESPACE"), "*");
    assert_eq!(setting(&objects, "RESTOCK_LEASE_NAMESPACE"), OWN);
    assert_eq!(rights(&objects), pairs(&[("", WORK), ("restock", LEASE)]));
    let role = one(&objects, "ClusterRole", "restock-operator-controller");
    let rules = role["rules"].to_string();
    for forbidden in ["\"*\"", "secrets", "namespaces", "leases"] {
        assert!(!rules.contains(forbidden), "{forbidden}: {rules}");
    }
}

#[test]
fn what_contradicts_itself_is_refused_in_words() {
    let named = "controller.namespaces=[\"north\"]";
    let both = refusal(&[
        "requestsNamespace=north",
        named,
        "controller.clusterWide=true",
    ]);
    assert!(both.contains("set one of the two"), "{both}");
    let unwatched = refusal(&[named]);
    assert!(
        unwatched.contains("nobody would watch restock"),
        "{unwatched}"
    );
    let alone = ["ingest.enabled=false", "factories=null", named];
    assert_eq!(setting(&render(&alone), "RESTOCK_NAMESPACE"), "north");
    let twice = refusal(&["controller.namespaces=[\"restock\",\"restock\"]"]);
    assert!(twice.contains("are equal"), "{twice}");
}
