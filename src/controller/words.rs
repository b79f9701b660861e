//! Words of people on finished requests. No watch has those; the lists of the expiry show
//! which of them somebody edited, and each edit is looked at once.

use crate::controller::context::Context;
use crate::controller::observe::Subject;
use crate::controller::pass;
use crate::edge::cluster;
use crate::process::health::Pulse;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt as _;
use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Edits that wait to be looked at; whoever finds more waits for room.
const WAITING_MAX: usize = 1_024;

/// Edits remembered of a round: with sixteen bytes each, less than four megabytes in both rounds.
/// So many end in a day where one request a second is edited.
const LOOKED_AT_MAX: usize = 100_000;

/// Longest wait for the room of one: a look is a GET and a pass, each with calls of ten seconds
/// at most, and room comes with the end of each. Without room it is found by the next round.
const ROOM_DEADLINE: Duration = Duration::from_secs(20);

/// A finished object whose spec was changed after its creation.
pub struct Edited {
    namespace: String,
    name: String,
    edit: String,
}

/// The edits of finished objects, from who lists them to who looks at them.
#[derive(Clone)]
pub struct Edits {
    looked_at: Arc<Mutex<LookedAt>>,
    waiting: mpsc::Sender<Edited>,
}

impl Edits {
    /// Edits, and where they are to be looked at.
    pub fn new() -> (Self, mpsc::Receiver<Edited>) {
        let (waiting, edits) = mpsc::channel(WAITING_MAX);
        let looked_at = Arc::default();
        (Self { looked_at, waiting }, edits)
    }

    /// All objects were listed, or not all of them.
    pub(super) fn end_round(&self, all: bool) {
        self.looked_at().end_round(all);
    }

    /// Whether an edit of this object was not looked at yet; then it is to be.
    pub(super) async fn takes(&self, metadata: &ObjectMeta, pulse: &Pulse) -> bool {
        let Some(edited) = self.unseen(metadata) else {
            return false;
        };
        // What is found while thousands are said at once waits here, and not for the next round.
        let room = self.waiting.send_timeout(edited, ROOM_DEADLINE).await;
        drop(room);
        pulse.beat();
        true
    }

    fn unseen(&self, metadata: &ObjectMeta) -> Option<Edited> {
        // The first generation is the creation, and before an end there is no word on it.
        let generation = metadata.generation.filter(|generation| *generation > 1)?;
        let edit = format!("{}/{generation}", metadata.uid.as_ref()?);
        (!self.looked_at().knows(&edit)).then(|| Edited {
            namespace: metadata.namespace.clone().unwrap_or_default(),
            name: metadata.name.clone().unwrap_or_default(),
            edit,
        })
    }

    fn looked_at(&self) -> MutexGuard<'_, LookedAt> {
        // Every change is one call on a set: a panic cannot leave it half done.
        self.looked_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Edits that were looked at, as far as this round of lists and the last one show them. What is
/// deleted is in no list, and so forgotten; what is beyond [`LOOKED_AT_MAX`] is looked at again in
/// each round, until those before it are deleted.
#[derive(Default)]
struct LookedAt {
    /// Sixteen bytes an edit instead of eighty. Two are alike once in a billion sets as large.
    hashes: RandomState,
    this_round: HashSet<u64>,
    last_round: HashSet<u64>,
}

impl LookedAt {
    /// What a list that was cut off did not show is there still.
    fn end_round(&mut self, all: bool) {
        if !all {
            let last_round = std::mem::take(&mut self.last_round);
            last_round.into_iter().for_each(|hash| self.keep(hash));
        }
        self.last_round = std::mem::take(&mut self.this_round);
    }

    fn knows(&mut self, edit: &str) -> bool {
        let hash = self.hashes.hash_one(edit);
        let known = self.last_round.contains(&hash);
        if known {
            self.keep(hash);
        }
        known || self.this_round.contains(&hash)
    }

    fn add(&mut self, edit: &str) {
        self.keep(self.hashes.hash_one(edit));
    }

