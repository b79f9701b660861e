//! Needs the cluster of `cargo xtask e2e`. Proves: copies of the overlays for EKS with the
//! places filled in, and `kubectl apply -k`, are an installation that works, and a shop that
//! sells from it; applied again they change nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod cluster {
    pub(crate) mod accounts;
    pub(crate) mod buyer;
    pub(crate) mod factory;
    pub(crate) mod installation;
    pub(crate) mod place;
}
mod support {
    pub(crate) mod account;
    pub(crate) mod grants;
    pub(crate) mod inbox;
    pub(crate) mod ledger;
    pub(crate) mod proxy;
    pub(crate) mod stock_queue;
}

use cluster::buyer::sell_out_and_restock;
use cluster::factory::Factory;
use cluster::installation::{Installation, with_shop};
use restock_operator::crd::words::Phase;
use serde_json::json;
use std::path::{Path, PathBuf};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs the cluster of `cargo xtask e2e`"]
async fn the_plain_manifests_are_an_installation_that_works() {
    with_shop(|shop| async move {
        let overlays = ["eks", "eks-shop"].map(|name| fill_in(&shop, name));
        make_keys(&shop).await;
        apply(&shop, &overlays[0]).await;
        a_factory_is_there(&shop).await;
        all_are_available(&shop).await;
        shop.grant_tables().await;
        products_are_declared(&shop).await;
        shop.message("plain", 3, "a shop").await;
        shop.ended(Phase::Succeeded, 1).await;
        assert_eq!(shop.stock().await, 20 + 3);
        apply(&shop, &overlays[1]).await;
        all_are_available(&shop).await;
        sell_out_and_restock(&shop, "restock-operator-sales").await;
        // By what is stored: kubectl says "configured" of each list that the server completes.
        let before = generations(&shop).await;
        for overlay in &overlays {
            apply(&shop, overlay).await;
        }
        assert_eq!(generations(&shop).await, before);
        for overlay in &overlays {
            std::fs::remove_dir_all(overlay).unwrap();
        }
    })
    .await;
}

async fn apply(shop: &Installation, overlay: &Path) {
    let directory = overlay.display().to_string();
    shop.place
        .kubectl(&["apply", "--kustomize", &directory])
        .await;
}

async fn all_are_available(shop: &Installation) {
    let available = ["wait", "--for=condition=Available", "--timeout=180s"];
    let all = ["deployments", "--all"];
    shop.place
        .kubectl(&[&available[..], &all[..]].concat())
        .await;
}

/// Name and generation of what a change of its spec would count up.
async fn generations(shop: &Installation) -> String {
    let kinds = "deployments,jobs,poddisruptionbudgets,customresourcedefinitions";
    let columns = "--output=custom-columns=NAME:.metadata.name,GENERATION:.metadata.generation";
    let table = shop.place.kubectl(&["get", kinds, columns]).await;
    assert!(table.contains("restock-operator-controller"), "{table}");
    table
}

/// The overlay of this name, copied, with what is ours in the place of the examples.
fn fill_in(shop: &Installation, name: &str) -> PathBuf {
    let namespace = &shop.place.namespace;
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{namespace}-{name}"));
    std::fs::create_dir_all(&copy).unwrap();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests");
    for entry in std::fs::read_dir(sample.join(name)).unwrap() {
        let entry = entry.unwrap();
        let mut text = std::fs::read_to_string(entry.path()).unwrap();
        for (from, to) in places(shop) {
            text = text.replace(&from, &to);
        }
        let file = entry.file_name();
        // The settings are patches of what is still where the base has it.
        if file != "settings.yaml" {
            text = text.replace("namespace: restock", &format!("namespace: {namespace}"));
        }
        if file == "kustomization.yaml" {
            text.push_str(&local_aws(shop));
        }
        std::fs::write(copy.join(file), text).unwrap();
    }
    copy
}

