//! A user of a test's own who may do what the test allows, and nothing else: as a pod with
//! its Roles, and other than the administrator that all other tests are.
#![allow(dead_code, reason = "each test file uses its part of it")]

#[path = "created.rs"]
mod created;

use created::create;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use kube::api::{DeleteParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;

const ROLES: &str = "rbac.authorization.k8s.io";

/// The user.
pub(crate) struct Limited {
    admin: Client,
    name: String,
    kubeconfig: PathBuf,
}

/// What a controller may do where it works, as the chart grants it.
pub(crate) fn of_controller() -> Value {
    json!([
        rule(
            "restock.dev",
            &["restockrequests"],
            &["get", "list", "watch", "delete"]
        ),
        rule(
            "restock.dev",
            &["restockrequests/status", "factories/status"],
            &["patch"]
        ),
        rule("restock.dev", &["factories"], &["list", "watch"]),
        rule("events.k8s.io", &["events"], &["create", "patch"]),
    ])
}

/// What it may do where its lease is.
pub(crate) fn of_lease() -> Value {
    json!([rule(
        "coordination.k8s.io",
        &["leases"],
        &["create", "get", "update"]
    )])
}

/// What it reads.
pub(crate) fn of_reader() -> Value {
    let both = ["restockrequests", "factories"];
    json!([rule("restock.dev", &both, &["get", "list", "watch"])])
}

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> Value {
    json!({ "apiGroups": [group], "resources": resources, "verbs": verbs })
}

impl Limited {
    /// A user without any right. The name is that of no other test.
    pub(crate) fn new(admin: &Client, name: &str) -> Self {
        let name = format!("limited-{name}");
        let mut kubeconfig = Kubeconfig::read().expect("KUBECONFIG names a file");
        for named in &mut kubeconfig.auth_infos {
            let user = named.auth_info.as_mut().expect("the administrator");
            user.impersonate = Some(name.clone());
        }
        let path = std::env::temp_dir().join(format!("{name}-kubeconfig"));
        let text = serde_json::to_string(&kubeconfig).expect("JSON is YAML");
        std::fs::write(&path, text).expect("a temporary file");
        Self {
            admin: admin.clone(),
            name,
            kubeconfig: path,
        }
    }

    /// The setting that makes a role this user.
    pub(crate) fn setting(&self) -> (&'static str, String) {
        ("KUBECONFIG", self.kubeconfig.display().to_string())
    }

    /// A client that is this user.
    pub(crate) async fn client(&self) -> Client {
        Client::try_from(self.config().await).expect("a client")
    }

    /// A client that is this user and takes a way of the test's own to the API server.
    pub(crate) async fn client_by(&self, way: SocketAddr) -> Client {
        let mut config = self.config().await;
        config.cluster_url = format!("https://{way}").parse().expect("an address");
        Client::try_from(config).expect("a client")
    }

    async fn config(&self) -> Config {
        let kubeconfig = Kubeconfig::read_from(&self.kubeconfig).expect("it was just written");
        let options = KubeConfigOptions::default();
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
        config.expect("it names a server")
    }

    /// Allows this in one namespace.
    pub(crate) async fn allow(&self, namespace: &str, what: &str, rules: &Value) {
        let name = format!("{}-{what}", self.name);
        let role = json!({ "metadata": { "name": name }, "rules": rules });
        create::<Role>(&self.admin, namespace, &role).await;
        let binding = self.binding("Role", &name);
        create::<RoleBinding>(&self.admin, namespace, &binding).await;
    }

    /// Takes back what was allowed by this name.
    pub(crate) async fn forbid(&self, namespace: &str, what: &str) {
        let name = format!("{}-{what}", self.name);
        let bindings: Api<RoleBinding> = Api::namespaced(self.admin.clone(), namespace);
        let deleted = bindings.delete(&name, &DeleteParams::default()).await;
        deleted.expect("it was allowed");
        let roles: Api<Role> = Api::namespaced(self.admin.clone(), namespace);
        let deleted = roles.delete(&name, &DeleteParams::default()).await;
        deleted.expect("it was allowed");
    }

    /// Allows this in all namespaces, until it is taken back.
    pub(crate) async fn allow_everywhere(&self, rules: &Value) {
        let role = json!({ "metadata": { "name": self.name }, "rules": rules });
        let (roles, bindings) = self.everywhere();
        let how = PostParams::default();
        let role = serde_json::from_value(role).expect("a ClusterRole");
        roles.create(&how, &role).await.expect("created");
        let binding = self.binding("ClusterRole", &self.name);
        let binding = serde_json::from_value(binding).expect("a ClusterRoleBinding");
        bindings.create(&how, &binding).await.expect("created");
    }

    /// Takes back what was allowed everywhere. What was allowed in a namespace goes with it.
    pub(crate) async fn close(&self) {
        let (roles, bindings) = self.everywhere();
        let how = DeleteParams::default();
        let _ = bindings.delete(&self.name, &how).await;
        let _ = roles.delete(&self.name, &how).await;
        let _ = std::fs::remove_file(&self.kubeconfig);
    }

    fn everywhere(&self) -> (Api<ClusterRole>, Api<ClusterRoleBinding>) {
        (Api::all(self.admin.clone()), Api::all(self.admin.clone()))
    }

    fn binding(&self, kind: &str, role: &str) -> Value {
        json!({
            "metadata": { "name": role },
            "roleRef": { "apiGroup": ROLES, "kind": kind, "name": role },
            "subjects": [{ "apiGroup": ROLES, "kind": "User", "name": self.name }],
        })
    }
}
