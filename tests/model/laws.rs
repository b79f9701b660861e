//! The laws of the design, each one function over one moment of the world.

use crate::world::{World, request};
use restock_operator::domain::notice::{self, Kind};
use restock_operator::domain::progress::{Delay, Phase, Reason};

/// A law: what it says, and whether it holds.
pub(crate) type Law = (&'static str, fn(&World, u32) -> bool);

/// All laws that one moment can show. `max_attempts` is the Factory's.
pub(crate) const LAWS: &[Law] = &[
    ("S2: one POST per attempt", law_one_post_per_attempt),
    ("S2: orders are bounded", law_orders_are_bounded),
    (
        "S3: a further order has a reason",
        law_a_further_order_has_a_reason,
    ),
    (
        "S3: nothing is ordered that a person cancelled",
        law_cancelled_is_cancelled,
    ),
    (
        "S4, S5: stock is what arrived, once",
        law_stock_is_what_arrived,
    ),
    (
        "S6: Succeeded implies an arrival",
        law_succeeded_implies_an_arrival,
    ),
    (
        "S6: notified implies a publish",
        law_notified_implies_a_publish,
    ),
    (
        "S9: no overdue verdict after an arrival",
        law_no_verdict_after_an_arrival,
    ),
    (
        "S10: a known outcome stays known",
        law_a_known_outcome_stays_known,
    ),
    (
        "S11: no POST behind a row that came after goods",
        law_no_post_after_goods,
    ),
];

fn law_one_post_per_attempt(world: &World, _: u32) -> bool {
    let mut attempts: Vec<_> = world.orders.iter().map(|(_, attempt, _)| attempt).collect();
    attempts.sort();
    attempts.windows(2).all(|pair| pair[0] != pair[1])
}

fn law_orders_are_bounded(world: &World, max_attempts: u32) -> bool {
    let bound = usize::try_from(max_attempts).expect("a small number") + world.excused.len();
    world.orders.len() <= bound
}

fn law_stock_is_what_arrived(world: &World, _: u32) -> bool {
    let mut attempts: Vec<_> = world.arrivals.iter().map(|(row, _)| row.attempt).collect();
    attempts.sort_unstable();
    attempts.dedup();
    usize::from(world.stock) == attempts.len()
}

fn law_succeeded_implies_an_arrival(world: &World, _: u32) -> bool {
    world.object.progress.phase != Phase::Succeeded || world.arrived(world.object.uid)
}

fn law_notified_implies_a_publish(world: &World, _: u32) -> bool {
    let progress = &world.object.progress;
    let delayed = notice::id(&request(), Kind::Delayed, progress.attempt);
    let told = progress.told.as_ref().map(|told| &told.notice_id);
    let claimed = told
        .into_iter()
        .chain((progress.delay == Delay::Told).then_some(&delayed));
    claimed.into_iter().all(|id| world.published.contains(id))
}

// One moment cannot show these five: the step that breaks one says so.

fn law_a_further_order_has_a_reason(world: &World, _: u32) -> bool {
    unbroken(world, "S3")
}

fn law_cancelled_is_cancelled(world: &World, _: u32) -> bool {
    unbroken(world, "S3b")
}

fn law_no_verdict_after_an_arrival(world: &World, _: u32) -> bool {
    unbroken(world, "S9")
}

fn law_a_known_outcome_stays_known(world: &World, _: u32) -> bool {
    unbroken(world, "S10")
}

fn law_no_post_after_goods(world: &World, _: u32) -> bool {
    unbroken(world, "S11")
}

fn unbroken(world: &World, law: &str) -> bool {
    world
        .broken
        .is_none_or(|broken| !broken.starts_with(&format!("{law}:")))
}

/// A good end: nothing under way, nothing owed. Liveness is that one stays reachable.
pub(crate) fn good_end(world: &World) -> bool {
    let progress = &world.object.progress;
    let idle = world.controllers.iter().all(|one| one.pass.is_none());
    let quiet = progress.reason == Reason::Duplicate;
    let failure = notice::id_of(&request(), Kind::Failed, progress);
    let told = progress.phase != Phase::Failed || quiet || world.published.contains(&failure);
    let reflected = !world.arrived(world.object.uid) || progress.phase == Phase::Succeeded;
    let recorded = world.arrivals.iter().all(|(_, recorded)| *recorded);
    idle && progress.finished && told && reflected && recorded && world.object.is_settled()
}
