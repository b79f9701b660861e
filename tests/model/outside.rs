//! What happens without the controllers: the factory, the receivers, people, disasters.

use crate::goods::arrive;
use crate::moves::{Next, Rules};
use crate::world::{Object, World, order};
use restock_operator::domain::progress::Progress;
use restock_operator::domain::word::{Resolution, Verb};

/// All of it.
pub(crate) fn all(world: &World, rules: &Rules, nexts: &mut Vec<Next>) {
    callbacks(world, rules, nexts);
    inbox(world, rules, nexts);
    people(world, nexts);
    suspend(world, nexts);
    disasters(world, nexts);
    // Time passes whenever something waits for it: never for good, so it has no budget.
    let deadline = world.object.progress.deadline;
    if deadline.is_some_and(|deadline| deadline > world.now()) {
        let mut after = world.clone();
        after.time += 1;
        nexts.push(("a deadline passes".into(), after));
    }
}

fn callbacks(world: &World, rules: &Rules, nexts: &mut Vec<Next>) {
    for index in 0..world.callbacks.len() {
        let mut taken = world.clone();
        let callback = taken.callbacks.remove(index);
        let mut push = |name: &str, after: World| {
            nexts.push((
                format!("{name} the callback of attempt {}", callback.attempt),
                after,
            ));
        };
        let mut committed = taken.clone();
        arrive(&mut committed, &callback, rules);
        if world.left.repeated_callbacks > 0 {
            let mut again = committed.clone();
            again.left.repeated_callbacks -= 1;
            again.callbacks.push(callback.clone());
            push("a receiver commits (and will see again)", again);
        }
        push("a receiver commits", committed);
        if world.left.lost_callbacks > 0 {
            let mut lost = taken.clone();
            lost.left.lost_callbacks -= 1;
            push("nobody hears", lost);
        }
        if world.left.parked_callbacks > 0 {
            let mut parked = taken.clone();
            parked.left.parked_callbacks -= 1;
            parked.inbox.push(callback.clone());
            push("a receiver parks", parked.clone());
            // The COMMIT's answer was lost: it is in, and it is parked too.
            arrive(&mut parked, &callback, rules);
            push("a receiver commits unknowingly and parks", parked);
        }
    }
}

fn inbox(world: &World, rules: &Rules, nexts: &mut Vec<Next>) {
    if world.inbox.is_empty() {
        if world.inbox_empty_at != Some(world.now()) {
            let mut after = world.clone();
            after.inbox_empty_at = Some(world.now());
            nexts.push(("a receiver finds the inbox empty".into(), after));
        }
        return;
    }
    let mut after = world.clone();
    let callback = after.inbox.remove(0);
    arrive(&mut after, &callback, rules);
    nexts.push(("a receiver applies what was parked".into(), after));
}

/// A person may say anything at any moment, of the attempt that is seen then, or of the one
/// before: nobody reads an object in the moment of writing to it.
fn people(world: &World, nexts: &mut Vec<Next>) {
    if world.left.words == 0 || !world.object.is_settled() {
        return;
    }
    let attempt = world.object.progress.attempt;
    let goods = Verb::Arrived(order().quantity);
    for verb in [
        Verb::Placed,
        Verb::NotPlaced,
        goods,
        Verb::Retry,
        Verb::Cancel,
    ] {
        for seen in attempt.saturating_sub(1)..=attempt {
            // Refused by the definition.
            let early = seen == 0 && !matches!(verb, Verb::Retry | Verb::Cancel);
            if !early {
                nexts.push(says(world, verb, seen));
            }
        }
    }
}

fn says(world: &World, verb: Verb, attempt: u32) -> Next {
    let mut after = world.clone();
    after.left.words -= 1;
    if matches!(verb, Verb::NotPlaced | Verb::Retry) {
        after.excused.push(attempt);
    }
    after.object.word = Some(Resolution {
        verb,
        attempt,
        reason: world.left.words.to_string(),
        by: String::new(),
    });
    after.object.version += 1;
    (
        format!("a person says {verb:?} of attempt {attempt}"),
        after,
    )
}

/// Suspending costs, resuming does not: a request may stay suspended, and the law of a
/// good end does not hold for it.
fn suspend(world: &World, nexts: &mut Vec<Next>) {
    let suspended = world.object.suspended;
    if world.object.progress.finished || (!suspended && world.left.suspensions == 0) {
        return;
    }
    let mut after = world.clone();
    after.left.suspensions -= u8::from(!suspended);
    after.object.suspended = !suspended;
    after.object.version += 1;
    let verb = if suspended { "resumes" } else { "suspends" };
    nexts.push((format!("a person {verb} the request"), after));
}

fn disasters(world: &World, nexts: &mut Vec<Next>) {
    if world.left.recreations > 0 {
        let mut after = world.clone();
        after.left.recreations -= 1;
        after.object = Object {
            uid: world.object.uid + 1,
            version: world.object.version + 1,
            progress: Progress::default(),
            word: None,
            suspended: false,
        };
        nexts.push(("the object is deleted and made again".into(), after));
    }
    if world.left.restores > 0 {
        // Not to a version that was finished: nobody watches that one, and goods that came
        // later are marked as recorded. `restock-operator audit` shows it (ARCHITECTURE.md).
        let unfinished = |earlier: &&Object| !earlier.progress.finished;
        for earlier in world.earlier.iter().filter(unfinished) {
            let mut after = world.clone();
            after.left.restores -= 1;
            // Restored under a new version: no cache and no pass knows it.
            after.object = Object {
                version: world.object.version + 1,
                ..earlier.clone()
            };
            after.earlier.clear();
            nexts.push((
                format!("the cluster is restored to v{}", earlier.version),
                after,
            ));
        }
    }
}
