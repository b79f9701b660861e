//! Needs helm. Proves: the Sales API and the relay are installed only where they are switched
//! on, each with an account of its own at the ledger and none in the cluster, and buyers reach
//! the shop.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod support {
    pub(crate) mod chart;
}

use serde_json::{Value, json};
use support::chart::{SHOP, helm, of_kind, one, refusal, render, text};

/// The shop, with these further values.
fn shop(more: &[&str]) -> Vec<Value> {
    render(&[&SHOP[..], more].concat())
}

/// Its pod has this Secret for the ledger and no other, and it is nobody in the cluster.
fn has_an_account_of_its_own(objects: &[Value], role: &str, secret: &str) {
    let name = format!("shop-restock-operator-{role}");
    let pod = &one(objects, "Deployment", &name)["spec"]["template"]["spec"];
    assert_eq!(pod["serviceAccountName"], name.as_str());
    assert_eq!(pod["automountServiceAccountToken"], false);
    let volumes = pod["volumes"].as_array().unwrap();
    let secrets: Vec<&str> = volumes
        .iter()
        .map(|volume| text(volume, "/secret/secretName"))
        .collect();
    assert_eq!(secrets, [secret]);
    let account = one(objects, "ServiceAccount", &name);
    assert_eq!(account["metadata"]["annotations"]["a"], "irsa");
    for kind in ["RoleBinding", "ClusterRoleBinding"] {
        for binding in of_kind(objects, kind) {
            assert!(!binding["subjects"].to_string().contains(&name));
        }
    }
}

fn variable<'a>(objects: &'a [Value], role: &str, name: &str) -> &'a str {
    let deployment = one(objects, "Deployment", role);
    let variables = &deployment["spec"]["template"]["spec"]["containers"][0]["env"];
    let mut variables = variables.as_array().unwrap().iter();
    let found = variables.find(|variable| variable["name"] == name);
    text(found.unwrap(), "/value")
}

#[test]
fn the_shop_is_installed_only_where_it_is_switched_on() {
    let mut plain = render(&[]);
    // That of the readers names what may be added later.
    plain.retain(|object| object["kind"] != "Role");
    let plain = Value::Array(plain).to_string();
    assert!(!plain.contains("sales") && !plain.contains("relay"));
    let said = refusal(&[SHOP[1]]);
    assert!(
        said.contains("stockTopicArn") && said.contains("required"),
        "{said}"
    );
    let sales_alone = render(&[SHOP[0]]);
    assert_eq!(of_kind(&sales_alone, "Deployment").len(), 5);
}

#[test]
fn the_relay_has_an_account_of_its_own_and_the_topic() {
    let objects = shop(&[
        "relay.databaseSecretName=outbox",
        "relay.replicas=3",
        "relay.settings.RUST_LOG=debug",
        "relay.serviceAccount.annotations={\"a\":\"irsa\"}",
        "networkPolicy.enabled=true",
    ]);
    has_an_account_of_its_own(&objects, "relay", "outbox");
    let deployment = one(&objects, "Deployment", "-relay");
    assert_eq!(deployment["spec"]["replicas"], 3);
    let topic = SHOP[2].split_once('=').unwrap().1;
    assert_eq!(variable(&objects, "-relay", "RESTOCK_TOPIC_ARN"), topic);
    assert_eq!(variable(&objects, "-relay", "RUST_LOG"), "debug");
    one(&objects, "PodDisruptionBudget", "-relay");
    let egress = one(&objects, "NetworkPolicy", "-relay")["spec"]["egress"].to_string();
    assert!(
        egress.contains("3306") && egress.contains("443"),
        "{egress}"
    );
    assert!(!egress.contains("6443"), "no way to the cluster: {egress}");
}

#[test]
fn the_sales_have_an_account_of_their_own_and_their_settings() {
    let objects = shop(&[
        "sales.databaseSecretName=till",
        "sales.replicas=3",
        "sales.settings.RESTOCK_EARLY_WARNING=true",
        "sales.resources.limits.memory=1Gi",
        "sales.serviceAccount.annotations={\"a\":\"irsa\"}",
    ]);
    has_an_account_of_its_own(&objects, "sales", "till");
    let deployment = one(&objects, "Deployment", "-sales");
    assert_eq!(deployment["spec"]["replicas"], 3);
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["args"], json!(["sales"]));
    assert_eq!(container["resources"]["limits"]["memory"], "1Gi");
    let early = variable(&objects, "-sales", "RESTOCK_EARLY_WARNING");
    assert_eq!(early, "true");
    let file = variable(&objects, "-sales", "RESTOCK_DATABASE_URL_FILE");
    assert_eq!(file, "/etc/restock/database/url");
    one(&objects, "PodDisruptionBudget", "-sales");
}

