//! The controller role: observe → decide → act, one step per pass, until nothing is left
//! to do or to tell.
//!
//! What is decided is in `domain::decide`; this module collects what a pass knows and does
//! what it decided. Compare-and-set and the ledger's rows make two controllers safe; the
//! lease only saves the work of one.

mod act;
mod areas;
mod begin;
mod book;
mod context;
mod destinations;
mod drain;
pub mod expire;
mod factories;
mod gates;
mod ledger;
pub mod live;
mod memory;
mod metrics;
mod observe;
mod orphan;
mod pages;
mod place;
pub mod purge;
mod record;
mod report;
mod settings;
mod start;
pub mod sweep;
pub mod tell;
mod turning;
mod wake;
pub mod words;

pub use settings::Args;
pub use start::run;

use crate::crd::request::RestockRequest;
use crate::domain::decide::{LOOK_AGAIN, decide};
use crate::process::clock;
use act::act;
use begin::NOT_BEGUN_PAUSE;
use context::Context;
use kube::runtime::controller::Action;
use kube::{Resource as _, ResourceExt as _};
use live::Kept;
use observe::{Subject, observe};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// How often a controller that does not lead looks whether it does by now.
const STANDBY_PAUSE: Duration = Duration::from_secs(5);

/// Called by the watch, timers and wakes, for one object never twice at a time.
async fn reconcile(
    object: Arc<Kept<RestockRequest>>,
    context: Arc<Context>,
) -> Result<Action, Infallible> {
    if !context.leads() {
        return Ok(Action::requeue(STANDBY_PAUSE));
    }
    let namespace = object.namespace().unwrap_or_default();
    if !context.begun.has(&namespace) {
        return Ok(Action::requeue(NOT_BEGUN_PAUSE));
    }
    // Our own write is not in the watch yet: it is on its way.
    let (uid, version) = (object.uid(), object.resource_version());
    if context
        .memory
        .is_outdated(&uid.unwrap_or_default(), &version.unwrap_or_default())
    {
        return Ok(Action::requeue(LOOK_AGAIN));
    }
    Ok(match object.read() {
        Ok(request) => pass(&request, &context).await,
        Err(why) => context.unreadable(object.meta(), &why),
    })
}

/// One pass over one request. It never fails as a whole: whatever goes wrong is an answer
/// that the next pass decides by.
async fn pass(object: &RestockRequest, context: &Context) -> Action {
    let _turn = context.turning.begin();
    // Reads the object alone.
    let subject = match Subject::parse(object) {
        Ok(subject) => subject,
        Err(why) => return context.unreadable(&object.metadata, &why),
    };
    // Reads the ledger and the Factories.
    let (seen, policy) = observe(&subject, context).await;
    // Reads nothing: pure.
    let step = decide(&seen, &policy, clock::now());
    // Writes: status, ledger, factory, notices.
    act(&subject, &seen, step, context).await
}
