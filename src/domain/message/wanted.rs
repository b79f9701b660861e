//! What a message asks for.

use super::{EVENT_ID, Envelope, MessageError, plain_text};
use crate::domain::order::{FactoryId, ProductId, Quantity, WordError};
use serde_json::Value;

/// Longest requester we keep, in characters: a name or a mail address. The bound of the
/// CRD.
pub const REQUESTER_CHARACTERS_MAX: usize = 128;

/// Most keys that a refusal names, and the most characters of each: enough to see what
/// shop it is, little enough for a log line.
const KEYS_MAX: usize = 20;
const KEY_CHARACTERS_MAX: usize = 64;

/// Most characters of a wrong count that a refusal quotes.
const COUNT_CHARACTERS_MAX: usize = 32;

/// The four fields of an order as the mapping found them; null where it found nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields {
    /// Which product.
    pub product_id: Value,
    /// How many.
    pub quantity: Value,
    /// From which factory.
    pub factory_id: Value,
    /// Who asks.
    pub requester: Value,
}

/// A parsed order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which product, by whatever id the shop has for it.
    pub product_id: ProductId,
    /// How many; none leaves it to the product's or the Factory's default.
    pub quantity: Option<Quantity>,
    /// From which factory; none leaves it to the product's or the default Factory.
    pub factory_id: Option<FactoryId>,
    /// Who asks, for people: free text, made safe to show.
    pub requester: Option<String>,
}

impl Wanted {
    /// The order in these fields of this message. `expected` says where the mapping
    /// looks for the product.
    ///
    /// # Errors
    /// [`MessageError`] in words for the sender.
    pub fn parse(
        fields: &Fields,
        envelope: &Envelope,
        expected: &str,
    ) -> Result<Self, MessageError> {
        let product = word("product id", &fields.product_id)?;
        let Some(product) = product else {
            return Err(missing(envelope, expected));
        };
        let factory = word("factory id", &fields.factory_id)?;
        Ok(Self {
            product_id: ProductId::parse(&product)?,
            quantity: quantity(&fields.quantity)?,
            factory_id: factory.map(|text| FactoryId::parse(&text)).transpose()?,
            requester: word("requester", &fields.requester)?
                .map(|text| plain_text(&text, REQUESTER_CHARACTERS_MAX))
                .filter(|text| !text.is_empty()),
        })
    }
}

/// Text or a whole number, as text. Null and blank text are absence: shops send both
/// for "none".
fn word(what: &'static str, value: &Value) -> Result<Option<String>, MessageError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => {
            let text = text.trim();
            Ok((!text.is_empty()).then(|| text.to_owned()))
        }
        Value::Number(number) if !number.is_f64() => Ok(Some(number.to_string())),
        other => Err(MessageError::Shape {
            what,
            found: kind(other),
        }),
    }
}

/// A count, as a number or as text of digits.
fn quantity(value: &Value) -> Result<Option<Quantity>, MessageError> {
    let text = match value {
        // 3.0 is a whole number that some encoders write; 3.5 goes on to be refused.
        Value::Number(number) if number.is_f64() => {
            let text = number.to_string();
            Some(text.strip_suffix(".0").unwrap_or(&text).to_owned())
        }
        other => word("quantity", other)?,
    };
    let Some(text) = text else {
        return Ok(None);
    };
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    match text.parse::<u32>() {
        Ok(count) if digits => Ok(Some(Quantity::new(count)?)),
        _ => {
            let found = plain_text(&text, COUNT_CHARACTERS_MAX);
            Err(WordError::Quantity { found }.into())
        }
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a fraction",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn missing(envelope: &Envelope, expected: &str) -> MessageError {
    let body = envelope
        .body
        .as_object()
        .into_iter()
        .flat_map(|map| map.keys());
    // An event id names the message. One that is redriven may get it by that, and is still to be
    // found by the reason of its first death.
    let attributes = envelope.attributes.keys().filter(|key| *key != EVENT_ID);
    let keys: Vec<String> = attributes
        .chain(body)
        .take(KEYS_MAX)
        .map(|key| plain_text(key, KEY_CHARACTERS_MAX))
        .collect();
    let found = if keys.is_empty() {
        "no keys".to_owned()
    } else {
        keys.join(", ")
    };
    let hint = envelope
        .not_json
        .as_ref()
        .map(|why| format!(" (the body is not JSON: {why})"));
    MessageError::Missing {
        what: "product id",
        expected: expected.to_owned(),
        found,
        hint: hint.unwrap_or_default(),
    }
}
