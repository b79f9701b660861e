//! JSON to the values of the expression language, and a result back.

use kube::core::cel::cel::Value as Cel;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

/// Depth is bounded where the JSON was read.
pub(super) fn from_json(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::String(text) => text.as_str().into(),
        Value::Array(list) => list.iter().map(from_json).collect::<Vec<_>>().into(),
        Value::Object(map) => from_map(map),
        // Signed wherever it fits, as in Kubernetes: `body.count * 2` has to work.
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(signed), ..) => signed.into(),
            (_, Some(unsigned), _) => unsigned.into(),
            (.., float) => float.unwrap_or(f64::NAN).into(),
        },
    }
}

pub(super) fn from_map(map: &Map<String, Value>) -> Cel {
    let entries = map
        .iter()
        .map(|(key, value)| (key.clone(), from_json(value)));
    entries.collect::<HashMap<String, Cel>>().into()
}

pub(super) fn from_texts(map: &BTreeMap<String, String>) -> Cel {
    let entries = map
        .iter()
        .map(|(key, value)| (key.clone(), Cel::from(value.as_str())));
    entries.collect::<HashMap<String, Cel>>().into()
}

/// A scalar stays what it is; anything else becomes an empty list or object, which the
/// order refuses by its kind.
pub(super) fn to_json(value: &Cel) -> Value {
    match value {
        Cel::Null => Value::Null,
        Cel::Bool(truth) => (*truth).into(),
        Cel::Int(number) => (*number).into(),
        Cel::UInt(number) => (*number).into(),
        // JSON has no NaN and no infinity: as text they are refused with their name.
        Cel::Float(number) if number.is_finite() => (*number).into(),
        Cel::Float(number) => number.to_string().into(),
        Cel::String(text) => text.as_str().into(),
        Cel::List(_) | Cel::Bytes(_) => Value::Array(Vec::new()),
        _ => Value::Object(Map::new()),
    }
}
