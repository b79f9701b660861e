//! Words of people on finished requests. No watch has those; the lists of the expiry show
//! which of them somebody edited, and each edit is looked at once.

use crate::controller::context::Context;
use crate::controller::observe::Subject;
use crate::controller::pass;
use crate::edge::cluster;
use crate::process::recent::Recent;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt as _;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Edits that wait to be looked at; those beyond are found by the next round.
const WAITING_MAX: usize = 1_024;

/// A finished object whose spec was changed after its creation.
pub struct Edited {
    namespace: String,
    name: String,
    edit: String,
}

/// The edits of finished objects, from who lists them to who looks at them.
#[derive(Clone)]
pub struct Edits {
    looked_at: Arc<Recent>,
    waiting: mpsc::Sender<Edited>,
}

impl Edits {
    /// Edits, and where they are to be looked at.
    pub fn new() -> (Self, mpsc::Receiver<Edited>) {
        let (waiting, edits) = mpsc::channel(WAITING_MAX);
        let looked_at = Arc::default();
        (Self { looked_at, waiting }, edits)
    }

    /// Whether an edit of this object was not looked at yet; then it is to be.
    pub(super) fn is_new(&self, metadata: &ObjectMeta) -> bool {
        // The first generation is the creation, and before an end there is no word on it.
        let generation = metadata.generation.filter(|generation| *generation > 1);
        let (Some(generation), Some(uid)) = (generation, &metadata.uid) else {
            return false;
        };
        let edit = format!("{uid}/{generation}");
        if self.looked_at.knows(&edit) {
            return false;
        }
        let edited = Edited {
            namespace: metadata.namespace.clone().unwrap_or_default(),
            name: metadata.name.clone().unwrap_or_default(),
            edit,
        };
        // Without room it is found again.
        drop(self.waiting.try_send(edited));
        true
    }
}

/// Looks at them until shutdown.
pub(super) async fn run(
    context: Arc<Context>,
    edits: Edits,
    mut waiting: mpsc::Receiver<Edited>,
    shutdown: CancellationToken,
) {
    while let Some(Some(edited)) = shutdown.run_until_cancelled(waiting.recv()).await {
        if context.leads() && look(&edited, &context).await {
            edits.looked_at.is_new(&edited.edit);
        }
    }
}

/// One pass over the object, if somebody said something: it is taken up, or refused.
/// Whether nothing is left to be said of this edit.
async fn look(edited: &Edited, context: &Context) -> bool {
    let requests = context.requests(&edited.namespace);
    let object = match cluster::get(&requests, &edited.name).await {
        Ok(Some(object)) => object,
        Ok(None) => return true,
        Err(error) => {
            tracing::warn!(name = edited.name, %error, "cannot look for a person's word");
            return false;
        }
    };
    let Ok(subject) = Subject::parse(&object) else {
        // Said by whoever meets it: an object that cannot be read is not for this loop.
        return true;
    };
    let handled = subject.progress.handled_resolution.as_ref();
    let word = subject.request.resolution.as_ref();
    let unhandled = word.filter(|word| handled.is_none_or(|handled| handled.word != **word));
    if unhandled.is_none() {
        return true;
    }
    // In the watch again, it is none of this loop's.
    if subject.progress.finished {
        tracing::info!(name = object.name_any(), "a word on a finished request");
        let _ = pass(&object, context).await;
    }
    false
}
