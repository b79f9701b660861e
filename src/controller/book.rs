//! Goods that came without a callback: the callback is made here, at a person's word. It
//! goes to the receiver like the factory's own, for the receiver alone books arrivals, and
//! the arrival's key lets the two of them count once.

use crate::controller::context::Context;
use crate::controller::observe::Subject;
use crate::controller::record::record;
use crate::domain::decide::LOOK_AGAIN;
use crate::domain::order::Quantity;
use crate::domain::progress::{Observed, Phase, Progress};
use crate::edge::callback::{Answered, call_back};
use crate::process::clock;
use kube::runtime::controller::Action;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What the receiver answers when the arrival is committed, now or before.
const BOOKED: u16 = 200;

/// What it answers when the callback waits in its inbox.
const PARKED: u16 = 202;

/// What it answers to a callback whose signature is not by a key of its own.
const UNKNOWN: u16 = 404;

/// Where it says that they are booked, and the ledger has no arrival.
const ELSEWHERE: &str = "it says that they are booked, and this ledger has no such arrival: \
     RESTOCK_RECEIVER_URL must be that of the same installation";

/// From one try to the next: as often as three looks. A receiver is away for seconds while it is
/// rolled out; a wrong setting is there until somebody mends it.
const TRY_AGAIN: Duration = Duration::from_secs(15);

/// Has the goods booked; a process that dies here does it once more.
pub(super) async fn book(
    subject: &Subject,
    seen: &Observed,
    quantity: Quantity,
    progress: &Progress,
    context: &Context,
) -> Action {
    let id = &subject.request.id;
    let Some(claims) = subject.claims(&subject.progress, quantity) else {
        return Action::requeue(LOOK_AGAIN);
    };
    let path = context.keys.ring().sign(&claims);
    let url = format!("{}{path}", context.settings.receiver_base());
    let body = serde_json::json!({ "sku": claims.sku, "quantity": quantity.get() });
    let why = match call_back(&url, &body).await {
        // Whose goods they were, these or those of a callback that was faster, is in the
        // ledger: the arrival wakes the request, and that pass says so.
        Ok(Answered {
            status: BOOKED,
            by_receiver: true,
        }) => {
            context
                .unbooked
                .note(&subject.request.uid, ELSEWHERE.to_owned());
            return Action::requeue(LOOK_AGAIN);
        }
        // Done: it is as good as any callback that waits there. But nothing may be ordered beside
        // it, as it is where the request waits to be ordered again.
        Ok(Answered {
            status: PARKED,
            by_receiver: true,
        }) if subject.progress.phase != Phase::Pending => {
            return record(subject, seen, progress, context).await;
        }
        Ok(answered) => in_words(answered),
        Err(why) => format!("it cannot be reached: {why}"),
    };
    tracing::warn!(request_id = %id, why, "the receiver does not book the goods");
    context.report_unbooked(subject, &why).await;
    context.unbooked.note(&subject.request.uid, why);
    // All else that is due goes on.
    Action::requeue(Duration::ZERO)
}

fn in_words(
    Answered {
        status,
        by_receiver,
    }: Answered,
) -> String {
    match (status, by_receiver) {
        (PARKED, true) => {
            "it has parked their callback, for its ledger does not take it now".to_owned()
        }
        (UNKNOWN, true) => "it answers 404, and so knows no such order: it must have the same \
             callback keys as the controller"
            .to_owned(),
        (_, true) => format!("it answers {status}: its log says why"),
        (_, false) => format!(
            "what answers {status} is no receiver: RESTOCK_RECEIVER_URL must be that of its \
             Service"
        ),
    }
}

/// Requests whose goods no receiver took just now, and why: those of the last [`TRY_AGAIN`], and so
/// no more than are live.
#[derive(Default)]
pub(super) struct Unbooked {
    by_uid: Mutex<HashMap<String, (Duration, String)>>,
}

impl Unbooked {
    fn note(&self, uid: &str, why: String) {
        let now = clock::since_boot();
        let mut by_uid = self.lock();
        by_uid.retain(|_, (since, _)| is_recent(*since, now));
        by_uid.insert(uid.to_owned(), (now, why));
    }

    /// Why, until it is to be tried again.
    pub(super) fn why(&self, uid: &str) -> Option<String> {
        let now = clock::since_boot();
        let by_uid = self.lock();
        let (_, why) = by_uid
            .get(uid)
            .filter(|(since, _)| is_recent(*since, now))?;
        Some(why.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Duration, String)>> {
        // Every change is one call on the map: a panic cannot leave it half done.
        self.by_uid.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_recent(since: Duration, now: Duration) -> bool {
    now.saturating_sub(since) < TRY_AGAIN
}
