//! The cluster of `cargo xtask e2e`, and a namespace of one's own in it, which holds pods to
//! Pod Security `restricted`.
#![allow(dead_code, reason = "each test file uses its part of it")]

use futures::FutureExt;
use kube::Client;
use serde_json::Value;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// What people and pods made is gone within it: a pod has a minute to end.
const END_DEADLINE: &str = "--timeout=150s";

/// Pause between two looks at what is waited for.
const LOOK: Duration = Duration::from_millis(500);

/// A namespace, and the means to use it.
pub(crate) struct Place {
    /// A client of the API server.
    pub(crate) client: Client,
    /// The namespace's name.
    pub(crate) namespace: String,
    /// This machine, as the pods see it.
    pub(crate) host: IpAddr,
    /// The node, as this machine sees it.
    pub(crate) node: IpAddr,
}

fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run this with `cargo xtask e2e`"))
}

/// Runs a test in a namespace of its own. Afterwards that is gone, with the definitions and
/// whatever else of ours belongs to the whole cluster.
pub(crate) async fn in_namespace<F: Future<Output = ()>>(
    test: impl FnOnce(std::sync::Arc<Place>) -> F,
) {
    // No other cluster may be meant: the definitions are deleted.
    let node = variable("CLUSTER_NODE").parse().unwrap();
    let client = Client::try_default().await.expect("KUBECONFIG is set");
    let nanos = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_nanos();
    let place = std::sync::Arc::new(Place {
        client,
        namespace: format!("shop-{nanos:x}"),
        host: variable("CLUSTER_HOST").parse().unwrap(),
        node,
    });
    place.delete_what_is_everybody_s().await;
    place.create().await;
    // Caught, so that a test that fails leaves as little behind as one that passes.
    let result = AssertUnwindSafe(test(place.clone())).catch_unwind().await;
    if result.is_err() {
        place.explain().await;
    }
    place.delete().await;
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}

impl Place {
    async fn create(&self) {
        let name = &self.namespace;
        let namespace = format!(
            "{{\"apiVersion\": \"v1\", \"kind\": \"Namespace\", \"metadata\": {{\"name\": \"{name}\", \
             \"labels\": {{\"pod-security.kubernetes.io/enforce\": \"restricted\"}}}}}}"
        );
        self.apply(&namespace).await;
    }

    async fn delete(&self) {
        self.kubectl(&["delete", "namespace", &self.namespace, END_DEADLINE])
            .await;
        self.delete_what_is_everybody_s().await;
    }

    /// Before a test too: one that was killed left it.
    async fn delete_what_is_everybody_s(&self) {
        let ours = "--selector=app.kubernetes.io/part-of=restock-operator";
        let kinds = "clusterroles,clusterrolebindings";
        self.kubectl(&["delete", kinds, ours, END_DEADLINE]).await;
        let definitions = ["restockrequests.restock.dev", "factories.restock.dev"];
        let delete = ["delete", "customresourcedefinitions", "--ignore-not-found"];
        let delete = [&delete[..], &[END_DEADLINE], &definitions[..]].concat();
        self.kubectl(&delete).await;
    }

    /// What somebody would look at first, printed for a test that failed.
    async fn explain(&self) {
        let pods = "--selector=app.kubernetes.io/name=restock-operator";
        let looks: [&[&str]; 5] = [
            &["get", "pods,jobs", "--output=wide"],
            &["get", "restockrequests,factories"],
            &["get", "events", "--sort-by=.lastTimestamp"],
            &["logs", "deployment/factory", "--tail=15"],
            &[
                "logs",
                pods,
                "--prefix",
                "--tail=6",
                "--max-log-requests=40",
            ],
        ];
        for look in looks {
            let said = self.tried("KUBECTL", look, "").await;
            println!(
                "kubectl {}\n{}",
                look.join(" "),
                said.unwrap_or_else(|why| why)
            );
        }
    }

    /// Runs kubectl in the namespace; what it prints.
    pub(crate) async fn kubectl(&self, arguments: &[&str]) -> String {
        self.kubectl_with(arguments, "").await
    }

