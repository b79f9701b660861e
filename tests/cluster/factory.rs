//! The legacy factory, as a pod of the cluster: it calls back through the receiver's Service.
#![allow(dead_code, reason = "each test file uses its part of it")]

use super::place::Place;
use serde_json::{Value, json};
use std::time::Duration;

/// From an order to its callback: long enough for a request to be seen under way.
const DELAY_MS: &str = "2000";

/// The factory's pod and its Service.
pub(crate) struct Factory {
    orders: String,
}

impl Factory {
    /// Starts it, and waits until it takes orders.
    pub(crate) async fn start(place: &Place) -> Self {
        let labels = json!({ "app": "factory" });
        let security = json!({
            "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] },
        });
        let container = json!({
            "name": "factory", "image": "restock-factory:dev", "imagePullPolicy": "Never",
            "env": [
                { "name": "FACTORY_LISTEN", "value": "0.0.0.0:8090" },
                { "name": "FACTORY_DELAY_MS", "value": DELAY_MS },
            ],
            // It stands for somebody else's machine: nothing that runs beside it may keep it
            // from its callbacks for seconds.
            "resources": { "requests": { "cpu": "500m" } },
            "securityContext": security,
            "readinessProbe": { "httpGet": { "path": "/orders", "port": 8090 } },
        });
        let pod = json!({
            "enableServiceLinks": false,
            // A name is asked for once and not in four domains first: the factory gives up
            // after 5 s, which is also how long a lost packet of DNS takes.
            "dnsConfig": { "options": [{ "name": "ndots", "value": "1" }] },
            "automountServiceAccountToken": false,
            "securityContext": {
                "runAsNonRoot": true, "runAsUser": 65_532,
                "seccompProfile": { "type": "RuntimeDefault" },
            },
            "containers": [container],
        });
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "factory" },
            "spec": {
                "selector": { "matchLabels": labels },
                "template": { "metadata": { "labels": labels }, "spec": pod },
            },
        });
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": { "name": "factory" },
            "spec": {
                "type": "NodePort", "selector": labels,
                "ports": [{ "port": 80, "targetPort": 8090 }],
            },
        });
        let both = json!({ "apiVersion": "v1", "kind": "List", "items": [deployment, service] });
        place.apply(&both.to_string()).await;
        let started = ["rollout", "status", "deployment/factory", "--timeout=90s"];
        place.kubectl(&started).await;
        let port = "jsonpath={.spec.ports[0].nodePort}";
        let port = ["get", "service", "factory", "--output", port];
        let port = place.kubectl(&port).await;
        Self {
            orders: format!("http://{}:{port}/orders", place.node),
        }
    }

    /// Where orders are POSTed, as pods of this namespace reach it.
    pub(crate) fn url(place: &Place) -> String {
        format!("http://factory.{}.svc/api/manufactures", place.namespace)
    }

    /// The bodies of all orders, oldest first.
    pub(crate) async fn orders(&self) -> Vec<Value> {
        let all = self.book().await.into_iter();
        all.map(|mut order| order["body"].take()).collect()
    }

    /// The callbacks that nobody took: who asked, when in milliseconds, and what happened.
    pub(crate) async fn lost_callbacks(&self) -> Vec<String> {
        let mut lost = Vec::new();
        for order in self.book().await {
            for callback in order["callbacks"].as_array().into_iter().flatten() {
                let result = callback["result"].as_str().unwrap_or_default();
                if !result.starts_with("20") {
                    lost.push(format!("{} {callback}", order["requester"]));
                }
            }
        }
        lost
    }

    async fn book(&self) -> Vec<Value> {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(10));
        let client = client.no_proxy().build().unwrap();
        let answer = client.get(&self.orders).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }
}
