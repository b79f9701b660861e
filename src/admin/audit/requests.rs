//! Law S6: Succeeded implies an arrival, notified implies an acknowledged notice; and what
//! arrived is shown by its request.

use super::difference::{Difference, Findings};
use crate::crd::request::{RestockRequest, to_progress, to_request};
use crate::domain::progress::{ArrivalRow, Phase, Progress, Request};
use crate::edge::cluster::{self, ClusterError};
use crate::edge::store::Store;
use crate::edge::store::attempts::LedgerReading;
use kube::api::Api;
use kube::core::DeserializeGuard;
use kube::{Client, ResourceExt as _};
use std::time::Duration;

/// Requests listed at a time.
const PAGE: u32 = 200;

/// How long an arrival may be on its way to its request: the controller looks every second.
const ON_ITS_WAY_MAX: Duration = Duration::from_secs(60);

/// Lists that may begin anew because a page's token was too old.
const RESTARTS_MAX: usize = 3;

pub(super) async fn audit(
    store: &Store,
    client: Client,
    namespace: &str,
) -> anyhow::Result<Findings> {
    let requests: Api<DeserializeGuard<RestockRequest>> = Api::namespaced(client, namespace);
    let mut restarts = 0;
    loop {
        match all(store, &requests).await? {
            Some(findings) => return Ok(findings),
            None if restarts < RESTARTS_MAX => restarts += 1,
            None => anyhow::bail!("the list of requests is too slow to be read to its end"),
        }
    }
}

/// None if the list went out of date half-way.
async fn all(
    store: &Store,
    requests: &Api<DeserializeGuard<RestockRequest>>,
) -> anyhow::Result<Option<Findings>> {
    let mut findings = Findings::default();
    let mut next = None;
    loop {
        let page = match cluster::list(requests, PAGE, next.take()).await {
            Ok(page) => page,
            Err(ClusterError::Gone(_)) if findings.looked_at > 0 => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        for object in &page.items {
            findings.looked_at += 1;
            findings
                .differences
                .extend(look_twice(store, requests, object).await?);
        }
        next = page.metadata.continue_.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(Some(findings));
        }
    }
}

/// The page may be older than what the ledger says: only what is still so when both are
/// read again is a difference.
async fn look_twice(
    store: &Store,
    requests: &Api<DeserializeGuard<RestockRequest>>,
    listed: &DeserializeGuard<RestockRequest>,
) -> anyhow::Result<Vec<Difference>> {
    if look(store, listed).await?.is_empty() {
        return Ok(Vec::new());
    }
    match cluster::get(requests, &listed.name_any()).await? {
        Some(object) => look(store, &object).await,
        None => Ok(Vec::new()),
    }
}

async fn look(
    store: &Store,
    object: &DeserializeGuard<RestockRequest>,
) -> anyhow::Result<Vec<Difference>> {
    let of = object.name_any();
    let (request, progress) = match read(object) {
        Ok(read) => read,
        Err(why) => {
            let expected = "a request".to_owned();
            return Ok(vec![Difference {
                what: "object",
                of,
                expected,
                found: why,
            }]);
        }
    };
    let ledger = store.view(&request.id).await?;
    Ok(differences(&of, &request.uid, &progress, &ledger))
}

fn read(object: &DeserializeGuard<RestockRequest>) -> Result<(Request, Progress), String> {
    let object = object.0.as_ref().map_err(|why| why.error.clone())?;
    let request = to_request(object).map_err(|why| why.to_string())?;
    let progress = to_progress(object).map_err(|why| why.to_string())?;
    Ok((request, progress))
}

