//! What must be known before the first receive.

use super::create::Creator;
use crate::edge::sqs::{Queue, QueueAttributes};
use crate::process::Process;
use kube::Client;

/// Conditions of readiness: those that the pollers and the gate in front of them go on with.
pub(super) const QUEUE: &str = "queue";
pub(super) const CLUSTER: &str = "cluster";

/// With fewer receives a short outage or two restarts turn good messages into dead ones.
const RECEIVES_MIN: u32 = 5;

/// Asks until the queue tells who it is; none at shutdown.
pub(super) async fn queue_arn(queue: &Queue, process: &Process) -> Option<String> {
    let ask = async || {
        let answer = queue.attributes().await;
        answer.map_err(|why| {
            let url = queue.url();
            format!("{why}: {url}: create it, let this role read it, or correct RESTOCK_QUEUE_URL")
        })
    };
    let attributes = process.wait_for(QUEUE, ask).await?;
    tracing::info!(queue = attributes.arn, "reading this queue");
    warn_of_redrive(&attributes);
    Some(attributes.arn)
}

/// Asks until a request could be created; none at shutdown.
pub(super) async fn creator(
    client: Client,
    namespace: &str,
    queue_arn: String,
    process: &Process,
) -> Option<Creator> {
    let creator = Creator::new(client, namespace, queue_arn);
    process.wait_for(CLUSTER, || creator.probe()).await?;
    Some(creator)
}

fn warn_of_redrive(queue: &QueueAttributes) {
    match &queue.redrive {
        None => tracing::warn!(
            queue = queue.arn,
            "the queue has no redrive policy: a message that is no order comes back until \
             its retention is over; give it a dead-letter queue"
        ),
        Some(redrive) if redrive.receives_max < RECEIVES_MIN => tracing::warn!(
            queue = queue.arn,
            receives_max = redrive.receives_max,
            "maxReceiveCount is below {RECEIVES_MIN}: a short outage can turn good messages \
             into dead letters; set it to 5 to 10"
        ),
        Some(_) => {}
    }
}
