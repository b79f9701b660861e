//! Messages between receipt and deletion.

use super::create::{Created, Creator};
use crate::crd::request::RestockRequest;
use crate::edge::sqs::BATCH_MAX;
use crate::process::telemetry::{Kind, Stage};
use futures::StreamExt;
use kube::ResourceExt;

/// What answers the queue for one message, and what people call it.
#[derive(Clone)]
pub(super) struct Receipt {
    pub(super) handle: String,
    pub(super) request_id: String,
}

/// One message that is an order, without its body.
pub(super) struct Held {
    pub(super) receipt: Receipt,
    pub(super) message_id: String,
    pub(super) request: RestockRequest,
}

/// Creates the requests of one batch at once, and says what came of each.
pub(super) async fn create_all(creator: &Creator, held: Vec<Held>) -> Vec<(Held, Created)> {
    futures::stream::iter(held)
        .map(|one| async {
            let created = create(creator, &one).await;
            (one, created)
        })
        .buffer_unordered(BATCH_MAX)
        .collect()
        .await
}

/// Creates one, and leaves a span of it in the message's trace.
async fn create(creator: &Creator, one: &Held) -> Created {
    let name = one.request.name_any();
    let source = one.request.spec.source.as_ref();
    let stage = Stage {
        name: "create request",
        kind: Kind::Consumer,
        request_id: &one.receipt.request_id,
        trace_parent: source.and_then(|source| source.trace_parent.as_deref()),
        object: creator.api.namespace().map(|space| (space, name.as_str())),
        attempt: None,
    };
    stage
        .follow(creator.create(&one.request), Created::word)
        .await
}
