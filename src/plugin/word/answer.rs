//! Waiting until the controller has done or refused what was said: by one watch, of however many
//! requests.

use super::saying::Saying;
use super::standing::Standing;
use crate::domain::progress::Phase;
use crate::domain::word::Verb;
use crate::edge::cluster::ClusterError;
use crate::plugin::changes::Changes;
use crate::plugin::failure::{Failure, Failures};
use crate::plugin::screen;
use crate::plugin::target::Place;
use crate::plugin::view::View;
use crate::process::columns::wrapped;
use futures::StreamExt as _;
use kube::ResourceExt as _;
use kube::core::DynamicObject;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::time::Duration;

/// Columns before what a note says.
const INDENT: usize = 7;

/// Requests of one page where the watch begins.
const PAGE: u32 = 500;

/// Namespace and name.
type Key = (String, String);

/// What a look at one request showed.
enum Seen {
    /// In words: where it stands now.
    Done(String, DynamicObject),
    /// Why, and in which phase it is now.
    Refused(String, Phase, DynamicObject),
    /// No answer yet.
    Open,
    Lost(Failure),
}

/// Words that are not answered yet, and what became of the others.
struct Waiting<'a> {
    open: BTreeMap<Key, Saying>,
    changes: &'a mut Changes,
    failures: &'a mut Failures,
}

/// Says what became of each, for so long at most.
pub(super) async fn answers(
    place: &Place,
    said: Vec<Saying>,
    time: Duration,
    changes: &mut Changes,
    failures: &mut Failures,
) {
    let seconds = time.as_secs();
    screen::complain(&format!(
        "Waiting for the controller, {seconds} s at most. Ctrl-C ends the waiting, not the word.\n"
    ));
    let open = said.into_iter().map(|saying| (saying.key(), saying));
    let mut waiting = Waiting {
        open: open.collect(),
        changes,
        failures,
    };
    let ended = tokio::time::timeout(time, waiting.watch(place)).await;
    let open = waiting.open;
    let unwatched = match ended {
        Ok(Err(why)) => {
            failures.add(why);
            true
        }
        _ => false,
    };
    for saying in open.into_values() {
        if !unwatched {
            failures.add(not_taken_up(&saying, seconds));
        }
        changes.add(saying.standing.object);
    }
}

impl Waiting<'_> {
    /// Until none is open. A watch that breaks off, or that the API server has forgotten (410),
    /// begins again with a list, and a longer pause before each time. What is left open when this
    /// is given up is open still.
    async fn watch(&mut self, place: &Place) -> Result<(), Failure> {
        let of_one = match self.open.keys().next() {
            Some((namespace, name)) if self.open.len() == 1 => Some((namespace, name)),
            _ => None,
        };
        let config = watcher::Config::default().page_size(PAGE);
        let (place, config) = match of_one {
            Some((namespace, name)) => (
                &place.narrowed(namespace),
                config.fields(&format!("metadata.name={name}")),
            ),
            None => (place, config),
        };
        let mut events = pin!(watcher(place.requests(), config).default_backoff());
        let (mut listed, mut trouble) = (BTreeSet::new(), String::new());
        while !self.open.is_empty() {
            match events.next().await {
                Some(Ok(Event::Init)) => listed.clear(),
                Some(Ok(Event::InitApply(object))) => {
                    let key = key(&object);
                    if self.open.contains_key(&key) {
                        listed.insert(key.clone());
                        self.hear(key, object);
                    }
                }
                Some(Ok(Event::InitDone)) => self.miss(|key| !listed.contains(key)),
                Some(Ok(Event::Apply(object))) => self.hear(key(&object), object),
                Some(Ok(Event::Delete(object))) => self.miss(|one| *one == key(&object)),
                Some(Err(why)) => {
                    let why = in_words(why);
                    if matches!(why, ClusterError::Refused(_)) {
                        return Err(unwatched(place, &why));
                    }
                    let said = format!("note:  {why}: it is looked at anew");
                    if said != trouble {
                        screen::complain(&format!("{}\n", wrapped(&said, INDENT)));
                        trouble = said;
                    }
                }
                None => break,
            }
        }
        Ok(())
    }

    /// So a request is now.
    fn hear(&mut self, key: Key, object: DynamicObject) {
        let Some(saying) = self.open.get(&key) else {
            return;
        };
        match seen(saying, object) {
            Seen::Open => return,
            Seen::Done(stands, object) => {
                let name = &saying.standing.name;
                self.changes.say(name, &format!("done; now {stands}"));
                self.changes.add(object);
            }
            Seen::Refused(why, phase, object) => {
                self.failures.add(saying.refused(&why, phase));
                self.changes.add(object);
            }
            Seen::Lost(failure) => self.failures.add(failure),
        }
        self.open.remove(&key);
    }

    /// These are not there any more.
    fn miss(&mut self, gone: impl Fn(&Key) -> bool) {
        for (_, saying) in self.open.extract_if(.., |key, _| gone(key)) {
            self.failures.add(deleted(&saying));
        }
    }
}

fn key(object: &DynamicObject) -> Key {
    (object.namespace().unwrap_or_default(), object.name_any())
}

fn in_words(error: watcher::Error) -> ClusterError {
    match error {
        watcher::Error::InitialListFailed(why)
        | watcher::Error::WatchStartFailed(why)
        | watcher::Error::WatchFailed(why) => why.into(),
        watcher::Error::WatchError(status) => kube::Error::Api(status).into(),
        watcher::Error::NoResourceVersion => ClusterError::Unavailable(error.to_string()),
    }
}

fn seen(saying: &Saying, object: DynamicObject) -> Seen {
    let view = View { object };
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
        format!(
            "{saying} was taken back, or another word took its place: it may have been done before"
        ),
        format!(
            "Before you say it again: `kubectl restock status {name} -n {namespace}` shows what \
             was done."
        ),
    )
}

/// Nobody may wait who may not watch.
fn unwatched(place: &Place, why: &ClusterError) -> Failure {
    let doing = format!(
        "watch requests {}, to see what becomes of the word",
        place.words()
    );
    Failure::of_cluster(&doing, why).or_else("do not wait: --wait 0; the word stays said")
}

/// Who has to be well for the word to be done.
const fn by_whom(verb: Verb) -> &'static str {
    match verb {
        Verb::Arrived(_) => {
            "Do a controller and the receiver, which books goods, run, and does their ledger \
             answer?"
        }
        _ => "Does a controller run, and does its ledger answer?",
    }
}

fn not_taken_up(saying: &Saying, seconds: u64) -> Failure {
    let (name, namespace) = (&saying.standing.name, &saying.standing.namespace);
    Failure::not_taken_up(
        format!("{saying} is said, and was not taken up within {seconds} s"),
        format!(
            "It stays said. {} `kubectl restock check` says so; `kubectl restock status {name} -n \
             {namespace}` shows when it is taken up.",
            by_whom(saying.word.verb)
        ),
    )
}
