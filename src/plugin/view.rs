//! A stored request, read leniently: a field that another version of the operator writes
//! otherwise is left out, and the rest is shown.

use crate::domain::message::plain_text;
use crate::domain::time::Time;
use jiff::Timestamp;
use kube::ResourceExt as _;
use kube::core::DynamicObject;
use serde_json::Value;

/// Most characters of one text that are shown: above every bound of the definitions.
const TEXT_CHARACTERS_MAX: usize = 4_096;

/// One request.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) object: DynamicObject,
}

impl View {
    pub(super) fn name(&self) -> String {
        self.object.name_any()
    }

    pub(super) fn namespace(&self) -> String {
        self.object.namespace().unwrap_or_default()
    }

    /// When it was created; the API server always says it.
    pub(super) fn created(&self) -> Time {
        let created = self.object.metadata.creation_timestamp.as_ref();
        created.map_or_else(Time::default, |at| moment(at.0))
    }

    pub(super) fn text(&self, pointer: &str) -> Option<String> {
        text(self.object.data.pointer(pointer)?)
    }

    pub(super) fn time(&self, pointer: &str) -> Option<Time> {
        time(self.object.data.pointer(pointer)?)
    }

    pub(super) fn is_true(&self, pointer: &str) -> bool {
        self.object.data.pointer(pointer) == Some(&Value::Bool(true))
    }

    pub(super) fn is_there(&self, pointer: &str) -> bool {
        let value = self.object.data.pointer(pointer);
        value.is_some_and(|value| !value.is_null())
    }

    pub(super) fn phase(&self) -> String {
        self.text("/status/phase")
            .unwrap_or_else(|| "Pending".to_owned())
    }

    /// Why it stands where it stands, where the controller has said anything yet.
    pub(super) fn reason(&self) -> String {
        self.text("/status/reason").unwrap_or_default()
    }

    /// The product, as it is ordered, or else as it is asked for.
    pub(super) fn product(&self) -> String {
        let ordered = self.text("/status/product");
        let asked = || self.text("/spec/productId");
        ordered.or_else(asked).unwrap_or_default()
    }

    pub(super) fn quantity(&self) -> Option<String> {
        let ordered = self.text("/status/quantity");
        ordered.or_else(|| self.text("/spec/quantity"))
    }

    /// Whether nothing more can come of it but goods.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.phase().as_str(), "Succeeded" | "Failed")
    }

    /// The condition of this type.
    pub(super) fn condition(&self, type_: &str) -> Option<Condition> {
        let all = self.object.data.pointer("/status/conditions")?.as_array()?;
        let found = all.iter().find(|one| one["type"] == type_)?;
        Some(Condition {
            status: text(&found["status"])?,
            reason: text(&found["reason"]).unwrap_or_default(),
            at: time(&found["lastTransitionTime"])?,
        })
    }
}

/// What is true of a request, and since when.
pub(super) struct Condition {
    pub(super) status: String,
    pub(super) reason: String,
    pub(super) at: Time,
}

fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => plain_text(text, TEXT_CHARACTERS_MAX),
        Value::Number(number) => number.to_string(),
        Value::Array(all) => all.iter().filter_map(text).collect::<Vec<_>>().join(", "),
        Value::Null | Value::Bool(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn time(value: &Value) -> Option<Time> {
    value.as_str()?.parse().ok().map(moment)
}

/// A time of the cluster in the domain's unit.
pub(super) fn moment(at: Timestamp) -> Time {
    Time::from_micros(at.as_microsecond())
}

/// A time for people, in UTC and to the second.
pub(super) fn written(at: Time) -> String {
    let at = Timestamp::from_second(at.as_micros().div_euclid(1_000_000));
    at.unwrap_or_default().to_string()
}

/// How long ago, or until then, as kubectl's AGE column has it: whole units
/// of the largest that fits twice.
pub(super) fn span(duration: std::time::Duration) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let seconds = duration.as_secs();
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7_200 => format!("{}m", seconds / MINUTE),
        7_200..172_800 => format!("{}h", seconds / HOUR),
        _ => format!("{}d", seconds / DAY),
    }
}
