//! JSON, read strictly where two readers could differ and leniently where they cannot.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// How often JSON may be wrapped in a JSON string: producers that encode twice exist,
/// and each level costs a copy.
const ENCODINGS_MAX: usize = 3;

/// Reads a body: an object or a list, also when it was encoded to a string before.
/// What is no JSON is text, together with the reason.
pub(super) fn read(text: &str) -> (Value, Option<String>) {
    // Some Windows tools put a byte order mark in front.
    let mut text = text.trim_start_matches('\u{feff}').to_owned();
    let mut reason = None;
    for _ in 0..ENCODINGS_MAX {
        match serde_json::from_str::<Strict>(&text) {
            Ok(Strict(Value::String(inner))) => text = inner,
            Ok(Strict(value @ (Value::Object(_) | Value::Array(_)))) => return (value, None),
            // A lone number or word is free text that happens to be JSON.
            Ok(_) => return (Value::String(text), None),
            Err(error) => {
                reason = Some(error.to_string());
                break;
            }
        }
    }
    (Value::String(text), reason)
}

/// The same bytes for the same value, whatever order its keys came in.
pub(super) fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            out.push('{');
            for (key, value) in entries {
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                canonical(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(list) => {
            out.push('[');
            for value in list {
                canonical(value, out);
                out.push(',');
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

/// A value in which no object has a key twice: a check by one reader and a use by
/// another could see different values. Depth is bounded by serde_json (128 levels).
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(value)) = from.next_element()? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, Strict(value))) = from.next_entry::<String, Strict>()? {
            if map.insert(key, value).is_some() {
                return Err(A::Error::custom("a key appears twice in one object"));
            }
        }
        Ok(Value::Object(map))
    }
}
