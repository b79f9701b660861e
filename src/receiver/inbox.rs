//! Takes parked callbacks out of the inbox and into the ledger.

use crate::domain::arrival::Claims;
use crate::domain::time::Time;
use crate::edge::aws::CALL_DEADLINE as AWS_DEADLINE;
use crate::edge::sqs::{BATCH_MAX, Received, WAIT_MAX};
use crate::edge::store::CALL_DEADLINE as STORE_DEADLINE;
use crate::edge::store::arrivals::NewArrival;
use crate::process::clock;
use crate::receiver::apply::{Applied, apply};
use crate::receiver::desk::Desk;
use crate::receiver::metrics::InboxResult;
use crate::receiver::parked::Parked;
use futures::future::join_all;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long the ledger may take for one parked callback: nobody waits for the answer, so
/// a whole batch for one product may take turns at its row.
const APPLY_WITHIN: Duration = Duration::from_secs(5);

/// The longest turn: the ledger's clock, a long poll with its margin, a batch, the
/// answer to the queue, and the look whether it is empty.
const TURN_MAX: Duration = Duration::from_secs(
    2 * STORE_DEADLINE.as_secs() + 25 + APPLY_WITHIN.as_secs() + 2 * AWS_DEADLINE.as_secs(),
);

/// The pause after a turn that failed: from the first, doubling.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// To the last: so long may the end of an outage go unnoticed.
const PAUSE_MAX: Duration = Duration::from_secs(15);

/// How long a message that could not be applied stays hidden: from the first time,
/// doubling with every receive.
const HIDDEN_MIN: Duration = Duration::from_secs(2);
/// To the last. With ten receives before the redrive policy takes it, about half an hour
/// goes by; with the recommended hundred, a day.
const HIDDEN_MAX: Duration = Duration::from_secs(15 * 60);

/// Applies what is parked until the process is told to stop. Any number of receivers may
/// do this at once: a message that two of them take meets the arrival's key.
pub(super) async fn drain(desk: Arc<Desk>) {
    let pulse = desk.process.health.pulse("inbox", TURN_MAX);
    let stop = desk.process.shutdown.clone();
    let mut pause = PAUSE_MIN;
    while !stop.is_cancelled() {
        match turn(&desk).await {
            Ok(()) => pause = PAUSE_MIN,
            Err(why) => {
                tracing::warn!(why, "inbox not drained");
                // Ends early when told to stop; the loop's condition sees that.
                let _ = timeout(pause, stop.cancelled()).await;
                pause = PAUSE_MAX.min(pause * 2);
            }
        }
        pulse.beat();
    }
}

/// One receive and what follows from it.
async fn turn(desk: &Desk) -> Result<(), String> {
    // The ledger first: while it is away nothing is received, so that no outage counts
    // against a message's receives and sends it to the dead letters.
    let as_of = desk.store.now().await.map_err(|error| error.to_string())?;
    let receive = desk.inbox.receive(BATCH_MAX, WAIT_MAX, None);
    let messages = tokio::select! {
        // What SQS hands out to an abandoned poll comes back by itself.
        () = desk.process.shutdown.cancelled() => return Ok(()),
        received = receive => received.map_err(|error| error.to_string())?,
    };
    if messages.is_empty() {
        return note_empty(desk, as_of).await;
    }
    let applied = join_all(messages.iter().map(|message| take(desk, message))).await;
    let (done, left): (Vec<_>, Vec<_>) = messages
        .iter()
        .zip(applied)
        .partition(|(_, applied)| *applied);
    let receipts: Vec<&str> = done
        .iter()
        .map(|(message, _)| message.receipt.as_str())
        .collect();
    let deleted = desk.inbox.delete_batch(&receipts).await;
    for (message, _) in left {
        hide(desk, message).await;
    }
    // What was not deleted comes back as a repeat.
    deleted.map(|_| ()).map_err(|error| error.to_string())
}

/// Applies one message; whether it may be deleted.
async fn take(desk: &Desk, message: &Received) -> bool {
    let read = read(desk, message).await;
    let claims = read.as_ref().ok().map(|(claims, _)| claims);
    let applied = match &read {
        Ok((claims, arrival)) => apply(desk, claims, arrival, APPLY_WITHIN).await,
        Err(why) => Err(why.clone()),
    };
    match applied {
        Ok(Applied::Committed) => desk.metrics.inbox(InboxResult::Committed),
        Ok(Applied::Repeat) => desk.metrics.inbox(InboxResult::Repeat),
        Err(why) => {
            desk.metrics.inbox(InboxResult::Left);
            tracing::warn!(
                request_id = claims.map(|claims| claims.request_id.as_str()),
                attempt = claims.map(|claims| claims.attempt),
                sku = claims.map(|claims| claims.sku.as_str()),
                message_id = message.message_id,
                receives = message.receive_count,
                why,
                "stays in the inbox"
            );
            return false;
        }
    }
    true
}

async fn read(desk: &Desk, message: &Received) -> Result<(Claims, NewArrival), String> {
    let parked = Parked::from_message(&message.body).ok_or("it is no parked callback")?;
    // The token was good when it was parked, however long it has been here.
    let sent_at = message.sent_at.unwrap_or_else(clock::now);
    let claims = desk
        .claims(&parked.path, sent_at)
        .await
        .map_err(|error| error.to_string())?;
    let arrival = parked.arrival(&claims, sent_at);
    Ok((claims, arrival))
}

/// Notes in the ledger that nothing was parked at `as_of`. An empty receive says nothing
/// of messages that are hidden, so the queue's own counts must be zero too.
async fn note_empty(desk: &Desk, as_of: Time) -> Result<(), String> {
    let queue = desk
        .inbox
        .attributes()
        .await
        .map_err(|error| error.to_string())?;
    if queue.messages_visible + queue.messages_in_flight + queue.messages_delayed > 0 {
        return Ok(());
    }
    desk.store
        .set_inbox_empty(as_of)
        .await
        .map_err(|error| error.to_string())
}

/// Leaves a message to a later receive, and after many of them to the redrive policy.
async fn hide(desk: &Desk, message: &Received) {
    let doublings = message.receive_count.saturating_sub(1).min(16);
    let hidden = HIDDEN_MAX.min(HIDDEN_MIN * 2_u32.pow(doublings));
    let receipts = [message.receipt.as_str()];
    if let Err(error) = desk.inbox.change_visibility_batch(&receipts, hidden).await {
        // It comes back after the queue's own visibility time-out then.
        tracing::warn!(message_id = message.message_id, %error, "visibility not changed");
    }
}
