//! The chart as helm renders it.
#![allow(dead_code, reason = "each test file uses its part of it")]

use serde_json::Value;
use std::process::{Command, Output};

/// What the documents ask a person to set, and nothing more.
pub(crate) const LEAST: [&str; 8] = [
    "aws.region=eu-central-1",
    "callback.url=https://restock.example.com/in",
    "callback.keysSecretName=restock-callback-keys",
    "notices.topicArn=arn:aws:sns:eu-central-1:123456789012:operations",
    "ingest.queueUrl=https://sqs.example/out-of-stock",
    "receiver.inboxUrl=https://sqs.example/inbox",
    "dlq.queueUrl=https://sqs.example/dead",
    "factories.legacy.url=https://factory.example.com:8443/api",
];

/// The least that the roles of the shop need beside: they are off by default.
pub(crate) const SHOP: [&str; 3] = [
    "sales.enabled=true",
    "relay.enabled=true",
    "stockTopicArn=arn:aws:sns:eu-central-1:123456789012:stock",
];

/// Runs helm on the chart with the least, and these further values.
pub(crate) fn helm(arguments: &[&str], more: &[&str]) -> Output {
    let program = std::env::var_os("HELM").expect("HELM is not set: run cargo xtask test");
    let chart = format!("{}/charts/restock-operator", env!("CARGO_MANIFEST_DIR"));
    let mut helm = Command::new(program);
    helm.args(arguments).arg(chart);
    for value in LEAST.iter().chain(more) {
        // As JSON where it is: a list or an object cannot be written otherwise.
        let (name, text) = value.split_once('=').expect("name=value");
        let is_json = text.starts_with(['[', '{', '"']) || text.parse::<i64>().is_ok();
        let how = if is_json { "--set-json" } else { "--set" };
        helm.arg(how).arg(format!("{name}={text}"));
    }
    helm.output().expect("helm runs")
}

/// What helm makes of a release named `shop` in the namespace `restock`, as it is.
pub(crate) fn rendered(arguments: &[&str], more: &[&str]) -> String {
    let template = ["template", "shop", "--namespace", "restock"];
    let output = helm(&[&template[..], arguments].concat(), more);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{more:?}: {error}");
    String::from_utf8(output.stdout).expect("helm writes UTF-8")
}

/// The objects of such a release.
pub(crate) fn render(more: &[&str]) -> Vec<Value> {
    objects(&rendered(&[], more))
}

/// The objects of a rendered chart.
pub(crate) fn objects(text: &str) -> Vec<Value> {
    let documents = text.split("\n---\n").map(|document| {
        serde_saphyr::from_str::<Value>(document).unwrap_or_else(|why| panic!("{why}: {document}"))
    });
    documents.filter(|document| !document.is_null()).collect()
}

/// Why helm renders nothing with these values.
pub(crate) fn refusal(more: &[&str]) -> String {
    let output = helm(&["template", "shop", "--namespace", "restock"], more);
    assert!(!output.status.success(), "{more:?} is rendered");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The text at this pointer; empty if there is none.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Those of this kind.
pub(crate) fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let is_one = |object: &&Value| text(object, "/kind") == kind;
    objects.iter().filter(is_one).collect()
}

/// The one of this kind whose name ends so.
pub(crate) fn one<'a>(objects: &'a [Value], kind: &str, name_ends: &str) -> &'a Value {
    let mut found = of_kind(objects, kind);
    found.retain(|object| text(object, "/metadata/name").ends_with(name_ends));
    assert_eq!(found.len(), 1, "{kind} …{name_ends}");
    found[0]
}

/// Every pod that the objects make, with the name of its maker.
pub(crate) fn pods(objects: &[Value]) -> Vec<(String, &Value)> {
    let mut pods = Vec::new();
    for object in objects {
        let spec = match text(object, "/kind") {
            "Deployment" | "Job" => object.pointer("/spec/template/spec"),
            "Pod" => object.pointer("/spec"),
            _ => None,
        };
        let name = text(object, "/metadata/name").to_owned();
        pods.extend(spec.map(|spec| (name, spec)));
    }
    pods
}
