//! Waiting until the controller has done or refused what was said.

use super::saying::Saying;
use super::standing::Standing;
use crate::domain::progress::Phase;
use crate::edge::cluster;
use crate::plugin::changes::Changes;
use crate::plugin::failure::{Failure, Failures};
use crate::plugin::screen;
use crate::plugin::target::Place;
use crate::plugin::view::View;
use kube::core::DynamicObject;
use std::time::Duration;

/// Between two looks: a person waits, and the API server has others to serve.
const PAUSE: Duration = Duration::from_millis(500);

/// What a look at one request showed.
enum Seen {
    /// In words: where it stands now.
    Done(String, DynamicObject),
    /// Why, and in which phase it is now.
    Refused(String, Phase, DynamicObject),
    /// No answer yet, or none that could be read.
    Open,
    Lost(Failure),
}

/// Says what became of each, for so long at most.
pub(super) async fn answers(
    place: &Place,
    mut open: Vec<Saying>,
    time: Duration,
    changes: &mut Changes,
    failures: &mut Failures,
) {
    let seconds = time.as_secs();
    screen::complain(&format!(
        "Waiting for the controller, {seconds} s at most. Ctrl-C ends the waiting, not the word.\n"
    ));
    let all = tokio::time::timeout(time, look(place, &mut open, changes, failures)).await;
    if all.is_err() {
        for saying in open {
            failures.add(not_taken_up(&saying, seconds));
            changes.add(saying.standing.object);
        }
    }
}

/// Looks until none is open. What is left in `open` when this is given up is open still.
async fn look(
    place: &Place,
    open: &mut Vec<Saying>,
    changes: &mut Changes,
    failures: &mut Failures,
) {
    loop {
        let mut at = 0;
        while let Some(saying) = open.get(at) {
            let name = &saying.standing.name;
            match seen(place, saying).await {
                Seen::Open => {
                    at += 1;
                    continue;
                }
                Seen::Done(stands, object) => {
                    changes.say(name, &format!("done; now {stands}"));
                    changes.add(object);
                }
                Seen::Refused(why, phase, object) => {
                    failures.add(saying.refused(&why, phase));
                    changes.add(object);
                }
                Seen::Lost(failure) => failures.add(failure),
            }
            open.remove(at);
        }
        if open.is_empty() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn seen(place: &Place, saying: &Saying) -> Seen {
    let (namespace, name) = (&saying.standing.namespace, &saying.standing.name);
    let requests = place.narrowed(namespace).requests();
    let view = match cluster::get(&requests, name).await {
        Ok(Some(object)) => View { object },
        Ok(None) => return Seen::Lost(deleted(saying)),
        // It may answer at the next look; the time for all of them is bounded.
        Err(_) => return Seen::Open,
    };
    let stands = format!("{}, {}", view.phase(), view.reason());
    let now = match Standing::of(view) {
        Ok(now) => now,
        Err(failure) => return Seen::Lost(failure),
    };
    if now.request.uid != saying.standing.request.uid {
        return Seen::Lost(deleted(saying));
    }
    let handled = now.progress.handled_resolution;
    if let Some(handled) = handled.filter(|handled| handled.word == saying.word) {
        return match handled.refusal {
            None => Seen::Done(stands, now.object),
            Some(why) => Seen::Refused(why, now.progress.phase, now.object),
        };
    }
    match now.request.resolution {
        Some(said) if said == saying.word => Seen::Open,
        _ => Seen::Lost(overtaken(saying)),
    }
}

fn deleted(saying: &Saying) -> Failure {
    let name = &saying.standing.name;
    Failure::no_such_request(
        format!("request {name} was deleted before the word was seen to be answered"),
        format!("`kubectl restock history --request {name}` says how it ended."),
    )
}

fn overtaken(saying: &Saying) -> Failure {
    let (name, namespace) = (&saying.standing.name, &saying.standing.namespace);
    Failure::word_refused(
        format!("{saying} was taken back, or another word took its place"),
        format!("`kubectl restock status {name} -n {namespace}` shows what was done."),
    )
}

fn not_taken_up(saying: &Saying, seconds: u64) -> Failure {
    let (name, namespace) = (&saying.standing.name, &saying.standing.namespace);
    Failure::not_taken_up(
        format!("{saying} is said, and was not taken up within {seconds} s"),
        format!(
            "It stays said. Does a controller run, and does its ledger answer (`/readyz?verbose`)? \
             `kubectl restock status {name} -n {namespace}` shows when it is taken up."
        ),
    )
}
