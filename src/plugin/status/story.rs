//! The story of one request: what happened, when, by whom; and what comes next.

use super::said;
use crate::domain::time::Time;
use crate::edge::cluster::FIELD_MANAGER;
use crate::plugin::advice::{self, Advice};
use crate::plugin::view::{View, span, written};
use kube::ResourceExt as _;
use serde::{Serialize, Serializer};

/// The roles that act on a request, as people know them.
pub(super) const CONTROLLER: &str = "controller";
const INGEST: &str = "ingest";
const RECEIVER: &str = "receiver";
const FACTORY: &str = "factory";
const SENDER: &str = "sender";

/// One thing that happened.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    #[serde(serialize_with = "as_written")]
    pub(super) at: Time,
    pub(super) who: String,
    pub(super) what: String,
}

impl Entry {
    pub(super) fn new(at: Time, who: &str, what: impl Into<String>) -> Self {
        Self {
            at,
            who: who.to_owned(),
            what: what.into(),
        }
    }
}

fn as_written<S: Serializer>(at: &Time, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&written(*at))
}

/// A request and its time line.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Story {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) phase: String,
    pub(super) reason: String,
    pub(super) message: Option<String>,
    pub(super) age: String,
    /// What is known of the order.
    pub(super) order: Order,
    pub(super) timeline: Vec<Entry>,
    /// What is waited for, and what a person can do.
    pub(super) next: Vec<Advice>,
    /// What this story lacks.
    pub(super) missing: Vec<String>,
}

/// What is known of the order.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    pub(super) product: String,
    pub(super) quantity: Option<String>,
    pub(super) factory: Option<String>,
    pub(super) attempt: Option<String>,
    pub(super) order_id: Option<String>,
    pub(super) outcome: Option<String>,
}

impl Order {
    fn of(view: &View) -> Self {
        Self {
            product: view.product(),
            quantity: view.quantity(),
            factory: view.text("/status/factory/name"),
            // 0 before the first.
            attempt: view.text("/status/attempt").filter(|count| count != "0"),
            order_id: view.text("/status/factoryOrderId"),
            outcome: view.text("/status/orderOutcome"),
        }
    }
}

impl Story {
    pub(super) fn of(view: &View, events: Result<Vec<Entry>, String>, now: Time) -> Self {
        let (events, missing) = match events {
            Ok(events) => (events, Vec::new()),
            Err(why) => (Vec::new(), vec![why]),
        };
        let mut timeline = began(view);
        timeline.extend(said::words(view));
        timeline.extend(happened(view));
        timeline.extend(events);
        // Conditions and Events are kept in whole seconds: within one, the order in which
        // things can only have happened stays.
        timeline.sort_by_key(|entry| entry.at.as_micros().div_euclid(1_000_000));
        Self {
            namespace: view.namespace(),
            name: view.name(),
            phase: view.phase(),
            reason: view.reason(),
            message: view.text("/status/message"),
            age: span(now.since(view.created())),
            order: Order::of(view),
            timeline,
            next: next(view, now),
            missing,
        }
    }
}

fn began(view: &View) -> Vec<Entry> {
    let all = [sent(view), Some(created(view))];
    all.into_iter().flatten().collect()
}

/// In the order in which it can only have happened.
fn happened(view: &View) -> Vec<Entry> {
    let all = [
        announced(view),
        answered(view),
        delayed(view),
        arrived(view),
        ended(view),
        told(view),
    ];
    all.into_iter().flatten().collect()
}

fn sent(view: &View) -> Option<Entry> {
    let at = view.time("/spec/source/sentAt")?;
    let arn = view.text("/spec/source/arn").unwrap_or_default();
    // The account and the region are those of all of them.
    let name = arn.rsplit(':').next().unwrap_or_default();
    let kind = view.text("/spec/source/kind").unwrap_or_default();
    let kind = kind.to_lowercase();
    let event = view.text("/spec/source/eventId").unwrap_or_default();
    let what = format!("message to {kind} {name}, event {event}");
    Some(Entry::new(at, SENDER, what))
}

