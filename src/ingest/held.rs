//! Messages between receipt and deletion.

use super::create::{Created, Creator};
use crate::crd::request::RestockRequest;
use crate::edge::sqs::BATCH_MAX;
use crate::process::telemetry::{Kind, Stage};
use futures::StreamExt;
use kube::ResourceExt;

/// One message that is an order, without its body.
pub(super) struct Held {
    pub(super) receipt: String,
    pub(super) message_id: String,
    pub(super) request: RestockRequest,
}

/// Creates the requests of one batch at once, and says what came of each.
pub(super) async fn create_all(creator: &Creator, held: Vec<Held>) -> Vec<(Held, Created)> {
    futures::stream::iter(held)
        .map(|one| async {
            let created = create(creator, &one.request).await;
            (one, created)
        })
        .buffer_unordered(BATCH_MAX)
        .collect()
        .await
}

/// Creates one, and leaves a span of it in the message's trace.
async fn create(creator: &Creator, request: &RestockRequest) -> Created {
    let name = request.name_any();
    let source = request.spec.source.as_ref();
    let stage = Stage {
        name: "create request",
        kind: Kind::Consumer,
        request_id: name.trim_start_matches("rr-"),
        trace_parent: source.and_then(|source| source.trace_parent.as_deref()),
        object: creator.api.namespace().map(|space| (space, name.as_str())),
        attempt: None,
    };
    stage.follow(creator.create(request), Created::word).await
}
