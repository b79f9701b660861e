//! Messages between receipt and deletion.

use super::create::{Created, Creator};
use crate::crd::request::RestockRequest;
use crate::edge::sqs::BATCH_MAX;
use futures::StreamExt;

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
            let created = creator.create(&one.request).await;
            (one, created)
        })
        .buffer_unordered(BATCH_MAX)
        .collect()
        .await
}
