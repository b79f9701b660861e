//! Needs helm. Proves: what the chart makes of its values, and that a wrong or missing one is
//! refused in words.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod support {
    pub(crate) mod chart;
}

use support::chart::{
    LEAST, SHOP, helm, objects, of_kind, one, pods, refusal, render, rendered, text,
};

#[test]
fn the_least_values_are_enough_and_helm_finds_no_fault() {
    let objects = render(&[]);
    assert_eq!(of_kind(&objects, "Deployment").len(), 4);
    let output = helm(&["lint", "--strict"], &[]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
}

#[test]
fn every_pod_fits_pod_security_restricted_and_has_no_more_than_it_needs() {
    let objects = render(&["tests.order=true", SHOP[0], SHOP[1], SHOP[2]]);
    let with_token = [
        "-controller",
        "-controller-check",
        "-ingest",
        "-ingest-check",
        "-factories",
        "-order-test",
    ];
    for (name, pod) in pods(&objects) {
        let says = |pointer: &str| pod.pointer(pointer).cloned().unwrap_or_default();
        let token = with_token.iter().any(|ending| name.ends_with(ending));
        assert_eq!(says("/automountServiceAccountToken"), token, "{name}");
        assert_eq!(says("/enableServiceLinks"), false, "{name}");
        assert_eq!(says("/securityContext/runAsNonRoot"), true, "{name}");
        assert_eq!(says("/securityContext/runAsUser"), 65_532, "{name}");
        let profile = says("/securityContext/seccompProfile/type");
        assert_eq!(profile, "RuntimeDefault", "{name}");
        for container in pod["containers"].as_array().unwrap() {
            let security = &container["securityContext"];
            assert_eq!(security["allowPrivilegeEscalation"], false, "{name}");
            assert_eq!(security["readOnlyRootFilesystem"], true, "{name}");
            assert_eq!(
                security["capabilities"]["drop"],
                serde_json::json!(["ALL"]),
                "{name}"
            );
            assert!(
                container.pointer("/resources/limits/memory").is_some(),
                "{name}"
            );
        }
        for volume in pod["volumes"].as_array().into_iter().flatten() {
            let source = volume.get("secret").or(volume.get("configMap")).unwrap();
            assert_eq!(
                source["optional"], true,
                "{name}: a role says what is missing"
            );
        }
    }
}

#[test]
fn no_role_may_do_more_than_its_work() {
    let objects = render(&["rbac.aggregate=false"]);
    assert!(of_kind(&objects, "ClusterRole").is_empty());
    let roles = of_kind(&objects, "Role");
    assert_eq!(
        roles.len(),
        5,
        "controller, its lease, ingest, the job of the Factories, and people who read"
    );
    for role in roles {
        for rule in role["rules"].as_array().unwrap() {
            let rule_text = rule.to_string();
            for forbidden in ["*", "secrets", "configmaps", "pods"] {
                assert!(
                    !rule_text.contains(&format!("\"{forbidden}\"")),
                    "{rule_text}"
                );
            }
        }
    }
}

/// A label that is new with each version of the chart would replace every pod.
#[test]
fn a_pod_has_no_label_of_a_version() {
    let objects = render(&["commonLabels.team=donuts"]);
    for deployment in of_kind(&objects, "Deployment") {
        let template = &deployment["spec"]["template"]["metadata"]["labels"];
        for version in ["helm.sh/chart", "app.kubernetes.io/version"] {
            assert!(template.get(version).is_none(), "{template}");
            assert!(deployment["metadata"]["labels"][version].is_string());
        }
        assert_eq!(template["team"], "donuts");
    }
}

#[test]
fn a_secret_with_headers_may_have_any_name_of_a_secret() {
    let objects = render(&["factoryHeaderSecrets=[\"my.secret\",\"auth\"]"]);
    let deployment = one(&objects, "Deployment", "-controller");
    let pod = &deployment["spec"]["template"]["spec"];
    let volumes = pod["volumes"].as_array().unwrap();
    for secret in ["my.secret", "auth"] {
        let mut volumes = volumes.iter();
        let volume = volumes.find(|volume| volume["secret"]["secretName"] == secret);
        let name = text(volume.unwrap(), "/name");
        assert!(!name.is_empty() && !name.contains('.'), "{name}");
        let path = format!("/etc/restock/headers/{secret}");
        let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap();
        let mut mounts = mounts.iter();
        assert!(mounts.any(|mount| mount["name"] == name && mount["mountPath"] == path.as_str()));
    }
}

#[test]
fn the_mapping_goes_with_the_last_role_that_reads_it() {
    let is_there = |off: &[&str]| {
        let objects = render(&[&["mapping=x: y"], off].concat());
        let maps = of_kind(&objects, "ConfigMap");
        maps.iter()
            .any(|map| text(map, "/data/mapping.yaml").trim() == "x: y")
    };
    assert!(is_there(&["ingest.enabled=false"]));
    assert!(is_there(&["dlq.enabled=false"]));
    assert!(!is_there(&["ingest.enabled=false", "dlq.enabled=false"]));
}

#[test]
fn a_release_says_where_its_dead_letters_are() {
    let is_there = |off: &[&str]| {
        let objects = render(&[&["aws.region=eu-central-1"], off].concat());
        let maps = of_kind(&objects, "ConfigMap");
        maps.iter().any(|map| {
            // By these labels the plugin finds it.
            let label =
                |name: &str| text(map, &format!("/metadata/labels/app.kubernetes.io~1{name}"));
            label("name") == "restock-operator"
                && label("component") == "queues"
                && text(map, "/data/dlqUrl").starts_with("http")
                && text(map, "/data/queueUrl").starts_with("http")
                && text(map, "/data/region") == "eu-central-1"
        })
    };
    assert!(is_there(&[]));
    assert!(!is_there(&["dlq.enabled=false"]));
}

#[test]
fn a_monitor_is_made_only_where_its_kind_is_known() {
    let objects = render(&["monitoring.podMonitor=true"]);
    assert!(of_kind(&objects, "PodMonitor").is_empty());
}

#[test]
fn the_notes_warn_of_what_is_risky() {
    let notes = |values: &[&str]| {
        let output = helm(&["install", "shop", "--dry-run=client"], values);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let plain = notes(&[]);
    let open = "NOTE: networkPolicy.enabled is false";
    assert!(plain.contains(open), "{plain}");
    assert!(!notes(&["networkPolicy.enabled=true"]).contains(open));
    for (value, words) in [
        ("receiver.replicas=1", "WARNING: receiver.replicas is 1"),
        (
            "monitoring.podMonitor=true",
            "WARNING: monitoring.podMonitor",
        ),
        ("migrate.enabled=false", "NOTE: migrate.enabled is false"),
        (
            "networkPolicy.enabled=true",
            "NOTE: networkPolicy.readCidrs is empty",
        ),
        ("callback.url=http://in.example", "WARNING: callback.url"),
        ("crds.keep=false", "WARNING: crds.keep is false"),
    ] {
        assert!(!plain.contains(words), "{plain}");
        let said = notes(&[value]);
        assert!(said.contains(words), "{value}: {said}");
    }
}

#[test]
fn the_service_leads_to_the_receiver_and_the_ingress_to_the_service() {
    let objects = render(&[
        "receiver.ingress.enabled=true",
        "receiver.ingress.className=alb",
    ]);
    let service = one(&objects, "Service", "-receiver");
    let pod = one(&objects, "Deployment", "-receiver");
    let labels = &pod["spec"]["template"]["metadata"]["labels"];
    for (key, value) in service["spec"]["selector"].as_object().unwrap() {
        assert_eq!(labels.get(key), Some(value));
    }
    let rule = &one(&objects, "Ingress", "-receiver")["spec"]["rules"][0];
    assert_eq!(rule["host"], "restock.example.com");
    let backend = text(rule, "/http/paths/0/backend/service/name");
    assert_eq!(backend, text(service, "/metadata/name"));
    let controller = one(&objects, "Deployment", "-controller").to_string();
    let url = format!("http://{backend}:{}", service["spec"]["ports"][0]["port"]);
    assert!(controller.contains(&format!("\"{url}\"")), "{url}");
}

#[test]
fn what_is_missing_is_named() {
    for (name, without) in [
        ("callback.url", "callback.url="),
        ("ingest.queueUrl", "ingest.queueUrl="),
        ("receiver.inboxUrl", "receiver.inboxUrl="),
        ("dlq.queueUrl", "dlq.queueUrl="),
        ("notices.topicArn", "notices.topicArn="),
    ] {
        let said = refusal(&[without]);
        assert!(
            said.contains(name) && said.contains("required"),
            "{name}: {said}"
        );
    }
    let said = refusal(&["callback.keysSecretName="]);
    assert!(said.contains("kubectl create secret generic"), "{said}");
}

#[test]
fn a_misspelt_value_and_a_wrong_one_are_refused() {
    for wrong in [
        "database.address=mysql://user:password@db/n",
        "controler.replicas=3",
        "receiver.service.prot=80",
        "image.pullPolicy=Sometimes",
        "receiver.service.port=70000",
        "controller.replicas=[]",
        "requestsNamespace=Shop",
        "factories.legacy.url=",
        "factories.north.default=true",
        "factories.legacy.defualtQuantity=10",
        "factories.legacy.maxQuantity=abc",
        "factories.Legacy_X.url=https://north.example.com",
        "commonLabels={\"app.kubernetes.io/name\":\"other\"}",
        "controller.namespaces=[\"north\",\"south,east\"]",
    ] {
        let said = refusal(&[wrong]);
        assert!(
            said.contains("values.schema.json") || said.contains("schema"),
            "{wrong}: {said}"
        );
    }
    let both = [
        "ingest.autoscaling.enabled=true",
        "ingest.keda.enabled=true",
    ];
    assert!(refusal(&both).contains("enable one of them"));
}

#[test]
fn the_readme_shows_the_least_values() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/charts/restock-operator/README.md"
    );
    let readme = std::fs::read_to_string(path).unwrap();
    for value in LEAST {
        let (name, _) = value.split_once('=').unwrap();
        let key = name.rsplit('.').next().unwrap();
        let shown = readme.contains(&format!("{key}:")) || readme.contains(&format!("`{name}`"));
        assert!(shown, "{name}");
    }
}

#[test]
fn with_the_values_for_high_availability_every_role_has_more_than_one_pod() {
    let values = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/charts/restock-operator/values-ha.yaml"
    );
    let objects = objects(&rendered(&["--values", values], &[]));
    let deployments = of_kind(&objects, "Deployment");
    assert_eq!(deployments.len(), 4);
    for deployment in deployments {
        let replicas = deployment["spec"]["replicas"].as_i64();
        assert!(replicas > Some(1), "{}", deployment["metadata"]["name"]);
    }
    assert_eq!(of_kind(&objects, "PodDisruptionBudget").len(), 4);
}
