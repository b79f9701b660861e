//! Which dead letters are meant.

use super::queues::Queues;
use super::scan::{self, Found, Looked, Verdict};
use crate::domain::message::{IdentityKind, plain_text};
use crate::plugin::failure::Failure;
use crate::plugin::screen;
use crate::process::columns::wrapped;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Columns before a reason in a plan.
const INDENT: usize = 6;

/// By id, or by reason.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Choice {
    /// Ids of messages, as SQS or as notices have them: the message's or the request's
    #[arg(value_name = "ID", conflicts_with = "reason")]
    pub(super) ids: Vec<String>,
    /// Those whose reason has this text in it, in whatever letters
    #[arg(long, value_name = "TEXT", value_parser = written)]
    pub(super) reason: Option<String>,
}

impl Choice {
    /// Whether it says anything.
    pub(super) fn is_given(&self) -> bool {
        !self.ids.is_empty() || self.reason.is_some()
    }

    /// The id that names this letter, if one does.
    fn id_of(&self, found: &Found) -> Option<&String> {
        self.ids.iter().find(|id| is(found, id))
    }

    fn has(&self, found: &Found) -> bool {
        match &self.reason {
            Some(text) => plain(&found.death.reason).contains(&plain(text)),
            None => self.ids.is_empty() || self.id_of(found).is_some(),
        }
    }
}

/// As it can be compared: what was copied from a screen is broken over lines.
fn plain(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// A text that not every reason has: a variable that is empty must not choose all.
fn written(text: &str) -> Result<String, &'static str> {
    match text.trim().is_empty() {
        true => Err("it is blank, and every reason has that"),
        false => Ok(text.to_owned()),
    }
}

/// Whether this id, of the message or of its request, names this letter, or named it before a
/// redrive gave it others.
pub(super) fn is(found: &Found, id: &str) -> bool {
    let known_as = id.strip_prefix("rr-").unwrap_or(id);
    let formerly = found.death.formerly.as_ref();
    let former = formerly.is_some_and(|it| it.message_id == id || it.known_as == known_as);
    let request = found
        .death
        .request
        .as_deref()
        .and_then(|name| name.strip_prefix("rr-"));
    found.id() == id || found.death.known_as == known_as || former || request == Some(known_as)
}

/// What is meant, as it was when it was looked at.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// By the ids of their messages.
    pub(super) letters: BTreeMap<String, Letter>,
    /// Of them, those that only SQS gave an identity.
    pub(super) nameless: usize,
    pub(super) looked: Looked,
    /// Whether ids were given.
    is_by_id: bool,
    /// Ids that were given, and not met.
    unmet: Vec<String>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Letter {
    /// What its request is known by.
    pub(super) known_as: String,
    /// Why it died.
    pub(super) reason: String,
}

impl Plan {
    /// Looks which letters these are.
    pub(super) async fn of(choice: &Choice, queues: &Queues) -> Result<Self, Failure> {
        let mut plan = Self {
            is_by_id: !choice.ids.is_empty(),
            unmet: choice.ids.clone(),
            ..Self::default()
        };
        let all_met = |plan: &Self| plan.is_by_id && plan.unmet.is_empty();
        let looked = scan::look(queues, &mut plan, all_met, async |plan, found| {
            if choice.has(&found) {
                plan.unmet.retain(|id| !is(&found, id));
                plan.add(&found);
            }
            ControlFlow::Continue(Verdict::Keep)
        });
        plan.looked = looked.await?;
        for id in &plan.unmet {
            screen::complain(&format!("note:  {id} is not among them\n"));
        }
        if plan.letters.is_empty() && choice.is_given() {
            return Err(match &choice.reason {
                Some(text) => no_such_reason(text, plan.looked, queues),
                None => missing(plan.looked, queues),
            });
        }
        Ok(plan)
    }

    fn add(&mut self, found: &Found) {
        let letter = Letter {
            known_as: found.death.known_as.clone(),
            reason: plain_text(&found.death.reason, usize::MAX),
        };
        let known = self.letters.insert(found.id().to_owned(), letter);
        // One look may have met it before.
        let is_nameless = found.death.identity == Some(IdentityKind::Sqs);
        self.nameless += usize::from(known.is_none() && is_nameless);
    }

    /// What is said in the end of those that are meant and were not met, if there are any.
    pub(super) fn rest(&self, queues: &Queues) -> Result<(), Failure> {
        let shortfall = self.looked.shortfall(queues);
        if !self.is_by_id {
            return shortfall.map_or(Ok(()), |why| Err(not_all(why)));
        }
        if self.unmet.is_empty() {
            return Ok(());
        }
        let ids = plain_text(&self.unmet.join(", "), usize::MAX);
        let what = format!("not among the dead letters: {ids}");
        Err(not_there(what, shortfall))
    }

    /// What is meant, by reason, the most frequent first.
    pub(super) fn words(&self, queues: &Queues) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for letter in self.letters.values() {
            *counts.entry(&letter.reason).or_default() += 1;
        }
        let mut reasons: Vec<_> = counts.into_iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let mut text = format!("{}\n", self.looked.words());
        if let Some(why) = self.looked.shortfall(queues) {
            text.push_str(&format!("{}\n", wrapped(why, 0)));
        }
        for (reason, count) in reasons {
            text.push_str(&format!("{count:4}  {}\n", wrapped(reason, INDENT)));
        }
        text
    }
}

/// Nothing of what was asked for is there, as far as anybody can see.
pub(super) fn missing(looked: Looked, queues: &Queues) -> Failure {
    let what = format!("no such dead letter: {}", looked.words());
    not_there(what, looked.shortfall(queues))
}

fn no_such_reason(text: &str, looked: Looked, queues: &Queues) -> Failure {
    let text = plain_text(text, usize::MAX);
    let what = format!(
        "no dead letter has a reason with {text:?}: {}",
        looked.words()
    );
    let next = "`kubectl restock dlq redrive --all --dry-run` prints the reasons of all, and does \
                nothing.";
    match looked.shortfall(queues) {
        Some(why) => Failure::new(what, format!("{why} {next}")),
        None => Failure::no_such_request(what, next),
    }
}

fn not_there(what: String, shortfall: Option<&'static str>) -> Failure {
    match shortfall {
        Some(why) => Failure::new(what, why),
        None => Failure::no_such_request(
            what,
            "It may have been sent back, taken or thrown away by somebody else, or its time is \
             over.",
        ),
    }
}

/// All that were met are done, and there may be more.
pub(super) fn not_all(why: &str) -> Failure {
    Failure::new(
        format!("perhaps these were not all. {why}"),
        "Run it again for the others.",
    )
}