fn differences(
    of: &str,
    uid: &str,
    progress: &Progress,
    ledger: &LedgerReading,
) -> Vec<Difference> {
    let own: Vec<&ArrivalRow> = ledger
        .arrivals
        .iter()
        .filter(|row| row.uid == uid)
        .collect();
    let difference = |what, expected: &str, found: String| Difference {
        what,
        of: of.to_owned(),
        expected: expected.to_owned(),
        found,
    };
    let mut differences = Vec::new();
    match &progress.arrival {
        Some(shown) if own.iter().all(|row| row.quantity != shown.quantity) => {
            let found = format!("{} in the status alone", shown.quantity.get());
            differences.push(difference("arrival", "a row in the ledger", found));
        }
        None if progress.phase == Phase::Succeeded => {
            let found = "Succeeded without any".to_owned();
            differences.push(difference("arrival", "goods in the status", found));
        }
        _ => {}
    }
    let overdue = |row: &&&ArrivalRow| ledger.now.since(row.at) > ON_ITS_WAY_MAX;
    if let Some(row) = own.iter().find(overdue)
        && progress.phase != Phase::Succeeded
    {
        let found = format!("{:?}, {} arrived", progress.phase, row.quantity.get());
        differences.push(difference("arrival", "Succeeded", found));
    }
    if let Some(told) = &progress.told
        && (told.notice_id.is_empty() || told.publish_id.is_empty() || told.channels.is_empty())
    {
        let found = "notified by nobody".to_owned();
        differences.push(difference("notice", "an acknowledged notice", found));
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::Quantity;
    use crate::domain::progress::{Arrived, Reason, Told};
    use crate::domain::time::Time;

    const NOW: Time = Time::from_micros(1_800_000_000_000_000);

    fn arrival(uid: &str, age: Duration) -> ArrivalRow {
        ArrivalRow {
            attempt: 1,
            uid: uid.to_owned(),
            quantity: Quantity::new(7).unwrap(),
            at: NOW - age,
        }
    }

    fn ledger(arrivals: Vec<ArrivalRow>) -> LedgerReading {
        LedgerReading {
            now: NOW,
            arrivals,
            rows: Vec::new(),
            inbox_empty_at: None,
        }
    }

    fn succeeded() -> Progress {
        Progress {
            phase: Phase::Succeeded,
            reason: Reason::Arrived,
            arrival: Some(Arrived {
                quantity: Quantity::new(7).unwrap(),
                at: NOW,
            }),
            ..Progress::default()
        }
    }

    fn found(progress: &Progress, ledger: &LedgerReading) -> Vec<String> {
        let differences = differences("rr-1", "uid-1", progress, ledger);
        differences.into_iter().map(|one| one.found).collect()
    }

    #[test]
    fn succeeded_needs_an_arrival_of_this_object() {
        let here = ledger(vec![arrival("uid-1", Duration::ZERO)]);
        assert!(found(&succeeded(), &here).is_empty());
        let other = ledger(vec![arrival("uid-2", Duration::ZERO)]);
        assert_eq!(found(&succeeded(), &other), ["7 in the status alone"]);
        let unshown = Progress {
            arrival: None,
            ..succeeded()
        };
        assert_eq!(found(&unshown, &here), ["Succeeded without any"]);
    }

    #[test]
    fn an_arrival_is_shown_within_a_minute() {
        let waiting = Progress {
            phase: Phase::Awaiting,
            ..Progress::default()
        };
        let fresh = ledger(vec![arrival("uid-1", Duration::from_secs(59))]);
        assert!(found(&waiting, &fresh).is_empty());
        let old = ledger(vec![arrival("uid-1", Duration::from_secs(61))]);
        assert_eq!(found(&waiting, &old), ["Awaiting, 7 arrived"]);
        let others = ledger(vec![arrival("uid-2", Duration::from_secs(61))]);
        assert!(found(&waiting, &others).is_empty());
    }

    #[test]
    fn notified_needs_an_acknowledgement() {
        let told = |publish: &str| Progress {
            phase: Phase::Failed,
            told: Some(Told {
                notice_id: "n".to_owned(),
                publish_id: publish.to_owned(),
                channels: vec!["sns".to_owned()],
                at: NOW,
            }),
            ..Progress::default()
        };
        assert!(found(&told("p"), &ledger(Vec::new())).is_empty());
        assert_eq!(
            found(&told(""), &ledger(Vec::new())),
            ["notified by nobody"]
        );
    }
}
