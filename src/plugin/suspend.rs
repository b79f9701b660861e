//! `suspend` and `resume`: whether new orders are sent for a request. Who said so, when and
//! why stays on the object, as an annotation.

use super::failure::Failure;
use super::output::full_name;
use super::requests::{self, Selection};
use super::screen;
use super::target::{Place, Target};
use super::view::{View, written};
use crate::domain::message::plain_text;
use crate::domain::order::ID_CHARACTERS_MAX;
use crate::edge::cluster;
use crate::process::clock;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::{Api, ResourceExt as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Where the last word about suspension is kept.
const ANNOTATION: &str = "restock.dev/suspension";

/// Who this program is in `managedFields`.
pub(super) const FIELD_MANAGER: &str = "kubectl-restock";

/// Longest reason, in characters; that of a word in `spec.resolution`.
const REASON_CHARACTERS_MAX: usize = 512;

/// Which requests, and why.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Names of requests
    #[arg(value_name = "NAME", required_unless_present_any = ["selector", "field_selector"],
        conflicts_with_all = ["selector", "field_selector"])]
    names: Vec<String>,
    #[command(flatten)]
    selection: Selection,
    /// Why, for those who read the request later
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// Let the API server check it, and write nothing
    #[arg(long)]
    dry_run: bool,
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

/// What became of one request.
enum Done {
    Changed(&'static str),
    Unchanged(String),
}

/// Suspends or resumes.
pub(super) async fn run(args: Args, target: &Target, suspend: bool) -> Result<(), Failure> {
    let (place, wanted) = wanted(&args, target).await?;
    let word = Word {
        suspend,
        by: own_name(&place).await?,
        at: written(clock::now()),
        reason: plain_text(&args.reason, REASON_CHARACTERS_MAX),
    };
    let (mut changed, mut failed) = (0, None);
    for (namespace, name) in &wanted {
        let place = place.narrowed(namespace);
        match change(&place, namespace, name, &word, args.dry_run).await {
            Ok(Done::Changed(note)) => {
                changed += 1;
                say(
                    name,
                    if suspend { "suspended" } else { "resumed" },
                    note,
                    args.dry_run,
                );
            }
            Ok(Done::Unchanged(why)) => say(name, "unchanged", &format!(": {why}"), args.dry_run),
            // All are tried; the last failure also says what to do next.
            Err(failure) => {
                if let Some(earlier) = failed.replace(failure) {
                    screen::complain(&format!("error: {}\n", earlier.what()));
                }
            }
        }
    }
    if args.selection.is_given() {
        screen::complain(&format!("{} selected, {changed} changed\n", wanted.len()));
    }
    failed.map_or(Ok(()), Err)
}

fn say(name: &str, what: &str, note: &str, dry_run: bool) {
    let dry_run = if dry_run { " (dry run)" } else { "" };
    screen::print(&format!(
        "{} {what}{note}{dry_run}\n",
        full_name(name).trim_end()
    ));
}

/// Namespace and name of each.
async fn wanted(args: &Args, target: &Target) -> Result<(Place, Vec<(String, String)>), Failure> {
    if args.selection.is_given() {
        let place = target.place().await?;
        let named = |view: View| (view.namespace(), view.name());
        let selected = requests::all(&place, &args.selection, named).await?;
        return Ok((place, selected));
    }
    let (place, namespace) = target.namespace_of_names().await?;
    let named = args
        .names
        .iter()
        .map(|name| (namespace.clone(), name.clone()));
    Ok((place, named.collect()))
}

/// The caller's name, as the API server knows it: what a kubeconfig calls them says nothing.
async fn own_name(place: &Place) -> Result<String, Failure> {
    let reviews: Api<SelfSubjectReview> = Api::all(place.client.clone());
    let review = cluster::create(&reviews, &SelfSubjectReview::default(), false).await;
    let review = review.map_err(|why| Failure::of_cluster("ask who you are", &why))?;
    let user = review.status.and_then(|status| status.user_info);
    let name = user.and_then(|user| user.username).unwrap_or_default();
    Ok(plain_text(&name, ID_CHARACTERS_MAX))
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
        return Ok(Done::Unchanged(why));
    }
    let fields = fields(&view, word);
    let patched = cluster::patch(&place.requests(), name, FIELD_MANAGER, &fields, dry_run).await;
    patched.map_err(|why| Failure::of_cluster(&format!("change request {name}"), &why))?;
    Ok(Done::Changed(note(&view, word.suspend)))
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
