//! Needs the cluster of `cargo xtask e2e`. Proves: a copy of the overlay for EKS with the
//! places filled in, and `kubectl apply -k`, are an installation that works; applied again
//! they change nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod cluster {
    pub(crate) mod accounts;
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

use cluster::factory::Factory;
use cluster::installation::{Installation, with_shop};
use restock_operator::crd::words::Phase;
use serde_json::json;
use std::path::{Path, PathBuf};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs the cluster of `cargo xtask e2e`"]
async fn the_plain_manifests_are_an_installation_that_works() {
    with_shop(|shop| async move {
        let overlay = fill_in(&shop);
        let directory = overlay.display().to_string();
        let apply = ["apply", "--kustomize", &directory];
        make_keys(&shop).await;
        shop.place.kubectl(&apply).await;
        a_factory_is_there(&shop).await;
        let available = ["wait", "--for=condition=Available", "--timeout=180s"];
        let all = ["deployments", "--all"];
        shop.place
            .kubectl(&[&available[..], &all[..]].concat())
            .await;
        shop.grant_tables().await;
        products_are_declared(&shop).await;
        shop.message("plain", 3, "a shop").await;
        shop.ended(Phase::Succeeded, 1).await;
        assert_eq!(shop.stock().await, 20 + 3);
        // By what is stored: kubectl says "configured" of each list that the server completes.
        let before = generations(&shop).await;
        shop.place.kubectl(&apply).await;
        assert_eq!(generations(&shop).await, before);
        std::fs::remove_dir_all(&overlay).unwrap();
    })
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

/// The overlay, copied, with what is ours in the place of the examples.
fn fill_in(shop: &Installation) -> PathBuf {
    let place = &shop.place;
    let overlay = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&place.namespace);
    std::fs::create_dir_all(&overlay).unwrap();
    let namespace = format!("namespace: {}", place.namespace);
    let account = "https://sqs.eu-central-1.amazonaws.com/123456789012";
    let callback = shop.callback_url("restock-operator-receiver");
    let places = [
        (
            "name: restock\n".to_owned(),
            format!("name: {}\n", place.namespace),
        ),
        ("../base".to_owned(), "../../../manifests/base".to_owned()),
        (
            "newName: 123456789012.dkr.ecr.eu-central-1.amazonaws.com/".to_owned(),
            "newName: ".to_owned(),
        ),
        ("newTag: 0.1.0".to_owned(), "newTag: dev".to_owned()),
        (
            format!("{account}/out-of-stock-dead"),
            shop.queues.dead.url().to_owned(),
        ),
        (
            format!("{account}/out-of-stock"),
            shop.queues.queue.url().to_owned(),
        ),
        (format!("{account}/callback-inbox"), shop.inbox().to_owned()),
        (
            "arn:aws:sns:eu-central-1:123456789012:operations".to_owned(),
            shop.operations().to_owned(),
        ),
        ("https://restock.example.com".to_owned(), callback),
        (
            "factory.example.com".to_owned(),
            format!("factory.{}.svc", place.namespace),
        ),
        ("eu-central-1".to_owned(), "us-east-1".to_owned()),
    ];
    for file in ["kustomization.yaml", "namespace.yaml", "settings.yaml"] {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("manifests/eks")
            .join(file);
        let sample = std::fs::read_to_string(sample).unwrap();
        let mut text = places
            .iter()
            .fold(sample, |text, (from, to)| text.replace(from, to));
        if file != "settings.yaml" {
            text = text.replace("namespace: restock", &namespace);
        }
        let more = if file == "kustomization.yaml" {
            local_aws(shop)
        } else {
            String::new()
        };
        std::fs::write(overlay.join(file), text + &more).unwrap();
    }
    overlay
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
