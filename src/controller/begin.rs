//! The beginning of work: in each area as soon as it is known, whatever becomes of the
//! others; orders only while this process leads.

use crate::controller::context::Context;
use crate::controller::place::in_flight;
use crate::crd::request::{RestockRequest, to_progress};
use crate::process::args::Area;
use crate::process::health::Condition;
use kube::ResourceExt as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How soon it is noticed that an area is known.
const KNOWN_PAUSE: Duration = Duration::from_millis(100);

/// How soon it is noticed that an area is known no more: soon against the minutes for which
/// a watch goes on whose right was taken away.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// When an object is looked at again whose area is not known yet: a list of ten thousand
/// takes seconds.
pub(super) const NOT_BEGUN_PAUSE: Duration = Duration::from_secs(1);

/// The areas in which work has begun.
#[derive(Default)]
pub(super) struct Begun(Mutex<Vec<Area>>);

impl Begun {
    /// Whether requests of this namespace are worked on.
    pub(super) fn has(&self, namespace: &str) -> bool {
        self.lock().iter().any(|area| area.has(namespace))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Area>> {
        // It only grows, by one at a time.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets work begin in each area when its first complete list is there. An area that cannot
/// be listed, or whose watch may not begin again, keeps the process from being ready, and
/// nothing else: a rollout with a wrong list of namespaces stops at its first pod, and an
/// outage of one stops no other.
pub(super) async fn watch(context: Arc<Context>, watching: Condition) {
    loop {
        for area in context.live.known() {
            if !context.begun.lock().contains(&area) {
                begin(&context, area);
            }
        }
        let mut unknown = context.live.unknown();
        unknown.extend(context.destinations.unknown());
        let pause = if unknown.is_empty() {
            watching.ready();
            LOOK_PAUSE
        } else {
            watching.not_ready(unknown.join("; "));
            KNOWN_PAUSE
        };
        tokio::time::sleep(pause).await;
    }
}

fn begin(context: &Context, area: Area) {
    // The list is the cluster's first answer; without work there would be no other.
    context.cluster_answered(Ok(()));
    let live = context.live.count(area.namespace());
    tracing::info!(namespace = %area, live, "the requests are known");
    // Before the first pass there, so that no order overlooks those in flight.
    occupy_gates(context, &area);
    context.begun.lock().push(area);
}

/// Lets orders go while this process leads.
pub(super) async fn lead(context: Arc<Context>) {
    let Some(mut leadership) = context.leadership.clone() else {
        return context.gates.open();
    };
    // Ends when the election does, at shutdown.
    while leadership.wait_for(|leads| *leads).await.is_ok() {
        // An area that begins now counts its own.
        let begun = context.begun.lock().clone();
        begun.iter().for_each(|area| occupy_gates(&context, area));
        context.gates.open();
        let lost = leadership.wait_for(|leads| !*leads).await;
        context.gates.close();
        if lost.is_err() {
            return;
        }
    }
}

/// Counts what is in flight already, before the first permit is given: after a restart or
/// a change of leaders the limits hold from the first order on.
fn occupy_gates(context: &Context, area: &Area) {
    let placed = |object: RestockRequest| {
        let progress = to_progress(&object).ok().filter(in_flight)?;
        Some((progress.order?, object.uid()?))
    };
    for (order, uid) in context.live.select(area.namespace(), placed) {
        context.gates.occupy(&order, &uid);
    }
}
