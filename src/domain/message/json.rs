//! JSON, read strictly where two readers could differ and leniently where they cannot.

use super::MessageError;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::cell::Cell;
use std::fmt;

/// How often JSON may be wrapped in a JSON string: producers that encode twice exist,
/// and each level costs a copy.
const ENCODINGS_MAX: usize = 3;

/// Most values of one body. An order has ten, a shop's whole event some hundred. An object
/// of eight bytes, two values, can cost 2 KiB: parsed, copied for the fields and for the
/// mapping. These stay near 4 MiB; a body of 1 MiB could hold 260,000 of them.
pub(super) const VALUES_MAX: usize = 4_096;

/// Reads a body: an object or a list, also when it was encoded to a string before.
/// What is no JSON is text, together with the reason.
///
/// # Errors
/// [`MessageError::TooManyValues`]: to take such a body for text would be to overlook
/// what it asks for.
pub(super) fn read(text: &str) -> Result<(Value, Option<String>), MessageError> {
    // Some Windows tools put a byte order mark in front.
    let mut text = text.trim_start_matches('\u{feff}').to_owned();
    let mut reason = None;
    for _ in 0..ENCODINGS_MAX {
        let met = Cell::new(0);
        match strict(&text, &met) {
            Ok(Value::String(inner)) => text = inner,
            Ok(value @ (Value::Object(_) | Value::Array(_))) => return Ok((value, None)),
            // A lone number or word is free text that happens to be JSON.
            Ok(_) => return Ok((Value::String(text), None)),
            Err(_) if met.get() > VALUES_MAX => return Err(MessageError::TooManyValues),
            Err(error) => {
                reason = Some(error.to_string());
                break;
            }
        }
    }
    Ok((Value::String(text), reason))
}

fn strict(text: &str, met: &Cell<usize>) -> Result<Value, serde_json::Error> {
    let mut from = serde_json::Deserializer::from_str(text);
    let value = Strict { met }.deserialize(&mut from)?;
    from.end()?;
    Ok(value)
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

/// Reads a value in which no object has a key twice: a check by one reader and a use by
/// another could see different values. Depth is bounded by serde_json (128 levels).
#[derive(Clone, Copy)]
struct Strict<'a> {
    /// Values of the whole body so far.
    met: &'a Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        self.met.set(self.met.get() + 1);
        if self.met.get() > VALUES_MAX {
            return Err(D::Error::custom("too many values"));
        }
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
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
        while let Some(value) = from.next_element_seed(self)? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = from.next_key::<String>()? {
            if map.insert(key, from.next_value_seed(self)?).is_some() {
                return Err(A::Error::custom("a key appears twice in one object"));
            }
        }
        Ok(Value::Object(map))
    }
}