#[test]
fn buyers_reach_the_shop_by_its_service_and_by_an_ingress_that_names_its_host() {
    let objects = shop(&["sales.service.port=8000", "sales.service.type=NodePort"]);
    let service = one(&objects, "Service", "-sales");
    assert_eq!(service["spec"]["type"], "NodePort");
    let port = &service["spec"]["ports"][0];
    assert_eq!(
        (&port["port"], &port["targetPort"]),
        (&json!(8_000), &json!("shop"))
    );
    let pod = &one(&objects, "Deployment", "-sales")["spec"]["template"];
    for (key, value) in service["spec"]["selector"].as_object().unwrap() {
        assert_eq!(pod["metadata"]["labels"].get(key), Some(value));
    }
    let ports = &pod["spec"]["containers"][0]["ports"];
    assert!(ports.to_string().contains("\"name\":\"shop\""), "{ports}");
    assert!(of_kind(&objects, "Ingress").is_empty());

    let said = refusal(&[SHOP[0], "sales.ingress.enabled=true"]);
    assert!(
        said.contains("sales.ingress.host") && said.contains("required"),
        "{said}"
    );
    let objects = shop(&[
        "sales.ingress.enabled=true",
        "sales.ingress.className=alb",
        "sales.ingress.host=shop.example.com",
        "sales.ingress.tlsSecretName=shop-tls",
        "sales.ingress.annotations={\"a\":\"alb\"}",
    ]);
    let ingress = one(&objects, "Ingress", "-sales");
    assert_eq!(ingress["metadata"]["annotations"]["a"], "alb");
    assert_eq!(ingress["spec"]["ingressClassName"], "alb");
    let tls = json!([{"hosts": ["shop.example.com"], "secretName": "shop-tls"}]);
    assert_eq!(ingress["spec"]["tls"], tls);
    let rule = &ingress["spec"]["rules"][0];
    assert_eq!(rule["host"], "shop.example.com");
    let path = &rule["http"]["paths"][0];
    assert_eq!(path["path"], "/");
    let service = one(&objects, "Service", "-sales");
    let backend = text(path, "/backend/service/name");
    assert_eq!(backend, text(service, "/metadata/name"));
}

#[test]
fn a_shop_that_scales_has_no_number_of_its_own() {
    let objects = shop(&[
        "sales.autoscaling.enabled=true",
        "sales.autoscaling.minReplicas=3",
        "sales.autoscaling.maxReplicas=9",
        "sales.autoscaling.targetCpu=60",
        // It says nothing any more, of the budget neither.
        "sales.replicas=1",
    ]);
    let deployment = one(&objects, "Deployment", "-sales");
    assert_eq!(deployment["spec"].get("replicas"), None);
    let scaler = &one(&objects, "HorizontalPodAutoscaler", "-sales")["spec"];
    assert_eq!(
        scaler["scaleTargetRef"]["name"],
        deployment["metadata"]["name"]
    );
    let numbers = (&scaler["minReplicas"], &scaler["maxReplicas"]);
    assert_eq!(numbers, (&json!(3), &json!(9)));
    let target = &scaler["metrics"][0]["resource"]["target"];
    assert_eq!(target["averageUtilization"], 60);
    one(&objects, "PodDisruptionBudget", "-sales");
}

#[test]
fn the_shop_is_called_at_its_port_and_calls_the_ledger_alone() {
    let policy = |more: &[&str]| {
        let objects = shop(&[&["networkPolicy.enabled=true"], more].concat());
        one(&objects, "NetworkPolicy", "-sales")["spec"].clone()
    };
    let from_anybody = json!({"ports": [{"port": 8_090, "protocol": "TCP"}]});
    let metrics = json!({
        "from": [{"namespaceSelector": {}}],
        "ports": [{"port": 8_080, "protocol": "TCP"}],
    });
    let plain = policy(&[]);
    assert_eq!(plain["ingress"], json!([metrics, from_anybody]));
    let ports = plain["egress"].as_array().unwrap().iter();
    let ports = ports.flat_map(|rule| rule["ports"].as_array().unwrap());
    let ports: Vec<_> = ports.map(|port| port["port"].clone()).collect();
    assert_eq!(ports, [json!(53), json!(53), json!(3_306)]);

    let narrow = policy(&["networkPolicy.shopCidrs=[\"10.3.0.0/16\"]"]);
    let from = json!([{"ipBlock": {"cidr": "10.3.0.0/16"}}]);
    assert_eq!(narrow["ingress"][1]["from"], from);
    let with_a_balancer = policy(&[
        "sales.ingress.enabled=true",
        "sales.ingress.host=shop.example.com",
    ]);
    let ports = with_a_balancer["ingress"][1]["ports"].to_string();
    assert!(ports.contains("8090") && ports.contains("8080"), "{ports}");
}

#[test]
fn the_notes_say_where_buyers_call_and_warn_of_messages_that_nobody_publishes() {
    let notes = |values: &[&str]| {
        let output = helm(&["install", "shop", "--dry-run=client"], values);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let warning = "WARNING: sales without relay";
    let without_relay = notes(&[SHOP[0]]);
    assert!(without_relay.contains("Buyers call Service shop-restock-operator-sales, port 80"));
    assert!(without_relay.contains(warning));
    let whole = notes(&SHOP);
    assert!(whole.contains("Buyers call") && !whole.contains(warning));
    assert!(!notes(&[]).contains("Buyers call"));
}
