//! Needs helm and kubectl. Proves: the plain manifests are what the chart renders, the
//! overlays for EKS fill in every place of theirs, and the AWS policies allow what the
//! documents say.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn checkout(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn output(program: &str, arguments: &[&str]) -> String {
    let program = std::env::var_os(program).expect("run this with `cargo xtask test`");
    let mut command = Command::new(program);
    let output = command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments)
        .output();
    let output = output.unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_committed_manifests_are_those_of_the_chart() {
    for (path, values) in [
        (
            "manifests/base/restock-operator.yaml",
            "manifests/base/values.yaml",
        ),
        ("manifests/shop/shop.yaml", "manifests/shop/values.yaml"),
    ] {
        let arguments = format!(
            "template --skip-tests restock charts/restock-operator --namespace restock \
             --values {values}"
        );
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let rendered = output("HELM", &arguments);
        let committed = std::fs::read_to_string(checkout(path)).unwrap();
        assert!(
            committed == rendered,
            "{path} is not current: run cargo xtask generate"
        );
    }
}

/// The objects that this overlay makes.
fn overlay(path: &str) -> Vec<Value> {
    let built = output("KUBECTL", &["kustomize", path]);
    let documents = built.split("\n---\n");
    documents
        .map(|text| serde_saphyr::from_str(text).unwrap())
        .collect()
}

#[test]
fn the_overlays_for_eks_leave_no_place_open() {
    let mut accounts = 0;
    for object in [overlay("manifests/eks"), overlay("manifests/eks-shop")].concat() {
        let name = object["metadata"]["name"].clone();
        match object["kind"].as_str().unwrap() {
            "Deployment" => {
                let pod = object["spec"]["template"].to_string();
                for open in ["\"REGION\"", ".REGION.", "ACCOUNT/", ":ACCOUNT:"] {
                    assert!(!pod.contains(open), "{name}: {open} is left: {pod}");
                }
            }
            "ConfigMap" => {
                let data = object["data"].to_string();
                assert!(
                    !data.contains("REGION") && !data.contains("ACCOUNT"),
                    "{name}: {data}"
                );
            }
            // The sales need nothing on AWS.
            "ServiceAccount" if name != "restock-operator-sales" => {
                accounts += 1;
                let role = &object["metadata"]["annotations"]["eks.amazonaws.com/role-arn"];
                assert!(role.is_string(), "{name} has no IAM role");
            }
            _ => {}
        }
    }
    assert_eq!(accounts, 5);
}

