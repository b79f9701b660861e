//! Needs helm. Proves: `helm test` runs each role's check with exactly what the role has,
//! and the order test has its objects, and its way through the policies, only when it is on.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod support {
    pub(crate) mod chart;
    pub(crate) mod rules;
}

use serde_json::{Map, Value, json};
use support::chart::{SHOP, of_kind, one, refusal, render, text};
use support::rules;

const ROLES: [&str; 6] = ["controller", "ingest", "receiver", "sales", "relay", "dlq"];
const ORDER: &str = "tests.order=true";
const POLICIES: &str = "networkPolicy.enabled=true";
const HOST: &str = "shop-restock-operator-order-test.restock.svc";

fn labels(object: &Value) -> &Map<String, Value> {
    let labels = object.pointer("/metadata/labels").unwrap();
    labels.as_object().unwrap()
}

fn has_all(labels: &Map<String, Value>, wanted: &Value) -> bool {
    let mut wanted = wanted.as_object().unwrap().iter();
    wanted.all(|(key, value)| labels.get(key) == Some(value))
}

/// Whether a selector of a policy or a budget takes these labels.
fn selects(selector: &Value, labels: &Map<String, Value>) -> bool {
    let expressions = selector["matchExpressions"].as_array();
    let mut expressions = expressions.into_iter().flatten();
    has_all(labels, &selector["matchLabels"])
        && expressions.all(|one| {
            assert_eq!(one["operator"], "In");
            let values = one["values"].as_array().unwrap();
            values.contains(&labels[one["key"].as_str().unwrap()])
        })
}

/// Names and values of a container's variables.
fn variables(pod: &Value) -> Vec<Value> {
    let variables = pod.pointer("/containers/0/env").unwrap();
    variables.as_array().unwrap().clone()
}

#[test]
fn each_role_is_checked_with_what_it_has_and_nothing_else() {
    let objects = render(&[
        SHOP[0],
        SHOP[1],
        SHOP[2],
        "controller.settings.RUST_LOG=debug",
        "controller.settings.RESTOCK_CONCURRENCY=64",
        "otlpEndpoint=http://collector",
        "mapping=x: y",
        "database.caConfigMap=rds-ca",
        "factoryHeaderSecrets=[\"auth\"]",
        "aws.endpointUrl=http://aws",
        "nodeSelector={\"disk\":\"ssd\"}",
    ]);
    assert_eq!(of_kind(&objects, "Pod").len(), ROLES.len());
    for role in ROLES {
        let test = one(&objects, "Pod", &format!("-{role}-check"));
        let deployment = one(&objects, "Deployment", &format!("-{role}"));
        let pod = &deployment["spec"]["template"]["spec"];
        let (check, run) = (&test["spec"], pod);
        let args = json!(["check", "--role", role]);
        assert_eq!(check.pointer("/containers/0/args"), Some(&args), "{role}");
        let mut of_role = variables(run);
        // A command says what it was asked, and logs what is wrong.
        of_role.retain(|one| {
            let name = one["name"].as_str().unwrap();
            !matches!(name, "RUST_LOG" | "OTEL_EXPORTER_OTLP_ENDPOINT")
        });
        assert_eq!(variables(check), of_role, "{role}");
        for same in [
            "/serviceAccountName",
            "/automountServiceAccountToken",
            "/enableServiceLinks",
            "/securityContext",
            "/nodeSelector",
            "/volumes",
            "/containers/0/image",
            "/containers/0/securityContext",
            "/containers/0/volumeMounts",
        ] {
            assert_eq!(check.pointer(same), run.pointer(same), "{role} {same}");
        }
        assert_eq!(check["restartPolicy"], "Never");
        assert!(check["activeDeadlineSeconds"].is_number());
        let annotations = &test["metadata"]["annotations"];
        assert_eq!(annotations["helm.sh/hook"], "test");
        let policy = &annotations["helm.sh/hook-delete-policy"];
        assert_eq!(policy, "before-hook-creation");
    }
}

#[test]
fn a_role_that_is_not_installed_is_not_checked() {
    for role in ROLES {
        let objects = render(&[SHOP[0], SHOP[1], SHOP[2], &format!("{role}.enabled=false")]);
        let mut pods = of_kind(&objects, "Pod");
        assert_eq!(pods.len(), ROLES.len() - 1);
        let name = format!("-{role}-check");
        pods.retain(|pod| text(pod, "/metadata/name").ends_with(&name));
        assert!(pods.is_empty(), "{role}");
    }
}

