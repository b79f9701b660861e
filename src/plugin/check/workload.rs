//! Whether the pods of a role are ready, by its Deployment.

use super::finding::Finding;
use crate::edge::cluster;
use crate::plugin::failure::Failure;
use crate::plugin::roles::{COMPONENT, Part, RELEASE, part};
use crate::plugin::target::Place;
use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt as _;
use kube::api::{Api, ListParams};

/// What the chart gives to the Deployments of all roles.
const SELECTOR: &str = "app.kubernetes.io/name=restock-operator";

/// Deployments of one look: six a release.
const DEPLOYMENTS_MAX: u32 = 500;

/// One Deployment.
pub(super) struct Workload {
    part: Part,
    name: String,
    wanted: i32,
    ready: i32,
    /// Of those that are wanted, how many are of the newest template.
    updated: i32,
}

/// Those of the place.
pub(super) async fn all(place: &Place) -> Result<Vec<Workload>, Failure> {
    let deployments: Api<Deployment> = match &place.namespace {
        Some(namespace) => Api::namespaced(place.client.clone(), namespace),
        None => Api::all(place.client.clone()),
    };
    let parameters = ListParams::default()
        .labels(SELECTOR)
        .limit(DEPLOYMENTS_MAX);
    let found = cluster::select(&deployments, &parameters).await;
    let found = found.map_err(|why| Failure::of_cluster("list deployments", &why))?;
    Ok(found.items.into_iter().filter_map(workload).collect())
}

fn workload(deployment: Deployment) -> Option<Workload> {
    let status = deployment.status.as_ref();
    Some(Workload {
        part: part(&deployment)?,
        name: deployment.name_any(),
        // Kubernetes' own default.
        wanted: deployment.spec.as_ref()?.replicas.unwrap_or(1),
        ready: status.and_then(|one| one.ready_replicas).unwrap_or(0),
        updated: status.and_then(|one| one.updated_replicas).unwrap_or(0),
    })
}

/// What is to be said of the Deployments of this role; nothing where there is none.
pub(super) fn findings(part: &Part, all: &Result<Vec<Workload>, Failure>) -> Vec<Finding> {
    let all = match all {
        Ok(all) => all,
        Err(failure) => return vec![Finding::note("pods", failure.in_words())],
    };
    let its = all.iter().filter(|one| one.part == *part);
    its.map(Workload::finding).collect()
}

/// What is to be said of a role without any.
pub(super) fn none() -> Finding {
    let to_do = "`helm upgrade` of the release, or `kubectl apply` of its manifests, makes it anew";
    Finding::wrong("pods", format!("it has no Deployment: {to_do}"))
}

/// What selects the pods of this role, and those of no other release.
fn selector(part: &Part) -> String {
    let release = part.release.as_ref();
    let release = release.map(|release| format!(",{RELEASE}={release}"));
    format!("{COMPONENT}={}{}", part.role, release.unwrap_or_default())
}

impl Workload {
    fn finding(&self) -> Finding {
        let Self {
            part,
            name,
            wanted,
            ready,
            updated,
        } = self;
        let pods = format!("{ready} of {wanted} pods of {name} are ready");
        if *wanted == 0 {
            let text =
                format!("{name} is scaled to 0: scale it up, or have the chart leave it out");
            Finding::note("pods", text)
        } else if ready < wanted {
            let of = format!("-n {} -l {}", part.namespace, selector(part));
            let text = format!(
                "{pods}: `kubectl describe pods {of}` says why they do not start, and `kubectl \
                 logs {of} --prefix --tail=20` why they are not ready"
            );
            Finding::wrong("pods", text)
        } else if updated < wanted {
            Finding::note(
                "pods",
                format!("{pods}; {updated} of them are of the newest version"),
            )
        } else {
            Finding::good("pods", pods)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn pods_that_are_missing_need_a_person() {
        for (wanted, ready, updated, verdict) in [
            (2, 2, 2, Verdict::Ok),
            (2, 1, 2, Verdict::Wrong),
            (2, 0, 0, Verdict::Wrong),
            (2, 2, 1, Verdict::Note),
            (0, 0, 0, Verdict::Note),
        ] {
            let workload = Workload {
                part: Part {
                    namespace: "restock".to_owned(),
                    release: None,
                    role: "dlq".to_owned(),
                },
                name: "restock-dlq".to_owned(),
                wanted,
                ready,
                updated,
            };
            let found = workload.finding();
            assert_eq!(found.verdict, verdict, "{}", found.text);
        }
    }
}
