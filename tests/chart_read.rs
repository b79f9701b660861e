//! Needs helm. Proves: each role's read port is behind a Service that the API server's proxy finds
//! whether the role is ready or not, by a name that the Role for readers has; and a policy lets in
//! whom the values name, and nobody else.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod support {
    pub(crate) mod chart;
}

use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::chart::{SHOP, of_kind, one, render, text};

const ROLES: [&str; 6] = ["controller", "ingest", "receiver", "sales", "relay", "dlq"];
const POLICIES: &str = "networkPolicy.enabled=true";

#[test]
fn each_role_is_read_through_a_service_of_its_own() {
    let objects = render(&SHOP);
    let mut proxied = BTreeSet::new();
    for role in ROLES {
        let service = one(&objects, "Service", &format!("-{role}-read"));
        let spec = &service["spec"];
        assert_eq!(spec["clusterIP"], "None", "no way but the proxy's");
        assert_eq!(spec["publishNotReadyAddresses"], true);
        assert_eq!(service["metadata"]["labels"]["restock.dev/serves"], "read");
        let deployment = one(&objects, "Deployment", &format!("-{role}"));
        let template = &deployment["spec"]["template"];
        assert_eq!(
            spec["selector"],
            deployment["spec"]["selector"]["matchLabels"]
        );
        let port = &spec["ports"][0];
        let open = template.pointer("/spec/containers/0/ports").unwrap();
        let open = open.as_array().unwrap().iter();
        let mut named = open.filter(|one| one["name"] == port["targetPort"]);
        assert_eq!(named.next().unwrap()["containerPort"], 8_081);
        let (name, port) = (text(service, "/metadata/name"), text(port, "/name"));
        proxied.insert(format!("{name}:{port}"));
    }
    let rules = one(&objects, "Role", "-reader")["rules"]
        .as_array()
        .unwrap()
        .clone();
    let proxy = |rule: &&Value| rule["resources"] == json!(["services/proxy"]);
    let names = &rules.iter().find(proxy).unwrap()["resourceNames"];
    let names = names.as_array().unwrap().iter();
    let names: BTreeSet<_> = names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, proxied);
    for rule in rules {
        let verbs = rule["verbs"].to_string();
        assert!(
            ["[\"get\"]", "[\"list\"]"].contains(&verbs.as_str()),
            "{verbs}"
        );
    }
    let bindings = of_kind(&objects, "RoleBinding");
    let bound = |one: &&Value| text(one, "/roleRef/name").ends_with("-reader");
    assert!(!bindings.iter().any(bound), "that is for people");
}

/// Whoever may view requests may not read what became of all others: that is asked for by name.
#[test]
fn the_roles_of_the_cluster_do_not_read() {
    let objects = render(&[]);
    for role in of_kind(&objects, "ClusterRole") {
        assert!(!role.to_string().contains("proxy"), "{role}");
    }
    let reader = one(&objects, "Role", "-reader");
    let labels = reader["metadata"]["labels"].to_string();
    assert!(!labels.contains("aggregate"), "{labels}");
}

#[test]
fn the_longest_name_of_a_release_is_no_hindrance() {
    let name = format!("fullnameOverride={}", "x".repeat(60));
    let objects = render(&[&name]);
    let mut names = BTreeSet::new();
    for service in of_kind(&objects, "Service") {
        let name = text(service, "/metadata/name");
        assert!(name.len() <= 63, "{name}");
        assert!(names.insert(name), "{name} is there twice");
    }
}

#[test]
fn a_policy_lets_the_api_server_read_from_where_it_is_named() {
    let ways = |values: &[&str], role: &str| {
        let objects = render(&[&[POLICIES], values].concat());
        let policy = one(&objects, "NetworkPolicy", &format!("-{role}"));
        let rules = policy["spec"]["ingress"].as_array().unwrap().clone();
        let leads = |rule: &Value| rule["ports"].to_string().contains("8081");
        rules.into_iter().filter(leads).collect::<Vec<_>>()
    };
    let named = [
        "networkPolicy.readCidrs=[\"10.4.0.0/28\"]",
        SHOP[0],
        SHOP[1],
        SHOP[2],
    ];
    for role in ROLES {
        assert!(ways(&SHOP, role).is_empty(), "{role}");
        let way = json!({
            "from": [{"ipBlock": {"cidr": "10.4.0.0/28"}}],
            "ports": [{"port": 8_081, "protocol": "TCP"}],
        });
        assert_eq!(ways(&named, role), [way], "{role}");
    }
}

/// By this the plugin misses a role that somebody deleted, and none that is not wanted.
#[test]
fn each_read_service_names_the_roles_of_its_release() {
    let named = |values: &[&str]| {
        let objects = render(values);
        let services = of_kind(&objects, "Service").into_iter();
        let named: BTreeSet<_> = services
            .filter(|one| text(one, "/metadata/name").ends_with("-read"))
            .map(|one| text(one, "/metadata/annotations/restock.dev~1roles").to_owned())
            .collect();
        named.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(named(&[]), ["controller,ingest,receiver,dlq"]);
    assert_eq!(named(&SHOP), ["controller,ingest,receiver,sales,relay,dlq"]);
    assert_eq!(
        named(&["dlq.enabled=false"]),
        ["controller,ingest,receiver"]
    );
}