#[test]
fn a_test_is_no_part_of_its_role_but_for_the_policy() {
    let objects = render(&[POLICIES, ORDER, SHOP[0], SHOP[1], SHOP[2]]);
    for pod in of_kind(&objects, "Pod") {
        let (name, labels) = (text(pod, "/metadata/name"), labels(pod));
        for kind in ["Deployment", "PodDisruptionBudget"] {
            for object in of_kind(&objects, kind) {
                let selector = &object["spec"]["selector"];
                assert!(!selects(selector, labels), "{name}: {kind}");
            }
        }
        for service in of_kind(&objects, "Service") {
            let its_own = name.ends_with("-order-test");
            let is_its_own = text(service, "/metadata/name") == name;
            let selected = has_all(labels, &service["spec"]["selector"]);
            assert_eq!(selected, its_own && is_its_own, "{name}");
        }
        let policies = of_kind(&objects, "NetworkPolicy");
        let mut policies = policies.into_iter();
        let own = policies.find(|policy| selects(&policy["spec"]["podSelector"], labels));
        let role = text(own.unwrap(), "/metadata/name");
        assert_eq!(name.trim_end_matches("-check"), role);
    }
}

#[test]
fn the_order_test_is_there_only_when_it_is_on() {
    let plain = render(&[POLICIES]);
    assert!(!Value::Array(plain).to_string().contains("order-test"));
    let objects = render(&[ORDER]);
    let role = one(&objects, "Role", "-order-test");
    assert_eq!(role["rules"], rules::of_order_test());
    let subject = &one(&objects, "RoleBinding", "-order-test")["subjects"][0];
    let account = one(&objects, "ServiceAccount", "-order-test");
    assert_eq!(subject["name"], account["metadata"]["name"]);
    let pod = &one(&objects, "Pod", "-order-test")["spec"];
    assert_eq!(pod["serviceAccountName"], account["metadata"]["name"]);
    assert_eq!(
        pod.pointer("/containers/0/args"),
        Some(&json!(["order-test"]))
    );
    let port = pod.pointer("/containers/0/ports/0/name");
    let service = one(&objects, "Service", "-order-test");
    assert_eq!(service.pointer("/spec/ports/0/targetPort"), port);
    // The URL of the test and the controller's list name one host.
    let url = json!({
        "name": "RESTOCK_ORDER_TEST_URL", "value": format!("http://{HOST}/api/manufactures"),
    });
    assert!(variables(pod).contains(&url));
    let controller = one(&objects, "Deployment", "-controller");
    let controller = &controller["spec"]["template"]["spec"];
    let allow = json!({
        "name": "RESTOCK_FACTORY_ALLOW", "value": format!("factory.example.com,{HOST}"),
    });
    assert!(variables(controller).contains(&allow));
    let checked = &one(&objects, "Pod", "-controller-check")["spec"];
    assert!(variables(checked).contains(&allow));
}

#[test]
fn an_order_test_without_one_of_its_roles_is_refused() {
    for role in ["controller", "ingest", "receiver"] {
        let said = refusal(&[ORDER, &format!("{role}.enabled=false")]);
        assert!(said.contains("tests.order"), "{said}");
    }
    assert!(!render(&[ORDER, "dlq.enabled=false"]).is_empty());
}

/// The labels of the pods of this component.
fn of_component(component: &str) -> Map<String, Value> {
    let labels = json!({
        "app.kubernetes.io/name": "restock-operator",
        "app.kubernetes.io/instance": "shop",
        "app.kubernetes.io/component": component,
    });
    labels.as_object().unwrap().clone()
}

/// The rules of a policy, one way, that are about pods of this component.
fn about<'a>(policy: &'a Value, way: &str, peer: &str, component: &str) -> Vec<&'a Value> {
    let pods = of_component(component);
    let leads = |rule: &&Value| {
        let peers = rule[peer].as_array().into_iter().flatten();
        let mut selectors = peers.filter_map(|peer| peer.get("podSelector"));
        selectors.any(|selector| selects(selector, &pods))
    };
    let rules = policy["spec"][way].as_array().unwrap();
    rules.iter().filter(leads).collect()
}

#[test]
fn the_policies_let_the_order_test_through() {
    let objects = render(&[
        POLICIES,
        ORDER,
        "callback.url=https://restock.example.com:8443/in",
        "networkPolicy.callbackCidrs=[\"10.2.0.0/16\"]",
    ]);
    let policy = |role: &str| one(&objects, "NetworkPolicy", &format!("-{role}"));
    let of_test = policy("order-test");
    let port = |rule: &Value| rule.pointer("/ports/0/port").cloned();
    for (rules, wanted) in [
        (
            about(policy("controller"), "egress", "to", "order-test"),
            json!(8090),
        ),
        (about(of_test, "ingress", "from", "controller"), json!(8090)),
        (about(of_test, "egress", "to", "receiver"), json!(8090)),
        (
            about(policy("receiver"), "ingress", "from", "order-test"),
            json!(8090),
        ),
    ] {
        assert_eq!(rules.len(), 1, "{wanted}");
        assert_eq!(port(rules[0]), Some(wanted));
    }
    // The ledger, the cluster, AWS, and the public URL's own port.
    let egress = of_test["spec"]["egress"].to_string();
    for port in [3306, 443, 6443, 8443] {
        assert!(
            egress.contains(&format!("\"port\":{port},")),
            "{port}: {egress}"
        );
    }
    // Nobody but the controller's pods may order.
    assert!(about(of_test, "ingress", "from", "ingest").is_empty());
}
