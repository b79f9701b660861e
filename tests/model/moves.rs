//! Everything that can happen next.

use crate::effects::effects;
use crate::goods::{arrive, mark_recorded};
use crate::sight::{Sight, waits_for_goods};
use crate::world::{Callback, Change, Controller, Object, Pass, Removed, World, change, plain};
use restock_operator::domain::decide::{Step, decide};
use restock_operator::domain::notice;
use restock_operator::domain::order::Nonce;
use restock_operator::domain::placing::{Effect, next};
use restock_operator::domain::policy::Policy;
use restock_operator::domain::progress::{
    Answer, AttemptRow, OrderOutcome, Phase, Progress, RowOutcome, Told,
};
use restock_operator::domain::settle::settle;

/// What came of one more step: its name, for the trace, and the world after it.
pub(crate) type Next = (String, World);

/// The rules under which the world moves.
pub(crate) struct Rules {
    pub(crate) policy: Policy,
    pub(crate) removed: Removed,
}

/// All steps from here.
pub(crate) fn all(world: &World, rules: &Rules) -> Vec<Next> {
    let mut nexts = Vec::new();
    for controller in 0..world.controllers.len() {
        match &world.controllers[controller].pass {
            None => begin(world, controller, rules, &mut nexts),
            Some(pass) => go_on(world, controller, pass, rules, &mut nexts),
        }
        mark_recorded(world, controller, rules, &mut nexts);
        crash(world, controller, &mut nexts);
    }
    crate::outside::all(world, rules, &mut nexts);
    nexts
}

fn crash(world: &World, controller: usize, nexts: &mut Vec<Next>) {
    let idle = world.controllers[controller] == Controller::default();
    if world.left.crashes == 0 || idle {
        return;
    }
    let mut after = world.clone();
    after.left.crashes -= 1;
    after.controllers[controller] = Controller::default();
    nexts.push((format!("controller {controller} dies"), after));
}

/// A pass begins over the object as it is, or as a stale cache has it.
fn begin(world: &World, controller: usize, rules: &Rules, nexts: &mut Vec<Next>) {
    let mut versions = vec![(world.object.clone(), false)];
    if world.left.stale_reads > 0 {
        versions.extend(world.earlier.iter().map(|object| (object.clone(), true)));
    }
    for (object, stale) in versions {
        // A finished object left the watch; only the worklist brings it back, and the minute
        // lists, which show a person's word.
        let woken = world.arrivals.iter().any(|(_, recorded)| !recorded);
        let event = rules.removed != Removed::LevelTriggeredWake || world.wake;
        if object.progress.finished && !(woken && event) && object.is_settled() {
            continue;
        }
        for guard_over in [false, true] {
            if guard_over && object.progress.phase != Phase::Placing {
                continue;
            }
            let taken_over = guard_over && owner_lives(world, controller, &object);
            if taken_over && world.left.takeovers == 0 {
                continue;
            }
            let mut after = world.clone();
            after.left.takeovers -= u8::from(taken_over);
            after.wake = false;
            after.left.stale_reads -= u8::from(stale);
            let sight = Sight::whole(guard_over);
            if waits_for_goods(&object) {
                let mut after = after.clone();
                let sight = sight.without_receiver();
                decided(&mut after, controller, &object, sight, rules);
                let name = format!("controller {controller} decides without the receiver");
                nexts.push((name, after));
            }
            decided(&mut after, controller, &object, sight, rules);
            if world.left.ledger_away > 0 {
                let mut away = world.clone();
                away.left.ledger_away -= 1;
                let sight = sight.without_ledger();
                decided(&mut away, controller, &object, sight, rules);
                let name = format!("controller {controller} decides without the ledger");
                nexts.push((name, away));
            }
            if after != *world {
                let cache = if stale { " from a stale cache" } else { "" };
                let name = format!(
                    "controller {controller} decides on v{}{cache}: {:?}",
                    object.version, after.controllers[controller].pass
                );
                nexts.push((name, after));
            }
        }
    }
}

/// Whether another controller has the announced attempt in hand.
fn owner_lives(world: &World, controller: usize, object: &Object) -> bool {
    let others = world.controllers.iter().enumerate();
    let others = others.filter(|(number, _)| *number != controller);
    others.into_iter().any(|(_, other)| {
        matches!(&other.pass, Some(Pass::Order { announced, .. })
            if announced.nonce == object.progress.nonce)
    })
}

