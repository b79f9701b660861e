//! One word on one request: whether it can be said, and how it is said.

use super::standing::Standing;
use crate::crd::resolution::Resolution as Written;
use crate::domain::progress::Phase;
use crate::domain::word::{Handled, Resolution, Verb, objection};
use crate::edge::cluster;
use crate::plugin::changes::Changes;
use crate::plugin::failure::Failure;
use crate::plugin::target::{FIELD_MANAGER, Place};
use crate::plugin::view::written;
use serde_json::{Value, json};

/// A word, and the request that it is about.
#[derive(Debug)]
pub(super) struct Saying {
    pub(super) standing: Standing,
    pub(super) word: Resolution,
}

impl Saying {
    /// None if it was done already. What the controller would refuse is refused here, by the
    /// same rules.
    pub(super) fn of(
        standing: Standing,
        word: Resolution,
        changes: &mut Changes,
    ) -> Result<Option<Self>, Failure> {
        let saying = Self { standing, word };
        let handled = saying.standing.progress.handled_resolution.as_ref();
        if let Some(handled) = handled.filter(|handled| handled.word == saying.word) {
            let note = saying.was_handled(handled)?;
            changes.say(&saying.standing.name, &note);
            changes.add(saying.standing.object);
            return Ok(None);
        }
        let said = saying.unhandled();
        if said == Some(&saying.word) {
            return Ok(Some(saying));
        }
        if let Some(other) = said {
            return Err(saying.in_the_way(other));
        }
        match objection(&saying.word, &saying.standing.progress) {
            Some(why) => Err(saying.refused(&why, saying.standing.progress.phase)),
            None => Ok(Some(saying)),
        }
    }

    /// Namespace and name of its request.
    pub(super) fn key(&self) -> (String, String) {
        let Standing {
            namespace, name, ..
        } = &self.standing;
        (namespace.clone(), name.clone())
    }

    /// What somebody said, and the controller has not answered.
    fn unhandled(&self) -> Option<&Resolution> {
        let handled = self.standing.progress.handled_resolution.as_ref();
        let said = self.standing.request.resolution.as_ref();
        said.filter(|said| handled.is_none_or(|handled| handled.word != **said))
    }

    fn was_handled(&self, handled: &Handled) -> Result<String, Failure> {
        let at = written(handled.at);
        match &handled.refusal {
            None => Ok(format!(
                "unchanged: this very word was done at {at}; with another --reason it is a new one"
            )),
            Some(why) => Err(Failure::word_refused(
                format!("{self} was refused already, at {at}: {why}"),
                "Said with another --reason it is a new word, and is looked at anew.",
            )),
        }
    }

    fn in_the_way(&self, other: &Resolution) -> Failure {
        let Standing {
            namespace, name, ..
        } = &self.standing;
        Failure::word_refused(
            format!(
                "request {name}: the word of {}, {} of attempt {}, is not taken up yet: {}",
                other.by,
                other.verb.as_str(),
                other.attempt,
                other.reason
            ),
            format!(
                "Wait for it: `kubectl restock status {name} -n {namespace}`. If it must not be \
                 done, take it back first: `kubectl patch rr {name} -n {namespace} --type json \
                 -p '[{{\"op\": \"remove\", \"path\": \"/spec/resolution\"}}]'`."
            ),
        )
    }

    /// The word is refused, for this reason, where the request stands now.
    pub(super) fn refused(&self, why: &str, phase: Phase) -> Failure {
        Failure::word_refused(format!("{self} is refused: {why}"), self.way_out(phase))
    }