    fn keep(&mut self, hash: u64) {
        if self.this_round.len() < LOOKED_AT_MAX {
            self.this_round.insert(hash);
        }
    }
}

/// Looks at them until shutdown.
pub(super) async fn run(
    context: Arc<Context>,
    edits: Edits,
    mut waiting: mpsc::Receiver<Edited>,
    shutdown: CancellationToken,
) {
    while let Some(Some(edited)) = shutdown.run_until_cancelled(waiting.recv()).await {
        // Found a second time while it waited.
        if edits.looked_at().knows(&edited.edit) {
            continue;
        }
        if context.leads() && look(&edited, &context).await {
            edits.looked_at().add(&edited.edit);
        }
    }
}

/// One pass over the object, if somebody said something: it is taken up, or refused.
/// Whether nothing is left to be said of this edit.
async fn look(edited: &Edited, context: &Context) -> bool {
    let requests = context.requests(&edited.namespace);
    let object = match cluster::get(&requests, &edited.name).await {
        Ok(Some(object)) => object,
        Ok(None) => return true,
        Err(error) => {
            tracing::warn!(name = edited.name, %error, "cannot look for a person's word");
            return false;
        }
    };
    let subject = match Subject::parse(&object) {
        Ok(subject) => subject,
        Err(why) => {
            context.unreadable(&object.metadata, &why);
            return true;
        }
    };
    let handled = subject.progress.handled_resolution.as_ref();
    let word = subject.request.resolution.as_ref();
    let unhandled = word.filter(|word| handled.is_none_or(|handled| handled.word != **word));
    if unhandled.is_none() {
        return true;
    }
    // In the watch again, it is none of this loop's.
    if subject.progress.finished {
        tracing::info!(name = object.name_any(), "a word on a finished request");
        let _ = pass(&object, context).await;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::health::Health;

    fn edited(number: usize) -> ObjectMeta {
        ObjectMeta {
            uid: Some(number.to_string()),
            generation: Some(2),
            ..ObjectMeta::default()
        }
    }

    #[tokio::test]
    async fn more_edits_than_wait_at_once_are_all_looked_at_in_one_round() {
        let (edits, mut waiting) = Edits::new();
        let pulse = Health::default().pulse("expire", ROOM_DEADLINE);
        let many = 3 * WAITING_MAX;
        let finding = async {
            for number in 0..many {
                assert!(edits.takes(&edited(number), &pulse).await);
            }
        };
        let looking = async {
            for number in 0..many {
                let next = waiting.recv().await.unwrap();
                assert_eq!(next.edit, format!("{number}/2"));
            }
        };
        tokio::join!(finding, looking);
    }

    #[test]
    fn an_edit_is_new_until_it_was_looked_at_and_a_creation_is_none() {
        let (edits, _waiting) = Edits::new();
        assert!(edits.unseen(&edited(0)).is_some());
        edits.looked_at().add("0/2");
        assert!(edits.unseen(&edited(0)).is_none());
        edits.end_round(true);
        assert!(edits.unseen(&edited(0)).is_none(), "listed once more");
        edits.end_round(true);
        for _ in 0..3 {
            edits.end_round(false);
        }
        assert!(edits.unseen(&edited(0)).is_none(), "nobody could list it");
        edits.end_round(true);
        edits.end_round(true);
        assert!(edits.unseen(&edited(0)).is_some(), "listed no more");
        let created = ObjectMeta {
            generation: Some(1),
            ..edited(1)
        };
        assert!(edits.unseen(&created).is_none());
    }

    /// Deletes what it may in each round: what was looked at.
    #[test]
    fn more_edits_than_are_remembered_are_all_deleted_in_the_end() {
        let mut looked_at = LookedAt::default();
        let mut left: Vec<String> = (0..2 * LOOKED_AT_MAX + 1).map(|n| n.to_string()).collect();
        let mut rounds = 0;
        while !left.is_empty() {
            left.retain(|edit| !looked_at.knows(edit));
            left.iter().for_each(|edit| looked_at.add(edit));
            looked_at.end_round(true);
            rounds += 1;
            assert!(rounds < 10, "{} are left", left.len());
        }
    }
}