fn created(view: &View) -> Entry {
    let mut writers: Vec<_> = view.object.managed_fields().iter().collect();
    writers.retain(|one| one.subresource.is_none());
    writers.sort_by_key(|one| one.time.as_ref().map(|at| at.0));
    let manager = writers.first().and_then(|one| one.manager.as_deref());
    let by_message = view.is_there("/spec/source");
    let who = match manager.unwrap_or_default() {
        // Ingest and controller write under one name; only one of them creates.
        FIELD_MANAGER if by_message => INGEST,
        other => other,
    };
    let quantity = view.text("/spec/quantity");
    let quantity = quantity.unwrap_or_else(|| "some".to_owned());
    let product = view.text("/spec/productId").unwrap_or_default();
    let requester = view.text("/spec/requester");
    let asked = requester.map_or(String::new(), |who| format!(", asked for by {who}"));
    Entry::new(
        view.created(),
        who,
        format!("request made: {quantity} of {product}{asked}"),
    )
}

fn announced(view: &View) -> Option<Entry> {
    let at = view.time("/status/placingSince")?;
    let attempt = view.text("/status/attempt").unwrap_or_default();
    let factory = view.text("/status/factory/name").unwrap_or_default();
    let what = format!("attempt {attempt}, at Factory {factory}");
    Some(Entry::new(at, CONTROLLER, what))
}

fn answered(view: &View) -> Option<Entry> {
    let ordered = view.condition("Ordered")?;
    let of = |who, what: String| Some(Entry::new(ordered.at, who, what));
    match (ordered.status.as_str(), ordered.reason.as_str()) {
        ("True", _) => {
            let id = view.text("/status/factoryOrderId")?;
            of(FACTORY, format!("has the order, as {id}"))
        }
        ("False", "Refused") => of(FACTORY, "refused the order".to_owned()),
        ("Unknown", "OrderUnknown" | "OrderOutcomeUnknown") => of(
            CONTROLLER,
            "nobody knows whether the factory has the order".to_owned(),
        ),
        _ => None,
    }
}

fn delayed(view: &View) -> Option<Entry> {
    let delayed = view.condition("Delayed")?;
    let told = match view.text("/status/delay").as_deref() {
        Some("Told") => ", and the operations team was told",
        _ => "",
    };
    let what = format!("longer in one phase than its Factory allows{told}");
    Some(Entry::new(delayed.at, CONTROLLER, what))
}

fn arrived(view: &View) -> Option<Entry> {
    let at = view.time("/status/arrival/at")?;
    let quantity = view.text("/status/arrival/quantity").unwrap_or_default();
    Some(Entry::new(
        at,
        RECEIVER,
        format!("callback: {quantity} pieces came, and are in stock"),
    ))
}

fn ended(view: &View) -> Option<Entry> {
    let at = view.time("/status/completionTime")?;
    let message = view.text("/status/message").unwrap_or_default();
    let what = format!("{}, {}: {message}", view.phase(), view.reason());
    Some(Entry::new(at, CONTROLLER, what))
}

fn told(view: &View) -> Option<Entry> {
    let at = view.time("/status/notice/at")?;
    let id = view.text("/status/notice/id").unwrap_or_default();
    let channels = view.text("/status/notice/channels").unwrap_or_default();
    let what = format!("operations team told through {channels}, notice {id}");
    Some(Entry::new(at, CONTROLLER, what))
}

fn next(view: &View, now: Time) -> Vec<Advice> {
    let phase = view.phase();
    let in_or_ago = |at: Time| match now.since(at).is_zero() {
        true => format!("{}, in {}", written(at), span(at.since(now))),
        false => format!("{}, {} ago", written(at), span(now.since(at))),
    };
    let mut next = Vec::new();
    if view.is_true("/spec/suspend") && !view.has_ended() {
        next.push(Advice::with(
            "Suspended: no new order is sent. It goes on after:",
            advice::say(view, "resume", ""),
        ));
    }
    if let Some(at) = view
        .time("/status/nextAttemptAt")
        .filter(|_| phase == "Pending")
    {
        next.push(Advice::of(format!("Tried again: {}.", in_or_ago(at))));
    }
    if let Some(at) = view
        .time("/status/deadline")
        .filter(|_| phase == "Awaiting")
    {
        next.push(Advice::of(format!("Callback due: {}.", in_or_ago(at))));
    }
    // Goods that nobody books keep a request that was told from its end.
    let is_told = view.text("/status/notice/id").is_some() || view.is_true("/status/finished");
    if phase == "Failed" && !is_told {
        next.push(Advice::of("The operations team is still to be told."));
    }
    next.extend(said::waiting(view).map(Advice::of));
    next.extend(advice::of(view));
    next
}
