//! Needs SQS and an API server. Proves that `kubectl restock dlq` shows a dead letter without
//! what may be personal, sends letters back so that none is lost and each stays the same
//! request, and throws none away that was not saved.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/plugin.rs"]
mod plugin;
#[path = "support/stock_queue.rs"]
mod stock_queue;

#[path = "flow_dead_letters/discard.rs"]
mod discard;
#[path = "flow_dead_letters/fifo.rs"]
mod fifo;
#[path = "flow_dead_letters/hidden.rs"]
mod hidden;
#[path = "flow_dead_letters/identity.rs"]
mod identity;
#[path = "flow_dead_letters/output.rs"]
mod output;
#[path = "flow_dead_letters/redrive.rs"]
mod redrive;
#[path = "flow_dead_letters/show.rs"]
mod show;
#[path = "flow_dead_letters/terminal.rs"]
mod terminal;

use plugin::{Said, plugin};
use restock_operator::process::install_tls;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use stock_queue::{StockQueue, attributes, with_queues};

/// More than any test receives a message.
const RECEIVES_MAX: u32 = 100;

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Queues of one test.
async fn in_queues<F: Future<Output = ()>>(test: impl FnOnce(Arc<StockQueue>) -> F) {
    install_tls();
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("restock-test-letters-{}-{number}", std::process::id());
    with_queues(&name, RECEIVES_MAX, test).await;
}

/// `kubectl restock dlq …`, with the queues of the test.
fn dlq(queues: &StockQueue, arguments: &[&str]) -> Said {
    let urls = [
        "--dlq-url",
        queues.dead.url(),
        "--queue-url",
        queues.queue.url(),
    ];
    plugin(&[&["dlq"], arguments, &urls[..]].concat(), "", &[])
}

/// A letter that says which order it would have been, under this event id.
async fn order(queues: &StockQueue, event: &str) -> String {
    let attributes = attributes(&[("EventId", event)]);
    let body = r#"{"MessageAttributeProductId": "CP-1"}"#;
    queues.dead.send(body, &attributes).await.unwrap()
}

/// What waits in the queue now, and in its dead-letter queue.
async fn depths(queues: &StockQueue) -> (u64, u64) {
    let waiting = queues.state().await.messages_visible;
    (waiting, queues.dead_letters().await)
}
