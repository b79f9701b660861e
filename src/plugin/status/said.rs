//! What people said of a request: on the object itself, and what is known only from who
//! wrote which field.

use super::story::{CONTROLLER, Entry};
use crate::domain::message::plain_text;
use crate::plugin::suspend::Word;
use crate::plugin::target::FIELD_MANAGER;
use crate::plugin::view::{View, moment};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use kube::ResourceExt as _;
use serde_json::Value;

/// Most characters of a name or a reason that is shown.
const TEXT_CHARACTERS_MAX: usize = 512;

/// The fields of a spec that can be changed, as `managedFields` names them.
const CHANGEABLE: [(&str, &str); 2] = [
    ("f:suspend", "spec.suspend"),
    ("f:resolution", "spec.resolution"),
];

/// Words of people, as far as the object has them.
pub(super) fn words(view: &View) -> Vec<Entry> {
    let writes = view.object.managed_fields().iter();
    let written = writes.filter_map(|one| written(view, one));
    written
        .chain(suspension(view))
        .chain(handled(view))
        .collect()
}

/// The word that was said with this program.
fn suspension(view: &View) -> Option<Entry> {
    let word = Word::on(view)?;
    let at = moment(word.at.parse().ok()?);
    let what = if word.suspend {
        "suspended it"
    } else {
        "resumed it"
    };
    let reason = plain_text(&word.reason, TEXT_CHARACTERS_MAX);
    let why = match reason.as_str() {
        "" => String::new(),
        reason => format!(": {reason}"),
    };
    let who = plain_text(&word.by, TEXT_CHARACTERS_MAX);
    Some(Entry::new(at, &who, format!("{what}{why}")))
}

/// A change by another program: the API server keeps its name, and not the person's.
fn written(view: &View, write: &ManagedFieldsEntry) -> Option<Entry> {
    let manager = write.manager.as_deref()?;
    let at = moment(write.time.as_ref()?.0);
    if write.subresource.is_some() || manager == FIELD_MANAGER || at <= view.created() {
        return None;
    }
    let spec = write.fields_v1.as_ref()?.0.get("f:spec")?;
    let fields = CHANGEABLE
        .into_iter()
        .filter(|(field, _)| spec.get(field).is_some());
    let names: Vec<_> = fields.map(|(_, name)| name).collect();
    (!names.is_empty()).then(|| Entry::new(at, manager, format!("wrote {}", names.join(", "))))
}

/// The last word that the controller did or refused.
fn handled(view: &View) -> Option<Entry> {
    let text = |field: &str| view.text(&format!("/status/handledResolution/{field}"));
    let at = view.time("/status/handledResolution/at")?;
    let (who, verb) = (text("by")?, text("verb")?);
    let about = text("attempt").map_or(String::new(), |attempt| format!(" of attempt {attempt}"));
    let goods = text("quantity").map_or(String::new(), |count| format!(", {count} pieces"));
    let reason = text("reason").unwrap_or_default();
    let said = format!("what {who} said, {verb}{about}{goods}: {reason}");
    let what = match text("message") {
        None => format!("did {said}"),
        Some(why) => format!("refused {said}. Why: {why}"),
    };
    Some(Entry::new(at, CONTROLLER, what))
}

/// A word that nobody has answered yet.
pub(super) fn waiting(view: &View) -> Option<String> {
    let said = view.object.data.pointer("/spec/resolution")?;
    let handled = view.object.data.pointer("/status/handledResolution");
    let of = |word: &Value, field: &str| word.get(field).filter(|value| !value.is_null()).cloned();
    let same = |field: &str| handled.and_then(|word| of(word, field)) == of(said, field);
    if ["verb", "attempt", "quantity", "reason", "by"]
        .into_iter()
        .all(same)
    {
        return None;
    }
    let text = |field: &str| said.get(field).and_then(Value::as_str).unwrap_or_default();
    let (who, verb) = (text("by"), text("verb"));
    let waits = match verb {
        "Arrived" => {
            "is not done yet. If that lasts, no receiver books the goods: an Event NotBooked says why"
        }
        _ => "is still to be taken up by the controller",
    };
    Some(plain_text(
        &format!("What {who} said, {verb}, {waits}."),
        TEXT_CHARACTERS_MAX,
    ))
}
