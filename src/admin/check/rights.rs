//! What each role may do in its namespaces: asked as the identity that runs this.

use super::report::Report;
use crate::edge::cluster::{self, ClusterError};
use crate::process::args::Area;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::{Api, Client};

/// One line of a Role.
pub(super) struct Right {
    group: &'static str,
    resource: &'static str,
    /// Empty for the resource itself.
    sub: &'static str,
    /// The one object that it is about; empty for all.
    name: &'static str,
    verbs: &'static [&'static str],
}

const fn right(
    group: &'static str,
    resource: &'static str,
    sub: &'static str,
    verbs: &'static [&'static str],
) -> Right {
    Right {
        group,
        resource,
        sub,
        name: "",
        verbs,
    }
}

const OURS: &str = "restock.dev";
const COORDINATION: &str = "coordination.k8s.io";

/// The controller's, in each namespace that it watches.
pub(super) const CONTROLLER: &[Right] = &[
    right(
        OURS,
        "restockrequests",
        "",
        &["get", "list", "watch", "delete"],
    ),
    right(OURS, "restockrequests", "status", &["patch"]),
    right(OURS, "factories", "", &["list", "watch"]),
    right(OURS, "factories", "status", &["patch"]),
    right("events.k8s.io", "events", "", &["create"]),
];

/// The controller's, in the namespace of the lease.
pub(super) const LEASE: &[Right] = &[
    // A Role cannot name what is yet to be created.
    right(COORDINATION, "leases", "", &["create"]),
    Right {
        name: "restock-operator-controller",
        ..right(COORDINATION, "leases", "", &["get", "update"])
    },
];

/// Those of ingest.
pub(super) const INGEST: &[Right] = &[right(OURS, "restockrequests", "", &["get", "create"])];

pub(super) async fn check(
    client: &Client,
    area: &Area,
    what: &str,
    rights: &[Right],
    report: &mut Report,
) {
    let mut missing = Vec::new();
    for right in rights {
        for verb in right.verbs {
            match allowed(client, area, right, verb).await {
                Ok(true) => {}
                Ok(false) => missing.push(format!(
                    "may not {verb} {} in {area}: bind the role's Role to its service account",
                    right.in_words()
                )),
                Err(why) => return report.bad(what, format!("cannot be asked: {why}")),
            }
        }
    }
    report.all(what, missing, format!("complete in {area}"));
}

impl Right {
    fn in_words(&self) -> String {
        let slash = if self.sub.is_empty() { "" } else { "/" };
        let space = if self.name.is_empty() { "" } else { " " };
        let Self {
            group,
            resource,
            sub,
            name,
            ..
        } = self;
        format!("{resource}{slash}{sub}{space}{name} ({group})")
    }
}

async fn allowed(
    client: &Client,
    area: &Area,
    right: &Right,
    verb: &str,
) -> Result<bool, ClusterError> {
    let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                // None asks for all of them.
                namespace: area.namespace().map(str::to_owned),
                group: Some(right.group.to_owned()),
                resource: Some(right.resource.to_owned()),
                subresource: named(right.sub),
                name: named(right.name),
                verb: Some(verb.to_owned()),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let answer = cluster::create(&Api::all(client.clone()), &review, false).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}
