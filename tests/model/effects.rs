//! The effects of an order, each in every way in which it can end.

use crate::moves::{Rules, close_row, insert_row, lost_or_not, write};
use crate::world::{Callback, Object, Pass, Removed, World, plain};
use restock_operator::domain::placing::{Effect, Report};
use restock_operator::domain::policy::OnOverdue;
use restock_operator::domain::progress::{Answer, Phase, Progress, Reason, RowOutcome};
use restock_operator::domain::settle::{can_be_settled, settle};
use std::time::Duration;

/// Each way in which an effect of an order can end.
pub(crate) fn effects(
    world: &World,
    controller: usize,
    object: &Object,
    announced: &Progress,
    effect: &Effect,
    rules: &Rules,
) -> Vec<(Report, World)> {
    let mut ends = Vec::new();
    let mut end = |report: Report, after: World| ends.push((report, after));
    let ours = Object {
        progress: announced.clone(),
        ..object.clone()
    };
    if world.left.pauses > 0 && matches!(effect, Effect::InsertRow | Effect::Post) {
        let mut after = world.clone();
        after.left.pauses -= 1;
        end(Report::NotDone("held up".into()), after);
    }
    match effect {
        Effect::Announce => announce(world, controller, object, announced, rules, &mut end),
        Effect::ReadBack => {
            let mut after = world.clone();
            let current = world.object.clone();
            let same = current.uid == object.uid && current.progress.nonce == announced.nonce;
            if same {
                know(&mut after, controller, current);
            }
            end(if same { Report::Ours } else { Report::Refused }, after);
        }
        Effect::InsertRow if rules.removed == Removed::RowBeforePost => {
            end(Report::Done, world.clone());
        }
        Effect::InsertRow => insert(world, object, &ours, rules, &mut end),
        Effect::ReadRow => {
            let mut after = world.clone();
            let nonce = announced.nonce.clone();
            let found = after
                .row(announced.attempt)
                .map(|row| (row.nonce.clone(), row.outcome));
            let report = match found {
                None => Report::Row(None),
                Some((of, outcome)) if Some(&of) == nonce.as_ref() => Report::Row(Some(outcome)),
                Some(_) => Report::Row(Some(RowOutcome::Unknown)),
            };
            end(report, after);
        }
        Effect::GiveUp => give_up(world, &ours, &mut end),
        Effect::Post => post(world, object, announced, rules, &mut end),
        Effect::CloseRow(answer) => {
            let mut after = world.clone();
            close_row(&mut after, announced, answer);
            end(Report::Done, after);
            if world.left.lost_answers > 0 {
                let mut away = world.clone();
                away.left.lost_answers -= 1;
                hold(&mut away, controller, announced, answer);
                end(Report::NotDone("the ledger is away".into()), away);
            }
        }
        Effect::RecordAnswer(answer) => {
            record_answer(
                world, controller, object, announced, answer, rules, &mut end,
            );
        }
        Effect::Leave => {}
    }
    ends
}

fn announce(
    world: &World,
    controller: usize,
    object: &Object,
    announced: &Progress,
    rules: &Rules,
    end: &mut impl FnMut(Report, World),
) {
    for lost in lost_or_not(world) {
        let mut after = world.clone();
        after.left.lost_answers -= u8::from(lost);
        match write(&mut after, object, announced, rules) {
            Some(_) if lost => end(Report::Unknown, after),
            Some(newest) => {
                know(&mut after, controller, newest);
                end(Report::Done, after);
            }
            None => end(Report::Refused, after),
        }
    }
}

fn insert(
    world: &World,
    object: &Object,
    ours: &Object,
    rules: &Rules,
    end: &mut impl FnMut(Report, World),
) {
    let arrived = !world.arrivals.is_empty();
    for lost in lost_or_not(world) {
        let mut after = world.clone();
        after.left.lost_answers -= u8::from(lost);
        let blocked = (arrived && rules.removed != Removed::LookForArrivals)
            || world
                .rows
                .iter()
                .any(|row| row.uid != object.uid.to_string());
        let inserted = !blocked && insert_row(&mut after, ours, RowOutcome::Open);
        if inserted && arrived {
            after.late_rows.extend(ours.progress.nonce.clone());
        }
        match (lost, inserted) {
            (true, _) => {
                end(Report::Unknown, after);
                let mut nothing = world.clone();
                nothing.left.lost_answers -= 1;
                end(Report::Unknown, nothing);
            }
            (false, true) => end(Report::Done, after),
            (false, false) => end(Report::Refused, after),
        }
    }
}

fn give_up(world: &World, ours: &Object, end: &mut impl FnMut(Report, World)) {
    let mut after = world.clone();
    let inserted = insert_row(&mut after, ours, RowOutcome::NotSent);
    let report = if inserted {
        Report::Done
    } else {
        Report::Refused
    };
    end(report, after);
}