    /// The same, with something to read.
    pub(crate) async fn kubectl_with(&self, arguments: &[&str], input: &str) -> String {
        self.tried("KUBECTL", arguments, input)
            .await
            .unwrap_or_else(|why| panic!("kubectl {}: {why}", arguments.join(" ")))
    }

    /// Takes this object away; what brings it back.
    pub(crate) async fn take(&self, kind: &str, name: &str) -> String {
        let text = self.kubectl(&["get", kind, name, "--output=json"]).await;
        let mut object: Value = serde_json::from_str(&text).unwrap();
        let metadata = object["metadata"].as_object_mut().unwrap();
        metadata.retain(|key, _| ["name", "labels", "annotations"].contains(&key.as_str()));
        self.kubectl(&["delete", kind, name]).await;
        object.to_string()
    }

    /// Has the pods of these roles replaced by new ones.
    pub(crate) async fn start_anew(&self, roles: &[&str]) {
        let roles = roles.join(",");
        let selector = format!("--selector=app.kubernetes.io/component in ({roles})");
        self.kubectl(&["delete", "pods", &selector]).await;
    }

    /// Applies these objects.
    pub(crate) async fn apply(&self, objects: &str) {
        let applied = self.tried("KUBECTL", &["apply", "--filename=-"], objects);
        applied
            .await
            .unwrap_or_else(|why| panic!("{why}: {objects}"));
    }

    /// Runs helm in the namespace; what it prints.
    pub(crate) async fn helm(&self, arguments: &[&str]) -> String {
        self.tried_helm(arguments)
            .await
            .unwrap_or_else(|why| panic!("helm {}: {why}", arguments.join(" ")))
    }

    /// Runs helm in the namespace; what it prints, or what it says is wrong.
    pub(crate) async fn tried_helm(&self, arguments: &[&str]) -> Result<String, String> {
        self.tried("HELM", arguments, "").await
    }

    /// Kills every process of the operator at once, without a word to anybody; how many.
    pub(crate) async fn kill_all(&self) -> usize {
        let ids = "jsonpath={.items[*].status.containerStatuses[*].containerID}";
        let pods = "--selector=app.kubernetes.io/name=restock-operator";
        let running = "--field-selector=status.phase=Running";
        let ids = ["get", "pods", pods, running, "--output", ids];
        let ids = self.kubectl(&ids).await;
        let kills = ids.split_whitespace().map(|id| {
            let mut ctr = Command::new("ctr");
            ctr.args(["--address", &variable("CLUSTER_RUNTIME")]);
            ctr.args(["--namespace", "k8s.io", "tasks", "kill"]);
            ctr.args([
                "--signal",
                "SIGKILL",
                id.trim_start_matches("containerd://"),
            ]);
            async move { assert!(ctr.status().await.unwrap().success()) }
        });
        futures::future::join_all(kills).await.len()
    }

    async fn tried(
        &self,
        program: &str,
        arguments: &[&str],
        input: &str,
    ) -> Result<String, String> {
        let mut command = Command::new(variable(program));
        command.arg("--namespace").arg(&self.namespace);
        command.args(arguments);
        // Paths among the arguments are those of the documents.
        command.current_dir(env!("CARGO_MANIFEST_DIR"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).await.unwrap();
        drop(stdin);
        let output = child.wait_with_output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        match output.status.success() {
            true => Ok(said),
            false => Err(said + &String::from_utf8_lossy(&output.stderr)),
        }
    }
}

/// Looks until there is an answer; what is waited for is named if the time is over.
pub(crate) async fn eventually<T, F: Future<Output = Result<T, String>>>(
    what: &str,
    limit: Duration,
    look: impl Fn() -> F,
) -> T {
    let until = Instant::now() + limit;
    loop {
        match look().await {
            Ok(found) => return found,
            Err(seen) => assert!(
                Instant::now() < until,
                "waited {limit:?} for {what}; seen: {seen}"
            ),
        }
        tokio::time::sleep(LOOK).await;
    }
}
