//! Who a role is in the cluster, and what it is told, as manifests/base has it.
#![allow(dead_code, reason = "each test file uses its part of it")]

use super::cluster::Place;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::{Api, PostParams};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// A file of one test's own, gone afterwards.
pub(crate) struct File(PathBuf);

impl File {
    pub(crate) fn create(name: &str, text: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("restock-test-{}-{number}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> String {
        self.0.display().to_string()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A service account that a command acts as.
pub(crate) struct Identity(File);

impl Identity {
    /// That of a role: bound to the Role that the chart makes for it, if it makes one.
    pub(crate) async fn of_role(role: &str, place: &Place) -> Self {
        // The controller has one more, for its lease.
        let roles = [role.to_owned(), format!("{role}-lease")];
        let roles = roles.iter().filter_map(|role| of_kind("Role", role));
        let mut rules = Vec::new();
        for mut role in roles {
            rules.append(role["rules"].as_array_mut().unwrap());
        }
        if !rules.is_empty() {
            return Self::with_rules(role, rules.into(), place).await;
        }
        // No way to the cluster at all, as in a pod without a token.
        Self(File::create("kubeconfig", ""))
    }

    /// An account of this name that a Role with these rules is bound to.
    pub(crate) async fn with_rules(account: &str, rules: Value, place: &Place) -> Self {
        bind(account, rules, place).await;
        Self::of(account, place)
    }

    /// One that no Role is bound to.
    pub(crate) fn without_rights(place: &Place) -> Self {
        Self::of("nobody", place)
    }

    /// The administrator of these tests, acting as this account.
    fn of(account: &str, place: &Place) -> Self {
        let path = std::env::var("KUBECONFIG").unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let mut config: Value = serde_saphyr::from_str(&text).unwrap();
        let name = format!("system:serviceaccount:{}:{account}", place.namespace);
        config["users"][0]["user"]["as"] = json!(name);
        Self(File::create("kubeconfig", &config.to_string()))
    }

    pub(crate) fn kubeconfig(&self) -> String {
        self.0.path()
    }
}

async fn bind(role: &str, rules: Value, place: &Place) {
    let (client, namespace) = (&place.client, &place.namespace);
    let object = json!({ "metadata": { "name": role }, "rules": rules });
    let roles: Api<Role> = Api::namespaced(client.clone(), namespace);
    let object = serde_json::from_value(object).unwrap();
    roles.create(&PostParams::default(), &object).await.unwrap();
    let object = json!({
        "metadata": { "name": role },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role },
        "subjects": [{ "kind": "ServiceAccount", "name": role, "namespace": namespace }],
    });
    let bindings: Api<RoleBinding> = Api::namespaced(client.clone(), namespace);
    let object = serde_json::from_value(object).unwrap();
    bindings
        .create(&PostParams::default(), &object)
        .await
        .unwrap();
}

/// The variables that this role's Deployment sets.
pub(crate) fn settings_of(role: &str) -> BTreeSet<String> {
    let deployment = of_kind("Deployment", role).unwrap();
    let variables = deployment.pointer("/spec/template/spec/containers/0/env");
    let variables = variables.and_then(Value::as_array).unwrap().iter();
    let names = variables.map(|one| one["name"].as_str().unwrap().to_owned());
    names.collect()
}

/// What the Role that the chart makes for these allows.
pub(crate) fn rules_for(role: &str) -> Value {
    of_kind("Role", role).unwrap()["rules"].take()
}

/// The object of this kind that the chart makes for a role.
fn of_kind(kind: &str, role: &str) -> Option<Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/manifests/base/restock-operator.yaml"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let mut objects = text
        .split("\n---\n")
        .map(|text| serde_saphyr::from_str::<Value>(text).unwrap());
    let name = format!("restock-operator-{role}");
    objects.find(|object| object["kind"] == kind && object["metadata"]["name"] == name.as_str())
}