/// What stands in the overlays, and what is ours.
fn places(shop: &Installation) -> Vec<(String, String)> {
    let namespace = &shop.place.namespace;
    let account = "https://sqs.eu-central-1.amazonaws.com/123456789012";
    let topic = "arn:aws:sns:eu-central-1:123456789012";
    let registry = "newName: 123456789012.dkr.ecr.eu-central-1.amazonaws.com/";
    let callback = shop.callback_url("restock-operator-receiver");
    let factory = format!("factory.{namespace}.svc");
    let places = [
        ("name: restock\n", &*format!("name: {namespace}\n")),
        ("../base", "../../../manifests/base"),
        ("../shop", "../../../manifests/shop"),
        (registry, "newName: "),
        ("newTag: 0.1.0", "newTag: dev"),
        (
            &format!("{account}/out-of-stock-dead"),
            shop.queues.dead.url(),
        ),
        (&format!("{account}/out-of-stock"), shop.queues.queue.url()),
        (&format!("{account}/callback-inbox"), shop.inbox()),
        (&format!("{topic}:operations"), shop.operations()),
        (&format!("{topic}:out-of-stock"), shop.queues.topic_arn()),
        ("https://restock.example.com", &callback),
        ("factory.example.com", &factory),
        // Last: it is a part of most of the others.
        ("eu-central-1", "us-east-1"),
    ];
    let owned = |(from, to): (&str, &str)| (from.to_owned(), to.to_owned());
    places.into_iter().map(owned).collect()
}

/// In the place of the IAM roles.
fn local_aws(shop: &Installation) -> String {
    let mut variables = vec![("AWS_ENDPOINT_URL".to_owned(), json!(shop.aws_endpoint()))];
    let settings = shop.aws_settings();
    let settings = settings.as_object().unwrap().clone().into_iter();
    variables.extend(settings);
    let mut patch = "  - target: {kind: Deployment}\n    patch: |-\n".to_owned();
    for (name, value) in variables {
        let add = json!([{
            "op": "add", "path": "/spec/template/spec/containers/0/env/-",
            "value": { "name": name, "value": value },
        }]);
        // A list of one in JSON is one entry of a list in YAML.
        let entry = add[0].to_string();
        patch.push_str(&format!("      - {entry}\n"));
    }
    patch
}

async fn make_keys(shop: &Installation) {
    let keys = "callback-keys=k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let literal = format!("--from-literal={keys}");
    let create = [
        "create",
        "secret",
        "generic",
        "restock-callback-keys",
        &literal,
    ];
    shop.place.kubectl(&create).await;
}

/// As docs/install-eks.md says it, with this image.
async fn products_are_declared(shop: &Installation) {
    let file = "--from-file=manifests/samples/products.yaml";
    let create = ["create", "configmap", "restock-products", file];
    shop.place.kubectl(&create).await;
    let sample = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/manifests/samples/products-job.yaml"
    );
    let sample = std::fs::read_to_string(sample).unwrap();
    let job = sample.replace("restock-operator:0.1.0", "restock-operator:dev");
    shop.place.apply(&job).await;
    let wait = ["wait", "--for=condition=Complete", "job/restock-products"];
    shop.place
        .kubectl(&[&wait[..], &["--timeout=90s"]].concat())
        .await;
}

/// The sample, with this factory's address.
async fn a_factory_is_there(shop: &Installation) {
    let known = ["wait", "--for=condition=Established", "--timeout=60s"];
    let definition = ["customresourcedefinition/factories.restock.dev"];
    shop.place
        .kubectl(&[&known[..], &definition[..]].concat())
        .await;
    let sample = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/manifests/samples/factory.yaml"
    );
    let sample = std::fs::read_to_string(sample).unwrap();
    let url = "http://127.0.0.1:8081/api/manufactures";
    assert!(sample.contains(url));
    let factory = sample.replace(url, &Factory::url(&shop.place));
    shop.place.apply(&factory).await;
}
