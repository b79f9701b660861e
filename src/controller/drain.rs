//! The end of a controller process: what only this process knows is recorded before it
//! goes. What cannot be is made good by the next one: an answer that is lost is an order in
//! doubt, an acknowledgement that is lost is a notice that is told twice.

use crate::controller::context::Context;
use crate::controller::observe::{Subject, acknowledged};
use crate::controller::pass;
use crate::crd::request::RestockRequest;
use crate::edge::cluster;
use crate::process::clock;
use kube::ResourceExt as _;
use std::time::Duration;

/// How long it may hold up the end of the process: longer than notices are flushed for
/// (20 s), with one call to the cluster after it (10 s).
const DEADLINE: Duration = Duration::from_secs(30);

/// Pause between two looks at what is still held.
const PAUSE: Duration = Duration::from_millis(500);

/// Records until nothing is held any more. The passes that ran at the signal are over.
pub(super) async fn drain(context: &Context) {
    let until = clock::since_boot() + DEADLINE;
    loop {
        // Before the look: what is acknowledged after it is found by the next one.
        let told = context.notifier.is_idle();
        let owing = |object| owes(&object, context).then_some(object);
        for object in context.live.select(None, owing) {
            record(&object, context).await;
        }
        // What was deleted before the signal is in no list above.
        context.forget_deleted();
        if (told && context.memory.held() == 0) || clock::since_boot() >= until {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether this process knows something of the object that the object does not show.
fn owes(object: &RestockRequest, context: &Context) -> bool {
    let Ok(subject) = Subject::parse(object) else {
        return false;
    };
    let nonce = subject.progress.nonce.as_ref();
    let answer = nonce.and_then(|nonce| context.memory.answer(&subject.request.uid, nonce));
    answer.is_some() || acknowledged(&subject, context).is_some()
}

/// One pass over the object as it is now: nobody follows the watch any more. It does not
/// ask who leads: the lease was handed back at the signal, and what is held here is known
/// to no other process.
async fn record(object: &RestockRequest, context: &Context) {
    let requests = context.requests(&object.namespace().unwrap_or_default());
    match cluster::get(&requests, &object.name_any()).await {
        Ok(Some(now)) if now.uid() == object.uid() => {
            let _ = pass(&now, context).await;
        }
        // Deleted meanwhile: there is nothing left to record it on.
        Ok(_) => context.memory.forget(&object.uid().unwrap_or_default()),
        Err(error) => tracing::warn!(name = object.name_any(), %error, "cannot record the last"),
    }
}
