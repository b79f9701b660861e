//! Needs helm, kubeconform and an API server. Proves: every object that the chart renders has
//! the fields of its kind and no other, by the schemas of that server.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod support {
    pub(crate) mod chart;
}

use kube::Client;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use support::chart::rendered;

/// Those that other projects define; nothing here knows their fields.
const FOREIGN: &str = "ScaledObject,PodMonitor";

/// Values that bring every kind of object there is.
const EVERYTHING: [&str; 15] = [
    "receiver.ingress.enabled=true",
    "receiver.ingress.tlsSecretName=certificate",
    "ingest.autoscaling.enabled=true",
    "networkPolicy.enabled=true",
    "networkPolicy.callbackCidrs=[\"10.0.0.0/8\"]",
    "requestsMax=1000",
    "tests.order=true",
    "sales.enabled=true",
    "sales.ingress.enabled=true",
    "sales.ingress.host=shop.example.com",
    "sales.autoscaling.enabled=true",
    "relay.enabled=true",
    "stockTopicArn=arn:aws:sns:eu-central-1:123456789012:stock",
    "mapping=product: body.product",
    "tolerations=[{\"key\": \"spot\", \"operator\": \"Exists\"}]",
];

/// The schemas of one server, gone with the test.
struct Schemas(PathBuf);

impl Schemas {
    async fn of_server() -> Self {
        let client = Client::try_default()
            .await
            .expect("run this with `cargo xtask test`");
        let directory = format!("kubeconform-{}", std::process::id());
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(directory);
        std::fs::create_dir_all(&directory).unwrap();
        let index = read(&client, "/openapi/v3").await;
        for path in index["paths"].as_object().unwrap().keys() {
            if path.starts_with("api") {
                let document = read(&client, &format!("/openapi/v3/{path}")).await;
                keep(&directory, path, document);
            }
        }
        Self(directory)
    }

    /// What kubeconform finds wrong with these objects.
    fn problems(&self, objects: &str) -> Result<(), String> {
        let file = self.0.join("objects.yaml");
        std::fs::write(&file, objects).unwrap();
        let location = "{{.ResourceKind}}-{{.Group}}-{{.ResourceAPIVersion}}.kind.json";
        let location = format!("{}/{location}", self.0.display());
        let program = std::env::var_os("KUBECONFORM").expect("run this with `cargo xtask test`");
        let mut kubeconform = Command::new(program);
        kubeconform.args(["-strict", "-summary", "-skip", FOREIGN]);
        kubeconform.args(["-schema-location", &location]).arg(&file);
        let output = kubeconform.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        match output.status.success() {
            true if !said.contains("Valid: 0,") => Ok(()),
            _ => Err(said + &String::from_utf8_lossy(&output.stderr)),
        }
    }
}

impl Drop for Schemas {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn read(client: &Client, path: &str) -> Value {
    let request = http_get(path);
    let text = client.request_text(request).await.unwrap();
    serde_json::from_str(&text).unwrap()
}

fn http_get(path: &str) -> axum::http::Request<Vec<u8>> {
    axum::http::Request::get(path).body(Vec::new()).unwrap()
}

/// A file with all schemas of a version, and one for each kind that points into it.
fn keep(directory: &Path, path: &str, mut document: Value) {
    let mut components = document["components"].take();
    refuse_other_fields(&mut components);
    let Some(schemas) = components["schemas"].as_object().cloned() else {
        return;
    };
    let whole = format!("{}.json", path.replace('/', "_"));
    let document = json!({ "components": components }).to_string();
    std::fs::write(directory.join(&whole), document).unwrap();
    for (name, schema) in &schemas {
        let kinds = schema["x-kubernetes-group-version-kind"].as_array();
        for kind in kinds.into_iter().flatten() {
            let word = |key: &str| kind[key].as_str().unwrap_or_default();
            let (group, version) = (word("group"), word("version"));
            let own = [format!("api/{version}"), format!("apis/{group}/{version}")];
            if !own.contains(&path.to_owned()) {
                continue;
            }
            // kubeconform takes the version of a kind without a group for its group.
            let group = if group.is_empty() { version } else { group };
            let name = json!({ "$ref": format!("{whole}#/components/schemas/{name}") });
            let file = format!(
                "{}-{group}-{version}.kind.json",
                word("kind").to_lowercase()
            );
            std::fs::write(directory.join(file), name.to_string()).unwrap();
        }
    }
}

/// A schema of the server allows fields that it does not name: it drops them.
fn refuse_other_fields(schema: &mut Value) {
    match schema {
        Value::Array(all) => all.iter_mut().for_each(refuse_other_fields),
        Value::Object(fields) => {
            let open = [
                "additionalProperties",
                "x-kubernetes-preserve-unknown-fields",
            ];
            if fields.contains_key("properties")
                && !open.iter().any(|key| fields.contains_key(*key))
            {
                fields.insert("additionalProperties".to_owned(), false.into());
            }
            fields.values_mut().for_each(refuse_other_fields);
        }
        _ => {}
    }
}

#[tokio::test]
async fn every_object_has_the_fields_of_its_kind_and_no_other() {
    let schemas = Schemas::of_server().await;
    for values in [&[][..], &EVERYTHING[..]] {
        assert_eq!(schemas.problems(&rendered(&[], values)), Ok(()));
    }
    let misspelt = rendered(&[], &[]).replace("replicas: 2", "replica: 2");
    let problem = schemas.problems(&misspelt).unwrap_err();
    assert!(problem.contains("replica"), "{problem}");
    let mistyped = rendered(&[], &[]).replace("replicas: 2", "replicas: two");
    assert!(schemas.problems(&mistyped).is_err());
}