#[test]
fn the_shop_is_added_to_an_installation_and_takes_nothing_of_it_along() {
    let name = |object: &Value| format!("{} {}", object["kind"], object["metadata"]["name"]);
    let base: BTreeSet<String> = overlay("manifests/eks").iter().map(name).collect();
    let shop: BTreeSet<String> = overlay("manifests/eks-shop").iter().map(name).collect();
    assert!(
        shop.contains(r#""Service" "restock-operator-sales""#),
        "{shop:?}"
    );
    assert!(
        shop.contains(r#""Deployment" "restock-operator-relay""#),
        "{shop:?}"
    );
    let both: Vec<_> = base.intersection(&shop).collect();
    assert!(both.is_empty(), "deleted with the shop: {both:?}");
}

/// What the table of docs/configuration.md allows this role to do on AWS.
fn documented(role: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(checkout("docs/configuration.md")).unwrap();
    let table = text.split("## What each role needs").nth(1).unwrap();
    let row = table
        .lines()
        .find(|line| line.starts_with(&format!("| {role} |")));
    let cell = row.unwrap().split('|').nth(2).unwrap();
    // "the same four" stands for those of the row above, and an action without a service for
    // one of the service before it.
    let same = if cell.contains("the same four") {
        documented("ingest")
    } else {
        BTreeSet::new()
    };
    let mut service = "";
    let mut actions = same;
    for word in cell.split('`').skip(1).step_by(2) {
        let (named, action) = word.split_once(':').unwrap_or((service, word));
        service = named;
        actions.insert(format!("{named}:{action}"));
    }
    actions
}

/// What AWS grants on everything or not at all: it has no resource type (Service
/// Authorization Reference).
const WITHOUT_RESOURCE: [&str; 1] = ["sns:GetSubscriptionAttributes"];

#[test]
fn the_policies_for_aws_allow_what_the_documents_say_and_no_more() {
    for role in [
        "controller",
        "ingest",
        "receiver",
        "relay",
        "dlq",
        "order-test",
        "on-call",
    ] {
        let text = std::fs::read_to_string(checkout(&format!("manifests/aws/{role}.json")));
        let policy: Value = serde_json::from_str(&text.unwrap()).unwrap();
        let mut allowed = BTreeSet::new();
        for statement in policy["Statement"].as_array().unwrap() {
            // For `check` alone, which may also be refused them.
            let of_check = statement["Sid"].as_str().unwrap().starts_with("Have");
            let actions = statement["Action"].as_array().unwrap().iter();
            let actions = actions.map(|action| action.as_str().unwrap().to_owned());
            let without = |action: &String| WITHOUT_RESOURCE.contains(&action.as_str());
            let everywhere = actions.clone().all(|action| without(&action));
            assert_eq!(statement["Resource"] == "*", everywhere, "{role}");
            allowed.extend(actions.filter(|_| !of_check));
        }
        assert_eq!(allowed, documented(role), "{role}");
    }
}

fn install_page() -> String {
    std::fs::read_to_string(checkout("docs/install-eks.md")).unwrap()
}

#[test]
fn the_namespace_is_that_of_the_document() {
    let objects = overlay("manifests/eks");
    let mut namespaces = objects.iter().filter(|one| one["kind"] == "Namespace");
    let labels = &namespaces.next().unwrap()["metadata"]["labels"];
    let page = install_page();
    assert_eq!(labels.as_object().unwrap().len(), 2);
    for (key, value) in labels.as_object().unwrap() {
        let label = format!("{key}={}", value.as_str().unwrap());
        assert!(page.contains(&label), "{label}");
    }
}

#[test]
fn the_job_of_the_products_finds_what_the_document_makes() {
    let sample = std::fs::read_to_string(checkout("manifests/samples/products-job.yaml")).unwrap();
    let job: Value = serde_saphyr::from_str(&sample).unwrap();
    let pod = &job["spec"]["template"]["spec"];
    let page = install_page();
    let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap();
    let volumes = pod["volumes"].as_array().unwrap();
    assert_eq!((mounts.len(), volumes.len()), (3, 3));
    for volume in volumes {
        let secret = volume["secret"]["secretName"].as_str();
        let (what, name) = match secret {
            Some(name) => ("secret generic", name),
            None => ("configmap", volume["configMap"]["name"].as_str().unwrap()),
        };
        let made = format!("kubectl create {what} {name} ");
        assert!(page.contains(&made), "{made}");
        let source = volume.get("secret").or(volume.get("configMap")).unwrap();
        let optional = source["optional"] == true;
        assert_eq!(optional, volume["name"] != "products", "{volume}");
    }
    let authorities = mounts.iter().find(|one| one["name"] == "database-ca");
    let path = authorities.unwrap()["mountPath"].as_str().unwrap();
    assert!(page.contains(&format!("ssl-ca={path}/ca.pem")), "{path}");
}

#[test]
fn each_secret_of_secrets_manager_is_let_to_who_is_told_of_it() {
    let text = std::fs::read_to_string(checkout("manifests/aws/database-secret.json")).unwrap();
    let policy: Value = serde_json::from_str(&text).unwrap();
    // Six characters of Secrets Manager's own follow each name.
    let any = "arn:aws:secretsmanager:REGION:ACCOUNT:secret:SECRET-??????";
    assert_eq!(policy["Statement"][0]["Resource"], any);
    let page = install_page();
    let told: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.split_once("ecretsManagerId: "))
        .map(|(_, secret)| secret)
        .collect();
    assert_eq!(told.len(), 4);
    for secret in told {
        let mut lines = page.lines().filter(|line| line.contains("may_read "));
        let is_let = lines.any(|line| line.replace(';', "").split(' ').any(|word| word == secret));
        assert!(is_let, "{secret}");
    }
}

/// The trust that IRSA needs names one service account and one reader of its token.
#[test]
fn a_role_of_irsa_trusts_one_service_account() {
    let text = std::fs::read_to_string(checkout("manifests/aws/irsa-trust.json")).unwrap();
    let trust: Value = serde_json::from_str(&text).unwrap();
    let statement = &trust["Statement"][0];
    let provider = statement["Principal"]["Federated"].as_str().unwrap();
    let (_, issuer) = provider.split_once("oidc-provider/").unwrap();
    let equals = statement["Condition"]["StringEquals"].as_object().unwrap();
    assert_eq!(equals[&format!("{issuer}:aud")], "sts.amazonaws.com");
    let subject = "system:serviceaccount:restock:NAME";
    assert_eq!(equals[&format!("{issuer}:sub")], subject);
}
