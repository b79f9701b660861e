//! What is true of a request, in the words that kubectl, kstatus and people look for.
//!
//! Accepted, Ordered, Arrived and Ready are always there. The others appear only while
//! they say something: Complete and Failed like those of a Job, Reconciling and Stalled
//! as kstatus reads them, Delayed once it took too long, Notified once there is something
//! to tell.

use crate::crd::progress::capped;
use crate::crd::schema::MESSAGE_CHARACTERS_MAX;
use crate::crd::time::second_time;
use crate::crd::words;
use crate::domain::order::Order;
use crate::domain::progress::{Delay, OrderOutcome, Phase, Progress, Reason};
use crate::domain::time::Time;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

/// Type, status and reason of one condition.
type Line = (&'static str, &'static str, &'static str);

const TRUE: &str = "True";
const FALSE: &str = "False";
const UNKNOWN: &str = "Unknown";

/// The conditions of a request at `now`. `lastTransitionTime` moves only where the status
/// differs from that of the same type in `previous`.
pub fn conditions(
    progress: &Progress,
    generation: i64,
    now: Time,
    previous: &[Condition],
) -> Vec<Condition> {
    let lines = [
        Some(accepted(progress)),
        Some(ordered(progress)),
        Some(arrived(progress)),
        Some(ready(progress)),
        delayed(progress),
        notified(progress),
        ending(progress),
        movement(progress),
    ];
    let condition = |line| condition(line, &sentence(line, progress), generation, now, previous);
    lines.into_iter().flatten().map(condition).collect()
}

/// What the condition alone says: read one below the other they tell the story, and the
/// status has its message once.
fn sentence((type_, status, reason): Line, progress: &Progress) -> String {
    let own = match (type_, status, reason) {
        ("Accepted", TRUE, _) => return accepted_sentence(progress),
        ("Ordered", TRUE, "GoodsArrived") => "The goods are here, so the factory had the order.",
        ("Ordered", TRUE, _) => "The factory has the order.",
        ("Arrived", FALSE, _) => "No goods arrived.",
        ("Delayed", _, _) => "It took longer in one phase than its Factory allows.",
        ("Notified", TRUE, _) => "The operations team was told.",
        ("Notified", _, "NoticeDue") => "The operations team is to be told.",
        ("Notified", _, _) => "There is nothing to tell.",
        _ => &progress.message,
    };
    own.to_owned()
}

fn accepted_sentence(progress: &Progress) -> String {
    let of_order = |order: &Order| {
        let (quantity, sku) = (u32::from(order.quantity), order.sku.as_str());
        format!("{quantity} of {sku}, from Factory {}.", order.factory.name)
    };
    let order = progress.order.as_ref();
    order.map_or_else(|| progress.message.clone(), of_order)
}

/// Whether a Factory can be ordered from, and why not.
pub fn factory_ready(
    ready: bool,
    reason: &'static str,
    message: &str,
    generation: i64,
    now: Time,
    previous: &[Condition],
) -> Condition {
    let line = ("Ready", if ready { TRUE } else { FALSE }, reason);
    condition(line, message, generation, now, previous)
}

/// One condition; its time moves only where the status differs from the previous one's.
fn condition(
    (type_, status, reason): Line,
    message: &str,
    generation: i64,
    now: Time,
    previous: &[Condition],
) -> Condition {
    Condition {
        last_transition_time: previous
            .iter()
            .find(|old| old.type_ == type_ && old.status == status)
            .map_or_else(|| second_time(now), |old| old.last_transition_time.clone()),
        message: capped(message, MESSAGE_CHARACTERS_MAX),
        observed_generation: Some(generation),
        reason: reason.to_owned(),
        status: status.to_owned(),
        type_: type_.to_owned(),
    }
}

fn reason(progress: &Progress) -> &'static str {
    words::Reason::from(progress.reason).as_str()
}

fn accepted(progress: &Progress) -> Line {
    let refused = matches!(progress.reason, Reason::Invalid | Reason::Duplicate);
    let status = match progress.phase {
        Phase::Failed if refused || progress.order.is_none() => FALSE,
        Phase::Pending if progress.order.is_none() => UNKNOWN,
        _ => return ("Accepted", TRUE, "OrderFixed"),
    };
    ("Accepted", status, reason(progress))
}

fn ordered(progress: &Progress) -> Line {
    // Goods prove the order, whatever the answer to it was; and while an order is being
    // sent, no answer is not the same as no order.
    let status = match (progress.phase, progress.outcome) {
        (_, _) if progress.arrival.is_some() => return ("Ordered", TRUE, "GoodsArrived"),
        (_, OrderOutcome::Placed) => return ("Ordered", TRUE, "OrderPlaced"),
        (_, OrderOutcome::Refused) => return ("Ordered", FALSE, "Refused"),
        (_, OrderOutcome::Unknown) => return ("Ordered", UNKNOWN, "OrderUnknown"),
        (Phase::Placing, OrderOutcome::NotPlaced) => UNKNOWN,
        (_, OrderOutcome::NotPlaced) => FALSE,
    };
    ("Ordered", status, reason(progress))
}

fn arrived(progress: &Progress) -> Line {
    let status = if progress.arrival.is_some() {
        TRUE
    } else {
        FALSE
    };
    ("Arrived", status, reason(progress))
}

/// Unknown until the end, so that `kubectl wait` can wait for either end.
fn ready(progress: &Progress) -> Line {
    let status = match progress.phase {
        Phase::Succeeded => TRUE,
        Phase::Failed => FALSE,
        Phase::Pending | Phase::Placing | Phase::Awaiting => UNKNOWN,
    };
    ("Ready", status, reason(progress))
}

fn delayed(progress: &Progress) -> Option<Line> {
    match progress.delay {
        Delay::None => None,
        Delay::Marked => Some(("Delayed", TRUE, "TookTooLong")),
        Delay::Told => Some(("Delayed", TRUE, "TookTooLongAndTold")),
    }
}

fn notified(progress: &Progress) -> Option<Line> {
    match progress.phase {
        _ if progress.told.is_some() => Some(("Notified", TRUE, "Acknowledged")),
        Phase::Failed if progress.finished => Some(("Notified", FALSE, "NothingToTell")),
        Phase::Failed => Some(("Notified", FALSE, "NoticeDue")),
        _ => None,
    }
}

fn ending(progress: &Progress) -> Option<Line> {
    match progress.phase {
        Phase::Succeeded => Some(("Complete", TRUE, reason(progress))),
        Phase::Failed => Some(("Failed", TRUE, reason(progress))),
        Phase::Pending | Phase::Placing | Phase::Awaiting => None,
    }
}

fn movement(progress: &Progress) -> Option<Line> {
    match progress.phase {
        Phase::Succeeded => None,
        Phase::Failed => Some(("Stalled", TRUE, reason(progress))),
        Phase::Pending | Phase::Placing | Phase::Awaiting => {
            Some(("Reconciling", TRUE, reason(progress)))
        }
    }
}
