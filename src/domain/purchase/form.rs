//! The body of a purchase, from a stranger's JSON to a type that cannot be wrong.

use crate::domain::message::plain_text;
use crate::domain::order::{QUANTITY_MAX, Quantity, Sku};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

/// Longest name or number of a buyer, in characters: that of the ledger's column.
pub const BUYER_CHARACTERS_MAX: usize = 128;

/// Fields that a refusal names: more are no mistake of a person.
const ERRORS_MAX: usize = 8;

/// Characters of a stranger's value or field name that a refusal repeats.
const QUOTE_CHARACTERS_MAX: usize = 32;

const FIELDS: [&str; 3] = ["sku", "quantity", "buyer"];

/// What is bought, by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// The product.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
    /// By whom: what the shop calls the buyer. Safe to show.
    pub buyer: String,
}

/// What is wrong with a field of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field, as the sender calls it.
    pub field: String,
    /// What is wrong, and what would be right.
    pub detail: String,
}

impl Form {
    /// Reads `{sku, quantity, buyer}`, all of them needed, others refused.
    ///
    /// # Errors
    /// All that is wrong, at most [`ERRORS_MAX`] fields.
    pub fn parse(body: &[u8]) -> Result<Self, Vec<FieldError>> {
        let fields = fields(body).map_err(|error| vec![error])?;
        let mut errors = Vec::new();
        let sku = keep(&mut errors, sku(&fields));
        let quantity = keep(&mut errors, quantity(&fields));
        let buyer = keep(&mut errors, buyer(&fields));
        let unknown = fields.keys().filter(|key| !FIELDS.contains(&key.as_str()));
        errors.extend(unknown.map(|key| error(&quote(key), "is not a field of a purchase")));
        errors.truncate(ERRORS_MAX);
        match (sku, quantity, buyer) {
            (Some(sku), Some(quantity), Some(buyer)) if errors.is_empty() => Ok(Self {
                sku,
                quantity,
                buyer,
            }),
            _ => Err(errors),
        }
    }
}

fn fields(body: &[u8]) -> Result<Map<String, Value>, FieldError> {
    let wrong = |why| error("body", &format!("is no purchase in JSON: {why}"));
    let Fields(fields) = serde_json::from_slice(body).map_err(wrong)?;
    let read = |(key, raw): (String, Box<RawValue>)| match serde_json::from_str(raw.get()) {
        Ok(value) => Ok((key, value)),
        Err(why) => Err(error(&quote(&key), &format!("cannot be read: {why}"))),
    };
    fields.into_iter().map(read).collect()
}

/// An object, each field of which stands once: of two, one reader takes the first and another
/// the last. The values are read later: one that cannot be, such as 1e999, has a field's name.
struct Fields(BTreeMap<String, Box<RawValue>>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(EachOnce)
    }
}

struct EachOnce;

impl<'de> Visitor<'de> for EachOnce {
    type Value = Fields;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some((key, value)) = map.next_entry::<String, Box<RawValue>>()? {
            if fields.contains_key(&key) {
                let twice = format!("{} stands twice", quote(&key));
                return Err(A::Error::custom(twice));
            }
            fields.insert(key, value);
        }
        Ok(Fields(fields))
    }
}

fn sku(fields: &Map<String, Value>) -> Result<Sku, FieldError> {
    Sku::parse(text(fields, "sku")?).map_err(|why| error("sku", &why.detail()))
}

fn buyer(fields: &Map<String, Value>) -> Result<String, FieldError> {
    let found = text(fields, "buyer")?;
    let length = found.chars().count();
    if length > BUYER_CHARACTERS_MAX {
        let detail = format!("has {length} characters, at most {BUYER_CHARACTERS_MAX} are taken");
        return Err(error("buyer", &detail));
    }
    match plain_text(found, BUYER_CHARACTERS_MAX) {
        shown if shown.is_empty() => Err(error("buyer", "is empty")),
        shown if shown != found => Err(error(
            "buyer",
            "has control characters, invisible ones, or blanks at an end",
        )),
        shown => Ok(shown),
    }
}

/// A whole number, written as one: 1.0 and "1" are a program's mistake that may hide others.
fn quantity(fields: &Map<String, Value>) -> Result<Quantity, FieldError> {
    let wrong = |found: &str| {
        let detail = format!("must be a whole number from 1 to {QUANTITY_MAX}, found {found}");
        error("quantity", &detail)
    };
    match fields.get("quantity") {
        None => Err(error("quantity", "is missing")),
        Some(Value::Number(number)) => {
            let count = number.as_u64().and_then(|count| u32::try_from(count).ok());
            let quantity = count.and_then(|count| Quantity::new(count).ok());
            quantity.ok_or_else(|| wrong(&quote(&number.to_string())))
        }
        Some(other) => Err(wrong(kind(other))),
    }
}

fn text<'a>(fields: &'a Map<String, Value>, field: &'static str) -> Result<&'a str, FieldError> {
    match fields.get(field) {
        None => Err(error(field, "is missing")),
        Some(Value::String(text)) => Ok(text),
        Some(other) => {
            let detail = format!("must be text, found {}", kind(other));
            Err(error(field, &detail))
        }
    }
}

fn keep<T>(errors: &mut Vec<FieldError>, field: Result<T, FieldError>) -> Option<T> {
    field.map_err(|error| errors.push(error)).ok()
}

fn error(field: &str, detail: &str) -> FieldError {
    FieldError {
        field: field.to_owned(),
        detail: detail.to_owned(),
    }
}

fn quote(text: &str) -> String {
    plain_text(text, QUOTE_CHARACTERS_MAX)
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
