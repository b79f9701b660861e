//! Roles that are not there: by what their release says that it consists of, for what nobody
//! wanted is not missing.

use super::finding::{Answer, Finding};
use super::workload::{self, Workload};
use crate::plugin::failure::Failure;
use crate::plugin::roles::{Part, Role};
use std::collections::BTreeSet;

const SALES: &str = "sales";
const RELAY: &str = "relay";

/// Each role that a release names and that has no Service to be asked by.
pub(super) fn roles(roles: &[Role], workloads: &Result<Vec<Workload>, Failure>) -> Vec<Answer> {
    let there: BTreeSet<&Part> = roles.iter().map(|role| &role.part).collect();
    let named: BTreeSet<Part> = roles.iter().flat_map(companions).collect();
    let missing = named.into_iter().filter(|part| !there.contains(part));
    missing.map(|part| answer(part, workloads)).collect()
}

fn companions(role: &Role) -> impl Iterator<Item = Part> {
    role.companions.iter().map(|name| Part {
        role: name.clone(),
        ..role.part.clone()
    })
}

fn answer(part: Part, workloads: &Result<Vec<Workload>, Failure>) -> Answer {
    let mut findings = workload::findings(&part, workloads);
    let role = &part.role;
    let again = format!(
        "`helm upgrade` of the release, or `kubectl apply` of its manifests, makes it anew. If it \
         is not wanted, say {role}.enabled=false to the chart"
    );
    findings.push(if findings.is_empty() {
        let text = format!("not installed, though its release names it: {again}");
        Finding::wrong("installation", text)
    } else {
        let text =
            format!("it has no Service to be asked by, though its release names it: {again}");
        Finding::wrong("read port", text)
    });
    Answer {
        part,
        service: None,
        version: None,
        findings,
    }
}

/// What is to be said of sales whose messages nobody of this release publishes. That may be as
/// it should: another release, or the shop's own program, can do it.
pub(super) fn publisher(part: &Part, roles: &[Role]) -> Option<Finding> {
    let relay = Part {
        role: RELAY.to_owned(),
        ..part.clone()
    };
    let is_known = |one: &Role| one.part == relay || companions(one).any(|one| one == relay);
    if part.role != SALES || roles.iter().any(is_known) {
        return None;
    }
    Some(Finding::note(
        RELAY,
        "this release has none: unless something else publishes what finds no stock, nobody \
         orders more. Say relay.enabled=true and stockTopicArn to the chart",
    ))
}
