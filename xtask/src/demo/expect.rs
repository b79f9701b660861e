//! What must hold at the end, and whether it does.

use super::look::{Look, Request};
use super::story::{BUYERS, End, LATE_BUYERS, OPENING_STOCK, Scene, Story};

/// Of many wrong things, as many are named as can be read at a glance.
const SHOWN_MAX: usize = 3;

/// One expectation.
#[derive(Debug)]
pub(super) struct Expectation {
    pub(super) text: String,
    /// What was found instead, if it does not hold.
    pub(super) problem: Option<String>,
}

/// What was seen of the controller's death.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Crash {
    /// It was killed after its order and before the callback.
    pub(super) in_between: bool,
    /// The stock rose before there was a new one.
    pub(super) stock_rose: bool,
}

/// What the buyers of the shop were told.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Told {
    pub(super) sold: u32,
    pub(super) out_of_stock: u32,
}

impl Told {
    const fn all(self) -> u32 {
        self.sold + self.out_of_stock
    }
}

/// What happened that cannot be looked at.
pub(super) struct Evidence<'a> {
    pub(super) story: &'a Story,
    /// How all looked before the first message.
    pub(super) before: &'a Look,
    /// What SQS calls the malformed message.
    pub(super) malformed_id: &'a str,
    pub(super) crash: Crash,
    /// The buyers who came at once, and those of them who came again.
    pub(super) told: [Told; 2],
}

/// All that must hold.
pub(super) fn expectations(evidence: &Evidence, now: &Look) -> Vec<Expectation> {
    let story = evidence.story;
    let mut all: Vec<_> = story
        .scenes
        .iter()
        .map(|scene| ending(scene, now))
        .collect();
    all.extend([
        sold_what_was_there(evidence.told),
        one_order_each(story, now),
        stock_adds_up(story, now),
        failures_told(story, now),
        dead_letter_kept(evidence, now),
        dead_letter_told(evidence.malformed_id, now),
        recovered(evidence.crash),
        is("the queue is empty", now.queue_depth == 0, || {
            format!("{} messages", now.queue_depth)
        }),
    ]);
    all
}

fn is(text: impl Into<String>, holds: bool, found: impl FnOnce() -> String) -> Expectation {
    Expectation {
        text: text.into(),
        problem: (!holds).then(found),
    }
}

/// The phase and reason in which a request of this scene ends.
const fn last_state(end: End) -> (&'static str, &'static str) {
    match end {
        End::Arrived => ("Succeeded", "Arrived"),
        End::Refused => ("Failed", "Refused"),
        End::Overdue => ("Failed", "CallbackOverdue"),
        End::DeadLetter => ("", ""),
    }
}

fn ending(scene: &Scene, now: &Look) -> Expectation {
    let (phase, reason) = last_state(scene.end);
    let text = match scene.requests {
        0 => format!("{}: no request", scene.what),
        1 => format!("{}: one request, {phase} ({reason})", scene.what),
        count => format!("{}: {count} requests, each {phase} ({reason})", scene.what),
    };
    let all: Vec<_> = now.of(&scene.sku).collect();
    let ended = all
        .iter()
        .filter(|one| one.phase == phase && one.reason == reason);
    let holds = all.len() == scene.requests && ended.count() == scene.requests;
    is(text, holds, || {
        let state = |one: &&Request| format!("{} {} {}", one.name, one.phase, one.reason);
        format!(
            "{} requests: {}",
            all.len(),
            some(all.iter().map(state).collect())
        )
    })
}

fn sold_what_was_there(told: [Told; 2]) -> Expectation {
    let good = |sold, out_of_stock| Told { sold, out_of_stock };
    let expected = [
        good(BUYERS - LATE_BUYERS, LATE_BUYERS),
        good(LATE_BUYERS, 0),
    ];
    let text = format!(
        "{BUYERS} buyers for {OPENING_STOCK}: {LATE_BUYERS} found none, came again after the \
         restock, and bought"
    );
    is(text, told == expected, || {
        let [first, again] = told.map(|told| format!("{} of {}", told.sold, told.all()));
        format!("{first} bought, then {again}")
    })
}

fn one_order_each(story: &Story, now: &Look) -> Expectation {
    let orders = |scene: &Scene| now.orders.get(&scene.sku).copied().unwrap_or_default();
    let wrong = story
        .scenes
        .iter()
        .filter(|scene| orders(scene) != scene.requests);
    let wrong: Vec<_> = wrong
        .map(|scene| format!("{}: {}", scene.sku, orders(scene)))
        .collect();
    is(
        "exactly one order per request reached the factory",
        wrong.is_empty(),
        || wrong.join(", "),
    )
}

fn stock_adds_up(story: &Story, now: &Look) -> Expectation {
    let stock = |scene: &Scene| now.stock.get(&scene.sku).copied();
    let wrong = story
        .scenes
        .iter()
        .filter(|scene| stock(scene) != Some(scene.stock_after()));
    let told = |scene: &Scene| {
        let found = stock(scene).map_or_else(|| "none".to_owned(), |stock| stock.to_string());
        format!("{}: {found}, not {}", scene.sku, scene.stock_after())
    };
    let wrong: Vec<_> = wrong.map(told).collect();
    is(
        "stock = opening stock + arrivals - sales",
        wrong.is_empty(),
        || wrong.join(", "),
    )
}

fn failures_told(story: &Story, now: &Look) -> Expectation {
    let fails = |scene: &&Scene| matches!(scene.end, End::Refused | End::Overdue);
    let expected: usize = story
        .scenes
        .iter()
        .filter(fails)
        .map(|scene| scene.requests)
        .sum();
    let told = |name: &str| now.mail.iter().any(|mail| mail.text.contains(name));
    let failed = now.requests.iter().filter(|one| one.phase == "Failed");
    let (good, bad): (Vec<_>, Vec<_>) = failed.partition(|one| one.notified && told(&one.name));
    is(
        "each failed request was told, and says so",
        // How many fail is the endings' affair; that nothing failed would prove nothing.
        bad.is_empty() && good.len() >= expected,
        || {
            let names = some(bad.iter().map(|one| one.name.clone()).collect());
            format!("{} were told; not told: {names}", good.len())
        },
    )
}

/// The first few, and how many more there are.
fn some(mut texts: Vec<String>) -> String {
    let more = texts.len().saturating_sub(SHOWN_MAX);
    texts.truncate(SHOWN_MAX);
    if texts.is_empty() {
        return "none".to_owned();
    }
    let shown = texts.join(", ");
    match more {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn dead_letter_kept(evidence: &Evidence, now: &Look) -> Expectation {
    let before = evidence.before.dead_letters;
    is(
        "the malformed message is in the dead-letter queue",
        now.dead_letters == before + 1,
        || format!("{before} messages before, {} now", now.dead_letters),
    )
}

fn dead_letter_told(id: &str, now: &Look) -> Expectation {
    is(
        "the malformed message was told, with its reason",
        now.mail.iter().any(|mail| mail.text.contains(id)),
        || format!("no mail names the message {id}"),
    )
}

fn recovered(crash: Crash) -> Expectation {
    is(
        "killed between order and callback: the stock rose without a controller",
        crash.in_between && crash.stock_rose,
        || match crash.in_between {
            true => "the stock did not rise".to_owned(),
            false => "the moment in between was missed".to_owned(),
        },
    )
}

#[cfg(test)]
mod tests;
