//! `suspend` and `resume`: whether new orders are sent for a request. Who said so, when and
//! why stays on the object, as an annotation.

use super::changes::Changes;
use super::chosen::Chosen;
use super::failure::{Failure, Failures};
use super::output::Output;
use super::requests;
use super::screen;
use super::target::{FIELD_MANAGER, Place, Target};
use super::view::{View, written};
use super::word;
use crate::edge::cluster;
use crate::process::clock;
use kube::ResourceExt as _;
use kube::core::DynamicObject;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Where the last word about suspension is kept.
const ANNOTATION: &str = "restock.dev/suspension";

/// Which requests, and why.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "An order that was sent goes on. Both can be said twice.\n\n\
                  Examples:\n  \
                  kubectl restock suspend by-hand-2 --reason 'the factory is stocktaking'\n  \
                  kubectl restock suspend -A --field-selector spec.productId=CP-502101 \
                  --reason recall --dry-run\n  \
                  kubectl restock resume by-hand-2 --reason 'counted'"
)]
pub(super) struct Args {
    #[command(flatten)]
    chosen: Chosen,
    /// Why, for those who read the request later
    #[arg(long, value_name = "TEXT", value_parser = word::reason)]
    reason: String,
    /// Let the API server check it, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the requests as they are afterwards; what was done is then said on standard error
    #[arg(short, long, value_enum)]
    output: Option<Output>,
}

/// The last word about suspension, as it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Word {
    /// What was said.
    pub(super) suspend: bool,
    /// Who, as the API server knows them.
    pub(super) by: String,
    /// When, by the clock of their machine.
    pub(super) at: String,
    /// Why.
    pub(super) reason: String,
}

impl Word {
    /// The word on this object. Anybody may write an annotation: one that is none is no word.
    pub(super) fn on(view: &View) -> Option<Self> {
        serde_json::from_str(view.object.annotations().get(ANNOTATION)?).ok()
    }
}

/// What became of one request, and the request as it is afterwards.
enum Done {
    Changed(&'static str, DynamicObject),
    Unchanged(String, DynamicObject),
}

/// Suspends or resumes.
pub(super) async fn run(args: Args, target: &Target, suspend: bool) -> Result<(), Failure> {
    let (place, wanted) = args.chosen.look_up(target).await?;
    let word = Word {
        suspend,
        by: place.caller().await?,
        at: written(clock::now()),
        reason: args.reason,
    };
    let did = if suspend { "suspended" } else { "resumed" };
    let (mut changed, mut failures) = (0, Failures::default());
    let mut changes = Changes::new(args.output, args.dry_run, args.chosen.is_one());
    for (namespace, name) in &wanted {
        let place = place.narrowed(namespace);
        match change(&place, namespace, name, &word, args.dry_run).await {
            Ok(Done::Changed(note, object)) => {
                changed += 1;
                changes.say(name, &format!("{did}{note}"));
                changes.add(object);
            }
            Ok(Done::Unchanged(why, object)) => {
                changes.say(name, &format!("unchanged: {why}"));
                changes.add(object);
            }
            Err(failure) => failures.add(failure),
        }
    }
    if args.chosen.selection.is_given() {
        screen::complain(&format!("{} selected, {changed} changed\n", wanted.len()));
    }
    changes.print()?;
    failures.told()
}

/// Bound to the object that was read (`uid`), and not to its version: a controller that
/// writes the status meanwhile is in nobody's way, and of two people the last one's word
/// holds, with the annotation that belongs to it.
async fn change(
    place: &Place,
    namespace: &str,
    name: &str,
    word: &Word,
    dry_run: bool,
) -> Result<Done, Failure> {
    let view = requests::one(place, namespace, name).await?;
    if let Some(why) = needless(&view, word.suspend) {
        return Ok(Done::Unchanged(why, view.object));
    }
    let fields = fields(&view, word);
    let patched = cluster::patch(&place.requests(), name, FIELD_MANAGER, &fields, dry_run).await;
    let object =
        patched.map_err(|why| Failure::of_cluster(&format!("change request {name}"), &why))?;
    Ok(Done::Changed(note(&view, word.suspend), object))
}

/// Why nothing is to be done.
fn needless(view: &View, suspend: bool) -> Option<String> {
    match (view.is_true("/spec/suspend"), suspend) {
        (true, true) => Some("it is suspended already".to_owned()),
        (false, false) => Some("it is not suspended".to_owned()),
        (false, true) if view.has_ended() => Some(format!("it has ended ({})", view.phase())),
        _ => None,
    }
}

/// What a person may think that it does, and it does not.
fn note(view: &View, suspend: bool) -> &'static str {
    let under_way = matches!(view.phase().as_str(), "Placing" | "Awaiting");
    if suspend && under_way {
        "; the order that was already sent goes on"
    } else {
        ""
    }
}

fn fields(view: &View, word: &Word) -> Value {
    let word_text = serde_json::to_string(word).expect("texts and a truth value are JSON");
    json!({
        "metadata": {
            "uid": view.object.uid(),
            "annotations": { ANNOTATION: word_text },
        },
        "spec": { "suspend": word.suspend },
    })
}
