//! The body of a callback, compared with the claims. It decides nothing: factories differ
//! in what they echo, and whoever holds the token already said all that counts.

use crate::domain::arrival::Claims;
use serde_json::{Map, Value};

/// Longest note, in characters: the width of the ledger's column.
pub const NOTE_CHARACTERS_MAX: usize = 255;

/// Wrappings that are taken off: the legacy answer has two (`data.data`), one may be a
/// string that holds JSON, one is room.
const WRAPPINGS_MAX: usize = 4;

/// Characters of the body's own text that a note repeats.
const QUOTE_CHARACTERS_MAX: usize = 40;

/// Names of the product's key, in lower case with nothing but letters.
const PRODUCT_KEYS: [&str; 4] = ["messageattributeproductid", "productid", "sku", "product"];

/// Names of the count's key, in lower case with nothing but letters.
const QUANTITY_KEYS: [&str; 6] = [
    "messageattributeproductcnt",
    "productcnt",
    "productcount",
    "quantity",
    "qty",
    "count",
];

/// What a person should know about this body, if anything: it is not JSON, or it names
/// another product or count than the claims. Unknown keys and missing ones are no matter.
pub fn compare(claims: &Claims, body: &[u8]) -> Option<String> {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return Some("the callback's body is not JSON".to_owned());
    };
    let layers = unwrap_layers(value);
    let mut differences = Vec::new();
    if let Some(found) = find(&layers, &PRODUCT_KEYS).and_then(text_of)
        && found != claims.sku.as_str()
    {
        differences.push(format!(
            "product {} instead of {}",
            quote(&found),
            claims.sku
        ));
    }
    if let Some(found) = find(&layers, &QUANTITY_KEYS).and_then(text_of)
        && !is_count(&found, claims.quantity.get())
    {
        differences.push(format!(
            "quantity {} instead of {}",
            quote(&found),
            claims.quantity
        ));
    }
    if differences.is_empty() {
        return None;
    }
    let mut note = format!("the callback's body says {}", differences.join(" and "));
    note.truncate(NOTE_CHARACTERS_MAX);
    Some(note)
}

/// The object itself and what is wrapped under `data` in it, outermost first.
fn unwrap_layers(outermost: Value) -> Vec<Map<String, Value>> {
    let mut layers = Vec::new();
    let mut next = Some(outermost);
    for _ in 0..WRAPPINGS_MAX {
        next = match next.take() {
            Some(Value::Object(mut object)) => {
                let inner = object.remove("data");
                layers.push(object);
                inner
            }
            Some(Value::String(text)) => serde_json::from_str(&text).ok(),
            _ => None,
        };
    }
    layers
}

fn find<'a>(layers: &'a [Map<String, Value>], names: &[&str]) -> Option<&'a Value> {
    let is_named = |key: &str| {
        let letters = key.chars().filter(char::is_ascii_alphabetic);
        let plain: String = letters.map(|c| c.to_ascii_lowercase()).collect();
        names.contains(&plain.as_str())
    };
    layers
        .iter()
        .find_map(|layer| layer.iter().find(|(key, _)| is_named(key)).map(|(_, v)| v))
}

/// A string or a number as text; whatever else stands there says nothing.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Whether a text such as `10`, `10.0` or `1e1` is this count.
fn is_count(text: &str, count: u32) -> bool {
    text.parse::<f64>()
        .is_ok_and(|found| found == f64::from(count))
}

/// Printable ASCII only, and not much of it: notes are read in terminals and mails.
fn quote(text: &str) -> String {
    let printable = |c: char| if c.is_ascii_graphic() { c } else { '?' };
    text.chars()
        .take(QUOTE_CHARACTERS_MAX)
        .map(printable)
        .collect()
}
