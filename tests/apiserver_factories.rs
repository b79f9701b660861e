//! Needs an API server. Proves: `factories apply` makes the Factories of a file, may be
//! repeated, and leaves what a person has set beside it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/cluster.rs"]
mod cluster;

use cluster::{Place, in_namespace};
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams};
use restock_operator::crd::factory::Factory;
use restock_operator::process::install_tls;
use serde_json::json;
use std::process::{Command, Output};

fn apply(place: &Place, text: &str) -> Output {
    let file = std::env::temp_dir().join(format!("{}-factories", place.namespace));
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_restock-operator"));
    command.args(["factories", "apply", "--file"]).arg(&file);
    let output = command.env("RESTOCK_NAMESPACE", &place.namespace).output();
    std::fs::remove_file(file).unwrap();
    output.unwrap()
}

const TWO: &str = "first: {url: https://a.example/, default: true}\n\
                   second: {url: https://b.example/, factoryIds: [FF-2]}\n";

#[tokio::test]
async fn a_repeat_changes_nothing_and_the_emergency_stop_stays() {
    install_tls();
    in_namespace(|place| async move {
        let factories: Api<Factory> = Api::namespaced(place.client.clone(), &place.namespace);
        let output = apply(&place, TWO);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(output.stdout, b"first applied\nsecond applied\n");
        let stop = Patch::Merge(json!({ "spec": { "suspend": true } }));
        let stopped = factories
            .patch("first", &PatchParams::default(), &stop)
            .await;
        let version = stopped.unwrap().metadata.resource_version;
        assert!(apply(&place, TWO).status.success());
        let first = factories.get("first").await.unwrap();
        assert!(first.spec.suspend, "a person set it");
        assert_eq!(first.metadata.resource_version, version, "nothing changed");
        let changed = TWO.replace("a.example", "c.example");
        assert!(apply(&place, &changed).status.success());
        let first = factories.get("first").await.unwrap();
        assert_eq!(first.spec.url, "https://c.example/");
        assert!(first.spec.suspend, "still");
    })
    .await;
}

#[tokio::test]
async fn one_that_is_refused_is_named_and_can_be_mended() {
    install_tls();
    in_namespace(|place| async move {
        let factories: Api<Factory> = Api::namespaced(place.client.clone(), &place.namespace);
        let output = apply(
            &place,
            &TWO.replace("https://b.example/", "ftp://b.example/"),
        );
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(said.contains("Factory second: refused"), "{said}");
        let there = factories.list(&ListParams::default()).await.unwrap().items;
        assert_eq!(there.len(), 1, "the one before it is applied");
        assert!(apply(&place, TWO).status.success());
        let there = factories.list(&ListParams::default()).await.unwrap().items;
        assert_eq!(there.len(), 2);
    })
    .await;
}
