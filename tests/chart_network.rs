//! Needs helm. Proves: the network policies lead each role to what its values name, and to
//! nothing that it does not need.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod support {
    pub(crate) mod chart;
}

use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::chart::{SHOP, of_kind, one, render};

const POLICIES: &str = "networkPolicy.enabled=true";

/// The egress of this role's policy.
fn egress(role: &str, more: &[&str]) -> Value {
    let objects = render(&[&[POLICIES], more].concat());
    one(&objects, "NetworkPolicy", &format!("-{role}"))["spec"]["egress"].clone()
}

/// Every port of these rules.
fn ports(rules: &Value) -> BTreeSet<i64> {
    let rules = rules.as_array().unwrap().iter();
    let ports = rules.flat_map(|rule| rule["ports"].as_array().unwrap());
    ports.map(|port| port["port"].as_i64().unwrap()).collect()
}

#[test]
fn who_has_its_account_from_secrets_manager_reaches_it_and_the_agent_of_pod_identity() {
    let agent = json!({
        "to": [{"ipBlock": {"cidr": "169.254.170.23/32"}}, {"ipBlock": {"cidr": "fd00:ec2::23/128"}}],
        "ports": [{"port": 80, "protocol": "TCP"}],
    });
    let leads = |egress: &Value| {
        let asks_agent = egress.as_array().unwrap().contains(&agent);
        assert_eq!(ports(egress).contains(&443), asks_agent, "{egress}");
        asks_agent
    };
    let of_sales = "sales={\"enabled\":true,\"databaseSecretName\":\"\",\
        \"databaseSecretsManagerId\":\"shop/sales\"}";
    assert!(!leads(&egress("sales", &[SHOP[0]])));
    assert!(leads(&egress("sales", &[of_sales])));
    let of_owner = "migrate={\"secretName\":\"\",\"secretsManagerId\":\"shop/owner\"}";
    assert!(!leads(&egress("migrate", &[])));
    assert!(leads(&egress("migrate", &[of_owner])));
}

/// Where the whole world may be, but for the node's metadata.
fn to_anywhere(egress: &Value) -> BTreeSet<i64> {
    let anywhere = |rule: &&Value| rule.pointer("/to/0/ipBlock/cidr") == Some(&json!("0.0.0.0/0"));
    let rules = egress.as_array().unwrap().iter().filter(anywhere);
    ports(&rules.cloned().collect())
}

#[test]
fn the_controller_reaches_each_factory_at_the_port_of_its_url() {
    for (url, port) in [
        ("https://factory.example.com/api", 443),
        ("https://factory.example.com:8443/api", 8_443),
        ("http://factory.example.com/api", 80),
        ("http://factory.example.com:8081/api", 8_081),
    ] {
        let egress = egress("controller", &[&format!("factories.legacy.url={url}")]);
        let wanted = BTreeSet::from([443, 6_443, port]);
        assert_eq!(to_anywhere(&egress), wanted, "{url}");
    }
}

/// The controller of EKS leaves out a port that a rule names together with a network (before
/// its version 1.1.7).
#[test]
fn every_port_of_a_rule_is_a_number() {
    let objects = render(&[
        POLICIES,
        SHOP[0],
        SHOP[1],
        SHOP[2],
        "tests.order=true",
        "receiver.ingress.enabled=true",
        "sales.ingress.enabled=true",
        "sales.ingress.host=shop.example.com",
        "networkPolicy.readCidrs=[\"10.4.0.0/28\"]",
    ]);
    let policies = of_kind(&objects, "NetworkPolicy");
    assert_eq!(policies.len(), 9);
    for policy in policies {
        ports(&policy["spec"]["egress"]);
        if let Some(ingress) = policy["spec"].get("ingress") {
            let open = ports(ingress);
            let known = BTreeSet::from([8_080, 8_081, 8_090]);
            assert!(open.is_subset(&known), "{open:?}");
        }
    }
}
