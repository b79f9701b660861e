//! A callback with a good token, to its ending: committed, else parked, else held.

use crate::domain::arrival::{Claims, compare};
use crate::domain::time::Time;
use crate::edge::store::arrivals::NewArrival;
use crate::process::clock;
use crate::receiver::apply::{Applied, apply};
use crate::receiver::desk::Desk;
use crate::receiver::parked::Parked;
use axum::body::{Body, to_bytes};
use data_encoding::HEXLOWER;
use hyper::body::Incoming;
use ring::digest::{SHA256, digest};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Bytes of a body that are read. An order is below 1 KiB, so this has room for any
/// factory's echo of it; the claims count in any case.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// How long ledger and body may take together, from the head of the callback on: a lock
/// wait of 1 s and a commit. With [`PARK_WITHIN`] it makes the 2 s within which a callback
/// is answered, less some for the way.
const COMMIT_WITHIN: Duration = Duration::from_millis(1_200);

/// How long the body may take of that: it is sent with the head, and the ledger needs the
/// other half.
const BODY_WITHIN: Duration = Duration::from_millis(600);

/// How long the inbox may take: a send is about 20 ms, 200 ms on a new connection.
const PARK_WITHIN: Duration = Duration::from_millis(650);

/// The waits between two tries of what is held in memory: from the first, doubling.
const HELD_RETRY_MIN: Duration = Duration::from_secs(1);
/// To the last: an outage is over for at most this long before it is noticed.
const HELD_RETRY_MAX: Duration = Duration::from_secs(15);

/// A request whose path we signed.
pub(super) struct AuthenticRequest {
    pub(super) path: String,
    pub(super) claims: Claims,
    pub(super) body: Incoming,
    pub(super) came_at: Time,
}

/// How a callback with a good token ended, as far as its caller is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The stock rose now.
    Committed,
    /// The stock rose before.
    Repeat,
    /// The inbox has it: the stock will rise.
    Parked,
    /// Nobody has it but the memory of this process.
    Neither,
}

/// A callback whose token was found good.
struct Callback {
    claims: Claims,
    arrival: NewArrival,
    parked: Parked,
}

/// Reads the body, settles the callback and tells the ending to whoever still listens.
pub(super) async fn deliver(
    desk: Arc<Desk>,
    request: AuthenticRequest,
    tell: oneshot::Sender<Ending>,
) {
    let AuthenticRequest {
        path,
        claims,
        body,
        came_at,
    } = request;
    let (note, body_digest) = read_body(&claims, body).await;
    // Bounded, because the wall clock can be set.
    let spent = clock::now().since(came_at).min(BODY_WITHIN);
    let parked = Parked {
        path,
        body_digest,
        note,
    };
    let arrival = parked.arrival(&claims, came_at);
    let callback = Callback {
        claims,
        arrival,
        parked,
    };
    let ending = settle(&desk, &callback, COMMIT_WITHIN - spent).await;
    desk.metrics.count(ending.into());
    // A caller that hung up is told nothing, and nothing is undone for it.
    let _ = tell.send(ending);
    if ending == Ending::Neither {
        hold(&desk, &callback).await;
    }
}

/// What a person should know of the body, and the digest of what came of it. A body that
/// is too long, too slow or cut off is a remark: the token in the path says it all.
async fn read_body(claims: &Claims, body: Incoming) -> (Option<String>, String) {
    let (note, bytes) = match timeout(BODY_WITHIN, to_bytes(Body::new(body), BODY_BYTES_MAX)).await
    {
        Ok(Ok(bytes)) => (compare(claims, &bytes), bytes),
        Ok(Err(_)) => {
            let note = format!("the callback's body was cut off or over {BODY_BYTES_MAX} bytes");
            (Some(note), Default::default())
        }
        Err(_) => (
            Some("the callback's body did not come in time".to_owned()),
            Default::default(),
        ),
    };
    (note, HEXLOWER.encode(digest(&SHA256, &bytes).as_ref()))
}

/// One try with the ledger, then one with the inbox.
async fn settle(desk: &Desk, callback: &Callback, commit_within: Duration) -> Ending {
    match apply(desk, &callback.claims, &callback.arrival, commit_within).await {
        Ok(Applied::Committed) => return Ending::Committed,
        Ok(Applied::Repeat) => return Ending::Repeat,
        Err(why) => warn(
            callback,
            &why,
            "callback not committed, it goes to the inbox",
        ),
    }
    // After an unknown COMMIT too: the arrival's key lets it happen once.
    let message = callback.parked.to_message();
    let parked = timeout(PARK_WITHIN, desk.inbox.send(message, &BTreeMap::new())).await;
    let failure = match parked {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some("no answer in time".to_owned()),
    };
    desk.parks.note(failure.as_deref(), clock::now());
    let Some(why) = failure else {
        return Ending::Parked;
    };
    warn(callback, &why, "callback not parked");
    Ending::Neither
}

/// Tries on from memory: the factory calls once, and an outage of both ledger and inbox
/// must not cost the goods as long as this process lives.
async fn hold(desk: &Desk, callback: &Callback) {
    let Ok(_permit) = desk.held.try_acquire() else {
        return give_up(callback, "too many are held already");
    };
    let mut wait = HELD_RETRY_MIN;
    loop {
        let closed = timeout(wait, desk.closed.cancelled()).await.is_ok();
        if settle(desk, callback, COMMIT_WITHIN).await != Ending::Neither {
            return;
        }
        if closed {
            return give_up(callback, "this process ends");
        }
        wait = HELD_RETRY_MAX.min(wait * 2);
    }
}

fn warn(callback: &Callback, why: &str, what: &str) {
    let arrival = &callback.arrival;
    tracing::warn!(request_id = %arrival.request_id, attempt = arrival.attempt, why, "{what}");
}

/// Everything that a person needs to book the goods, and nothing of the token.
fn give_up(callback: &Callback, why: &str) {
    let claims = &callback.claims;
    tracing::error!(
        request_id = %claims.request_id,
        attempt = claims.attempt,
        sku = %claims.sku,
        quantity = %claims.quantity,
        factory = claims.factory,
        why,
        "an authentic callback is lost, book the goods by hand"
    );
}
