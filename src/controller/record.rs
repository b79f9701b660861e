//! Writes a status: compare-and-set, and what follows from it.

use crate::controller::act::PAUSE_MAX;
use crate::controller::context::Context;
use crate::controller::observe::Subject;
use crate::controller::place::in_flight;
use crate::crd::request::RestockRequest;
use crate::crd::status::RestockRequestStatus;
use crate::domain::decide::LOOK_AGAIN;
use crate::domain::notice::{self, Kind};
use crate::domain::progress::{Observed, Phase, Progress};
use crate::edge::cluster::{self, ClusterError};
use crate::process::clock;
use kube::ResourceExt as _;
use kube::runtime::controller::Action;
use std::time::Duration;

/// Records the progress and says when to look again.
pub(super) async fn record(
    subject: &Subject,
    seen: &Observed,
    progress: &Progress,
    context: &Context,
) -> Action {
    // The history comes first: after the write that finishes it, the object may be
    // deleted at any moment. A repeat writes the same row.
    if progress.finished && !archive(subject, progress, context).await {
        return Action::requeue(LOOK_AGAIN);
    }
    match write(&subject.object, progress, context).await {
        Ok(written) => {
            followed(subject, seen, progress, context).await;
            next_look(subject, &written, progress)
        }
        // A newer version is on its way through the watch, or it is gone.
        Err(ClusterError::Conflict(_)) => Action::requeue(Duration::from_millis(200)),
        Err(ClusterError::Gone(_)) => Action::await_change(),
        Err(error) => {
            tracing::warn!(request_id = %subject.request.id, %error, "status not written");
            Action::requeue(LOOK_AGAIN)
        }
    }
}

/// The watch brings the new version; for a finished one it brings the end. But a write that
/// changes nothing (an earlier one had its effect, and only its answer was lost) makes no
/// version, and the watch has nothing to bring.
fn next_look(subject: &Subject, written: &RestockRequest, progress: &Progress) -> Action {
    if progress.finished {
        Action::await_change()
    } else if written.resource_version() == subject.object.resource_version() {
        Action::requeue(LOOK_AGAIN)
    } else {
        Action::requeue(PAUSE_MAX)
    }
}

/// Compare-and-set of the status of exactly this version of the object.
pub(super) async fn write(
    object: &RestockRequest,
    progress: &Progress,
    context: &Context,
) -> Result<RestockRequest, ClusterError> {
    let previous = object.status.clone().unwrap_or_default();
    let generation = object.metadata.generation.unwrap_or_default();
    let status = RestockRequestStatus::record(progress, generation, clock::now(), &previous);
    let status = serde_json::to_value(&status)
        .map_err(|error| ClusterError::Refused(format!("status is no JSON: {error}")))?;
    let version = object.resource_version().unwrap_or_default();
    let uid = object.uid().unwrap_or_default();
    let name = object.name_any();
    let requests = context.requests(&object.namespace().unwrap_or_default());
    let answer = cluster::patch_status(&requests, &name, &uid, &version, status).await;
    context.cluster_answered(answer.as_ref().map(|_| ()));
    if let Ok(written) = &answer {
        let version = written.resource_version().unwrap_or_default();
        context.memory.wrote(&uid, &version);
    }
    answer
}

/// What is done after a status was written, and may be lost: another pass makes it good.
async fn followed(subject: &Subject, seen: &Observed, progress: &Progress, context: &Context) {
    let request = &subject.request;
    tracing::info!(
        request_id = %request.id,
        name = subject.object.name_any(),
        attempt = progress.attempt,
        from = ?subject.progress.phase,
        to = ?progress.phase,
        reason = ?progress.reason,
        "{}", progress.message
    );
    if progress.phase != Phase::Placing {
        context.memory.forget(&request.uid);
    }
    // Here and not in its next pass: a finished request leaves the watch, and has none.
    if !in_flight(progress) {
        context.gates.release(&request.uid);
    }
    if progress.phase != subject.progress.phase {
        context.report_phase(subject, progress).await;
    }
    if progress.handled_resolution != subject.progress.handled_resolution {
        context.report_word(subject, progress).await;
    }
    withdraw_overtaken(subject, progress, context);
    if let Some(told) = &seen.acknowledged {
        context.notifier.forget(&told.notice_id);
    }
    if progress.phase == Phase::Succeeded {
        mark_recorded(seen, context).await;
    }
}

/// What still waits to be told is not true any more: told after the news of its end, or of
/// a person's word, it would make somebody order again.
fn withdraw_overtaken(subject: &Subject, progress: &Progress, context: &Context) {
    let before = &subject.progress;
    let overtaken: &[Kind] = match progress.phase {
        Phase::Succeeded => &[Kind::Delayed, Kind::Failed],
        Phase::Failed => &[Kind::Delayed],
        Phase::Pending if before.phase == Phase::Failed => &[Kind::Failed],
        Phase::Pending | Phase::Placing | Phase::Awaiting => &[],
    };
    for kind in overtaken {
        let id = notice::id_of(&subject.request.id, *kind, before);
        context.notifier.withdraw(&id);
    }
}

/// After the write, never before: an arrival that no object shows must stay on the
/// worklist. Only the goods that the status shows: surplus, and what the callback said
/// otherwise than the order, is told by the worklist.
async fn mark_recorded(seen: &Observed, context: &Context) {
    let ours = |arrival: &&crate::domain::progress::ArrivalRow| arrival.uid == seen.request.uid;
    let arrivals = seen.ledger.iter().flat_map(|ledger| &ledger.arrivals);
    let first = arrivals
        .filter(ours)
        .min_by_key(|arrival| (arrival.at, arrival.attempt));
    if let Some(arrival) = first {
        let marking = context
            .ledger
            .store
            .mark_shown(&seen.request.id, arrival.attempt);
        context.ledger.note(marking.await);
    }
}

async fn archive(subject: &Subject, progress: &Progress, context: &Context) -> bool {
    let object = &subject.object;
    let previous = object.status.clone().unwrap_or_default();
    let generation = object.metadata.generation.unwrap_or_default();
    let status = RestockRequestStatus::record(progress, generation, clock::now(), &previous);
    let history = serde_json::json!({
        "namespace": object.namespace(),
        "name": object.name_any(),
        "spec": object.spec,
        "status": status,
    })
    .to_string();
    let request = &subject.request;
    let archiving = context
        .ledger
        .store
        .archive(&request.id, &request.uid, &history);
    context.ledger.note(archiving.await).is_some()
}