fn decided(world: &mut World, controller: usize, object: &Object, sight: Sight, rules: &Rules) {
    let mut seen = sight.of(world, object, controller);
    if rules.removed == Removed::InboxSeenEmpty
        && let Some(ledger) = &mut seen.ledger
    {
        ledger.inbox_empty_at = Some(ledger.now);
    }
    if rules.removed == Removed::AttemptOfTheWord
        && let Some(word) = &mut seen.request.resolution
    {
        word.attempt = object.progress.attempt;
    }
    if rules.removed == Removed::FreshRead
        && let Some(ledger) = &mut seen.ledger
        && object.progress.phase == Phase::Awaiting
    {
        ledger.arrivals.clear();
    }
    let step = decide(&seen, &rules.policy, world.now());
    if let Step::Record(progress) = &step
        && object.progress.phase == Phase::Awaiting
        && matches!(progress.phase, Phase::Failed | Phase::Pending)
        && world.arrived(object.uid)
    {
        world.broken = Some("S9: an overdue verdict in spite of an arrival");
    }
    if let Step::Wait {
        tell: Some(kind), ..
    } = &step
    {
        tell(world, controller, object, *kind, rules);
        return;
    }
    let pass = match step {
        Step::Order(announced, _) => {
            // Of this process's life and this version alone, and yet without a counter
            // that would make endless tries into endless worlds.
            let life = (world.left.crashes, world.left.stale_reads);
            let nonce = Nonce::new(format!("{controller}{}{:?}", object.version, life));
            let announced = plain(Progress {
                nonce: Some(nonce),
                ..*announced
            });
            Some(Pass::Order {
                object: object.clone(),
                announced,
                effect: Effect::Announce,
            })
        }
        other => change(other).map(|change| Pass::Write {
            object: object.clone(),
            change,
        }),
    };
    world.controllers[controller].pass = pass;
}

/// Publishes; the acknowledgement is known to this process alone until it is recorded.
fn tell(world: &mut World, controller: usize, object: &Object, kind: notice::Kind, rules: &Rules) {
    let id = notice::id_of(&crate::world::request(), kind, &object.progress);
    let told = Told {
        notice_id: id.clone(),
        publish_id: String::new(),
        channels: Vec::new(),
        at: world.now(),
    };
    if rules.removed == Removed::PublishBeforeMark {
        // Marked first; the publish would follow, if the process lived.
        let progress = Progress {
            finished: true,
            told: Some(told),
            ..object.progress.clone()
        };
        let change = Change::Record(progress);
        world.controllers[controller].pass = Some(Pass::Write {
            object: object.clone(),
            change,
        });
        return;
    }
    world.published.insert(id);
    world.controllers[controller].acknowledged = Some(told);
}

fn go_on(world: &World, controller: usize, pass: &Pass, rules: &Rules, nexts: &mut Vec<Next>) {
    match pass {
        Pass::Write { object, change } => {
            for lost in lost_or_not(world) {
                let mut after = world.clone();
                after.left.lost_answers -= u8::from(lost);
                after.controllers[controller].pass = None;
                perform(&mut after, controller, object, change, rules, lost);
                nexts.push((
                    format!("controller {controller} writes, answer lost: {lost}"),
                    after,
                ));
            }
        }
        Pass::Order {
            object,
            announced,
            effect,
        } => {
            for (report, mut after) in effects(world, controller, object, announced, effect, rules)
            {
                let name = format!("controller {controller}: {effect:?} -> {report:?}");
                let following = next(effect, report);
                let newest = newest(&after, controller, object);
                after.controllers[controller].pass =
                    (following != Effect::Leave).then(|| Pass::Order {
                        object: newest,
                        announced: announced.clone(),
                        effect: following,
                    });
                nexts.push((name, after));
            }
        }
    }
}

/// The version that the pass knows after an effect: its own write, where it saw one.
fn newest(world: &World, controller: usize, before: &Object) -> Object {
    match &world.controllers[controller].pass {
        Some(Pass::Order { object, .. }) => object.clone(),
        _ => before.clone(),
    }
}