fn know(world: &mut World, controller: usize, newest: Object) {
    if let Some(Pass::Order { object, .. }) = &mut world.controllers[controller].pass {
        *object = newest;
    }
}

fn hold(world: &mut World, controller: usize, announced: &Progress, answer: &Answer) {
    let nonce = announced
        .nonce
        .clone()
        .expect("an announced attempt has a nonce");
    world.controllers[controller].held = Some((nonce, answer.clone()));
}

fn post(
    world: &World,
    object: &Object,
    announced: &Progress,
    rules: &Rules,
    end: &mut impl FnMut(Report, World),
) {
    let nonce = announced
        .nonce
        .clone()
        .expect("an announced attempt has a nonce");
    let mut sent = world.clone();
    if world.late_rows.contains(&nonce) {
        sent.broken = Some("S11: a POST began after an arrival that was there before its row");
    }
    if world.object.progress.reason == Reason::Cancelled {
        sent.broken = Some("S3b: an order went out although a person had cancelled it");
    }
    if !may_order_again(world, announced.attempt, rules) {
        sent.broken = Some("S3: a further order without proof, word or policy");
    }
    sent.orders.push((object.uid, announced.attempt, nonce));
    sent.callbacks.push(Callback {
        uid: object.uid,
        attempt: announced.attempt,
    });
    end(
        Report::Answered(Answer::Placed { order_id: None }),
        sent.clone(),
    );
    if world.left.throttled_orders > 0 {
        let mut unsent = sent.clone();
        unsent.left.throttled_orders -= 1;
        unsent.orders.pop();
        unsent.callbacks.pop();
        let retry_after = Duration::ZERO;
        end(Report::Answered(Answer::Throttled { retry_after }), unsent);
    }
    if world.left.bad_orders == 0 {
        return;
    }
    sent.left.bad_orders -= 1;
    end(
        Report::Answered(Answer::InDoubt(String::new())),
        sent.clone(),
    );
    // Lost on the way, or forgotten by the factory: in doubt, and no callback.
    let mut lost = sent.clone();
    lost.callbacks.pop();
    end(
        Report::Answered(Answer::InDoubt(String::new())),
        lost.clone(),
    );
    end(
        Report::Answered(Answer::Placed { order_id: None }),
        lost.clone(),
    );
    end(
        Report::Answered(Answer::Refused { status: None }),
        lost.clone(),
    );
    let mut unsent = lost;
    unsent.orders.pop();
    end(Report::Answered(Answer::NotSent(String::new())), unsent);
}

/// Of each order that the factory may have: a person said that it has not, or wants one
/// more, or the policy orders again and its callback is overdue, and no receiver holds it
/// back.
fn may_order_again(world: &World, attempt: u32, rules: &Rules) -> bool {
    let overdue = |attempt: u32| {
        let row = world.rows.iter().find(|row| row.attempt == attempt);
        row.is_some_and(|row| {
            let empty_since = world.inbox_empty_at.is_some_and(|at| at >= row.deadline);
            world.now() >= row.deadline && empty_since
        })
    };
    let reorders = rules.policy.on_overdue == OnOverdue::Reorder;
    // An owner that was held up is no further order: a person spoke of its attempt, too.
    let is_first = |other: u32| attempt < other && world.excused.contains(&attempt);
    world.orders.iter().all(|(_, other, _)| {
        is_first(*other) || world.excused.contains(other) || (reorders && overdue(*other))
    })
}

fn record_answer(
    world: &World,
    controller: usize,
    object: &Object,
    announced: &Progress,
    answer: &Answer,
    rules: &Rules,
    end: &mut impl FnMut(Report, World),
) {
    if world.left.lost_answers > 0 {
        let mut away = world.clone();
        away.left.lost_answers -= 1;
        hold(&mut away, controller, announced, answer);
        end(Report::Unknown, away);
    }
    let mut after = world.clone();
    let settled = plain(settle(&object.progress, answer, world.now()));
    if write(&mut after, object, &settled, rules).is_some() {
        end(Report::Done, after);
        return;
    }
    // Somebody else wrote: read again, and write while the attempt is ours to record.
    let current = world.object.clone();
    let ours = current.uid == object.uid && current.progress.nonce == announced.nonce;
    let unchecked = rules.removed == Removed::NonceCheck && current.uid == object.uid;
    if (ours && can_be_settled(&current.progress)) || unchecked {
        let base = match unchecked {
            true => Progress {
                phase: Phase::Placing,
                ..current.progress.clone()
            },
            false => current.progress.clone(),
        };
        let settled = plain(settle(&base, answer, world.now()));
        write(&mut after, &current, &settled, rules);
    }
    end(Report::Done, after);
}
