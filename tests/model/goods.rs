//! Goods: how they come into the ledger, and how the controllers mark that an object shows them.

use crate::moves::{Next, Rules};
use crate::world::{Callback, Removed, World, order};
use restock_operator::domain::progress::{ArrivalRow, Phase};

/// The worklist: marks what the object shows, and tells what no object will show.
pub(crate) fn mark_recorded(
    world: &World,
    controller: usize,
    rules: &Rules,
    nexts: &mut Vec<Next>,
) {
    let early = rules.removed == Removed::RecordedAfterWrite;
    for index in 0..world.arrivals.len() {
        let (row, recorded) = &world.arrivals[index];
        let gone = row.uid != world.object.uid.to_string();
        let shown = world.object.progress.phase == Phase::Succeeded;
        if *recorded || !(gone || shown || early) {
            continue;
        }
        let mut after = world.clone();
        after.arrivals[index].1 = true;
        nexts.push((
            format!("controller {controller} marks the arrival as recorded"),
            after,
        ));
    }
}

/// A callback reaches the ledger: arrival and stock in one transaction.
pub(crate) fn arrive(world: &mut World, callback: &Callback, rules: &Rules) {
    let known = world
        .arrivals
        .iter()
        .any(|(row, _)| row.attempt == callback.attempt);
    if known && rules.removed != Removed::UniqueArrival {
        return;
    }
    let row = ArrivalRow {
        attempt: callback.attempt,
        uid: callback.uid.to_string(),
        quantity: order().quantity,
        at: world.now(),
    };
    world.arrivals.push((row, false));
    world.stock += 1;
    world.wake = true;
}
