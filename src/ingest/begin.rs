//! What must be known before the first receive.

use super::create::Creator;
use crate::edge::sqs::{Queue, QueueAttributes};
use crate::process::backoff::Backoff;
use crate::process::health::Condition;
use kube::Client;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Waits between failed tries to begin.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LONGEST: Duration = Duration::from_secs(20);

/// With fewer receives a short outage or two restarts turn good messages into dead ones.
const RECEIVES_MIN: u32 = 5;

/// Asks until the queue tells who it is; none at shutdown.
pub(super) async fn queue_arn(
    queue: &Queue,
    condition: &Condition,
    shutdown: &CancellationToken,
) -> Option<String> {
    let ask = async || {
        let answer = queue.attributes().await;
        answer.map_err(|why| {
            let url = queue.url();
            format!("{why}: {url}: create it, let this role read it, or correct RESTOCK_QUEUE_URL")
        })
    };
    let attributes = until_good(condition, shutdown, ask).await?;
    tracing::info!(queue = attributes.arn, "reading this queue");
    warn_of_redrive(&attributes);
    Some(attributes.arn)
}

/// Asks until a request could be created; none at shutdown.
pub(super) async fn creator(
    client: Client,
    namespace: &str,
    queue_arn: String,
    condition: &Condition,
    shutdown: &CancellationToken,
) -> Option<Creator> {
    let creator = Creator::new(client, namespace, queue_arn);
    until_good(condition, shutdown, || creator.probe()).await?;
    Some(creator)
}

async fn until_good<T, E: std::fmt::Display, F: Future<Output = Result<T, E>>>(
    condition: &Condition,
    shutdown: &CancellationToken,
    mut ask: impl FnMut() -> F,
) -> Option<T> {
    let mut backoff = Backoff::new(RETRY_FIRST, RETRY_LONGEST);
    loop {
        match ask().await {
            Ok(answer) => {
                condition.ready();
                return Some(answer);
            }
            Err(why) => {
                tracing::warn!(%why, "cannot begin yet");
                condition.not_ready(why.to_string());
            }
        }
        tokio::select! {
            () = tokio::time::sleep(backoff.wait()) => {}
            () = shutdown.cancelled() => return None,
        }
    }
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