/// Both endings while an answer may still get lost.
pub(crate) fn lost_or_not(world: &World) -> Vec<bool> {
    if world.left.lost_answers > 0 {
        vec![false, true]
    } else {
        vec![false]
    }
}

fn perform(
    world: &mut World,
    controller: usize,
    object: &Object,
    change: &Change,
    rules: &Rules,
    lost: bool,
) {
    let progress = match change {
        Change::Fence if rules.removed == Removed::FenceRow => {
            let nothing = Answer::NotSent(String::new());
            plain(settle(&object.progress, &nothing, world.now()))
        }
        Change::Fence => {
            insert_row(world, object, RowOutcome::NotSent);
            return;
        }
        Change::Settle(answer, progress) => {
            // The row first: the process may die before it writes the status.
            let has_answer = world.controllers[controller].held.is_some();
            if close_row(world, progress, answer) || has_answer {
                go_on_to(world, controller, object, Change::Record(progress.clone()));
            }
            return;
        }
        Change::Book(progress) => {
            let callback = Callback {
                uid: object.uid,
                attempt: progress.attempt,
            };
            if lost && world.left.parked_callbacks > 0 {
                world.left.parked_callbacks -= 1;
                world.inbox.push(callback);
                if object.progress.phase != Phase::Pending {
                    go_on_to(world, controller, object, Change::Record(progress.clone()));
                }
            } else {
                arrive(world, &callback, rules);
            }
            return;
        }
        Change::Record(progress) => progress.clone(),
    };
    let written = write(world, object, &progress, rules).is_some();
    let process = &mut world.controllers[controller];
    if written && !lost {
        process.held = None;
        process.acknowledged = None;
        if rules.removed == Removed::PublishBeforeMark
            && let Some(told) = &progress.told
        {
            // The mark is there; now the process would publish, and can die instead.
            process.acknowledged = Some(told.clone());
        }
    }
}

fn go_on_to(world: &mut World, controller: usize, object: &Object, change: Change) {
    world.controllers[controller].pass = Some(Pass::Write {
        object: object.clone(),
        change,
    });
}

/// Compare-and-set of the status. None if another writer was first.
pub(crate) fn write(
    world: &mut World,
    read: &Object,
    progress: &Progress,
    rules: &Rules,
) -> Option<Object> {
    let current = read.version == world.object.version || rules.removed == Removed::CompareAndSet;
    if read.uid != world.object.uid || !current {
        return None;
    }
    let mut progress = progress.clone();
    let back_off =
        progress.phase == Phase::Pending && world.object.progress.phase != Phase::Pending;
    if rules.removed == Removed::RisingAttempts && back_off {
        progress.attempt = progress.attempt.saturating_sub(1);
    }
    let before = &world.object.progress;
    let known = matches!(before.outcome, OrderOutcome::Placed | OrderOutcome::Refused);
    if known && progress.outcome == OrderOutcome::Unknown && before.attempt == progress.attempt {
        world.broken = Some("S10: a known outcome became unknown");
    }
    world.earlier.push(world.object.clone());
    if world.earlier.len() > 2 {
        world.earlier.remove(0);
    }
    world.object.version += 1;
    world.object.progress = progress;
    Some(world.object.clone())
}

/// One row for each attempt of the request: false if there is one.
pub(crate) fn insert_row(world: &mut World, object: &Object, outcome: RowOutcome) -> bool {
    let attempt = object.progress.attempt;
    let Some(nonce) = object.progress.nonce.clone() else {
        return false;
    };
    if world.row(attempt).is_some() {
        return false;
    }
    let deadline = object.progress.deadline.unwrap_or_else(|| world.now());
    let uid = object.uid.to_string();
    world.rows.push(AttemptRow {
        attempt,
        uid,
        nonce,
        outcome,
        deadline,
    });
    true
}

/// From open or unknown to what is known; never back. Whether the row has it now.
pub(crate) fn close_row(world: &mut World, of: &Progress, answer: &Answer) -> bool {
    let outcome = answer.row_outcome();
    let nonce = of.nonce.clone();
    let row = world.row(of.attempt);
    let Some(row) = row.filter(|row| Some(&row.nonce) == nonce.as_ref()) else {
        return false;
    };
    if matches!(row.outcome, RowOutcome::Open | RowOutcome::Unknown) {
        row.outcome = outcome;
    }
    row.outcome == outcome
}
