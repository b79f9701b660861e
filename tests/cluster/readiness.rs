//! Whether pods are ready, and what those say that are not.

use super::place::{Place, eventually};
use serde_json::Value;
use std::time::Duration;

/// A role finds out by a probe, a back-off or a call's deadline; a mounted Secret takes a
/// minute to appear.
const PATIENCE: Duration = Duration::from_secs(150);

struct Pod {
    name: String,
    role: String,
    ready: bool,
    restarts: i64,
}

async fn pods(place: &Place) -> Vec<Pod> {
    let selector = "--selector=app.kubernetes.io/name=restock-operator";
    let list = ["get", "pods", selector, "--output=json"];
    let list: Value = serde_json::from_str(&place.kubectl(&list).await).unwrap();
    let items = list["items"].as_array().unwrap().iter();
    // Those of jobs, and those that end, are nobody's trouble.
    let serving = items.filter(|pod| {
        pod["metadata"]["deletionTimestamp"].is_null() && pod["status"]["phase"] == "Running"
    });
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let pod = |pod: &Value| Pod {
        name: word(&pod["metadata"]["name"]),
        role: word(&pod["metadata"]["labels"]["app.kubernetes.io/component"]),
        ready: pod["status"]["containerStatuses"][0]["ready"] == true,
        restarts: pod["status"]["containerStatuses"][0]["restartCount"]
            .as_i64()
            .unwrap_or(-1),
    };
    serving.map(pod).collect()
}

/// Waits until a pod of this role is not ready and warns of it with these words; it was never
/// started again.
pub(crate) async fn is_not_ready(place: &Place, role: &str, words: &str) {
    eventually(&format!("{role} to say {words:?}"), PATIENCE, || async {
        let pods = pods(place).await;
        let Some(pod) = pods.iter().find(|pod| pod.role == role) else {
            return Err("no pod".to_owned());
        };
        assert_eq!(pod.restarts, 0, "{} was started again", pod.name);
        if pod.ready {
            return Err(format!("{} is ready", pod.name));
        }
        let log = place.kubectl(&["logs", &pod.name, "--tail=-1"]).await;
        let is_line = |line: &str| line.contains(words) && line.contains("WARN");
        match log.lines().any(is_line) {
            true => Ok(()),
            false => Err(log),
        }
    })
    .await;
}

/// Waits until every pod is ready; none was ever started again.
pub(crate) async fn all_are_ready(place: &Place) {
    eventually("every pod to be ready", PATIENCE, || async {
        let pods = pods(place).await;
        for pod in &pods {
            assert_eq!(pod.restarts, 0, "{} was started again", pod.name);
        }
        let waiting: Vec<_> = pods.iter().filter(|pod| !pod.ready).collect();
        let names: Vec<_> = waiting.iter().map(|pod| pod.name.as_str()).collect();
        match names.is_empty() {
            true => Ok(()),
            false => Err(names.join(", ")),
        }
    })
    .await;
}