    /// What to do instead.
    fn way_out(&self, phase: Phase) -> String {
        let (name, namespace) = (&self.standing.name, &self.standing.namespace);
        let look = format!("`kubectl restock status {name} -n {namespace}`");
        match (self.word.verb, phase) {
            (_, Phase::Succeeded) => {
                "Nothing is left to say. If they were miscounted, correct the stock with \
                 `restock-operator adjust`."
                    .to_owned()
            }
            (Verb::Cancel, Phase::Awaiting) => format!(
                "Nobody can tell the factory: goods that come are counted. `kubectl restock \
                 suspend {name} -n {namespace}` keeps further orders back."
            ),
            (Verb::Cancel, Phase::Failed) => {
                "Nothing more is ordered for it, unless somebody says retry.".to_owned()
            }
            (Verb::Arrived(_), _) => {
                "Book goods that no attempt has ordered with `restock-operator adjust`.".to_owned()
            }
            (Verb::Retry, Phase::Awaiting) => format!(
                "Its callback ends it, or its deadline; then it can be retried. {look} says when."
            ),
            _ => format!("{look} says where it stands, and what can be done."),
        }
    }

    /// Says it, unless it is said already.
    pub(super) async fn say(&mut self, place: &Place, changes: &Changes) -> Result<(), Failure> {
        let Standing {
            namespace, name, ..
        } = &self.standing;
        let verb = self.word.verb.as_str();
        let attempt = self.word.attempt;
        if self.unhandled().is_some() {
            let note = format!("unchanged: {verb} of attempt {attempt} is said already");
            changes.say(name, &note);
            return Ok(());
        }
        let requests = place.narrowed(namespace).requests();
        let operations = self.operations();
        let said = cluster::patch_by(
            &requests,
            name,
            FIELD_MANAGER,
            operations,
            changes.dry_run(),
        )
        .await;
        let object = said.map_err(|why| {
            let doing = format!("say {verb} of request {name}");
            let failure = Failure::of_cluster(&doing, &why);
            match why.is_forbidden() {
                true => failure,
                false => failure.or_else("say it again: the same word said twice is one word"),
            }
        })?;
        if object.data["spec"].get("resolution").is_none() {
            return Err(self.pruned());
        }
        let note = format!("said: {verb} of attempt {attempt}{}", self.note());
        changes.say(name, &note);
        self.standing.object = object;
        Ok(())
    }

    /// The API server leaves out what its definition does not have, without an error.
    fn pruned(&self) -> Failure {
        Failure::new(
            format!(
                "{self} is not on the request: the cluster's definition has no words of people"
            ),
            "Nothing was changed. The definitions are older than this program: apply those of the \
             operator's version, by `restock-operator crd | kubectl apply --server-side --force-conflicts -f -`.",
        )
    }

    /// Bound to the object and the spec that were read, and not to the version: a controller
    /// that writes the status meanwhile is in nobody's way, and nobody's word is overwritten.
    fn operations(&self) -> Value {
        json!([
            { "op": "test", "path": "/metadata/uid", "value": self.standing.request.uid },
            { "op": "test", "path": "/spec", "value": self.standing.object.data["spec"] },
            { "op": "add", "path": "/spec/resolution", "value": Written::from(&self.word) },
        ])
    }

    /// What a person may think that it does, and it does not.
    fn note(&self) -> String {
        let progress = &self.standing.progress;
        let ordered = progress.order.as_ref().map(|order| order.quantity);
        match (self.word.verb, progress.phase) {
            (_, Phase::Placing) => {
                "; an order is being sent, and the word waits until that has ended".to_owned()
            }
            (Verb::Retry | Verb::NotPlaced, _) if self.standing.request.suspended => {
                "; it is suspended: nothing is ordered before it is resumed".to_owned()
            }
            (Verb::Cancel, _) if progress.attempt > 0 => {
                "; the factory is not told, and what an earlier attempt ordered is still counted"
                    .to_owned()
            }
            (Verb::Arrived(came), _) if ordered.is_some_and(|ordered| ordered != came) => {
                format!(
                    "; {came} came, and {} were ordered",
                    ordered.unwrap_or(came)
                )
            }
            _ => String::new(),
        }
    }
}

/// As the subject of a sentence.
impl std::fmt::Display for Saying {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (verb, name) = (self.word.verb.as_str(), &self.standing.name);
        write!(
            to,
            "{verb} of request {name}, attempt {}",
            self.word.attempt
        )
    }
}
