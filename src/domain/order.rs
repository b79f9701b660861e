//! The words of an order, each parsed once into a type that cannot be wrong.

use data_encoding::BASE32_NOPAD;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest product id, SKU, factory id, requester or event id we take, in characters.
/// Matches the `CHAR` columns of the ledger and the bounds in the CRDs.
pub const ID_CHARACTERS_MAX: usize = 128;

/// Largest quantity that any order may have, whatever a Factory's own limit says.
pub const QUANTITY_MAX: u32 = 1_000_000;

/// Why a text is not one of the words below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WordError {
    /// The text is empty.
    Empty {
        /// Which word.
        what: &'static str,
    },
    /// The text is longer than [`ID_CHARACTERS_MAX`].
    TooLong {
        /// Which word.
        what: &'static str,
        /// Its length in bytes.
        length: usize,
    },
    /// A character outside `[A-Za-z0-9._:-]`.
    Character {
        /// Which word.
        what: &'static str,
        /// The first offender.
        found: char,
    },
    /// A count that is no whole number from 1 to [`QUANTITY_MAX`].
    Quantity {
        /// What was found, capped.
        found: String,
    },
}

impl WordError {
    /// What is wrong, without the word's name: for who names it otherwise.
    pub fn detail(&self) -> String {
        match self {
            Self::Empty { .. } => "is empty".to_owned(),
            Self::TooLong { length, .. } => {
                format!("has {length} characters, at most {ID_CHARACTERS_MAX} are allowed")
            }
            Self::Character { found, .. } => {
                format!("may only have letters, digits and . _ : -, found {found:?}")
            }
            Self::Quantity { found } => {
                format!("must be a whole number from 1 to {QUANTITY_MAX}, found {found}")
            }
        }
    }
}

impl fmt::Display for WordError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::Empty { what } | Self::TooLong { what, .. } | Self::Character { what, .. } => {
                what
            }
            Self::Quantity { .. } => "quantity",
        };
        write!(to, "{what} {}", self.detail())
    }
}

impl std::error::Error for WordError {}

/// Characters that are safe in a log line, a URL path segment, a column and a label.
fn parse_word(what: &'static str, text: &str) -> Result<String, WordError> {
    if text.is_empty() {
        return Err(WordError::Empty { what });
    }
    if text.len() > ID_CHARACTERS_MAX {
        let length = text.len();
        return Err(WordError::TooLong { what, length });
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
    match text.chars().find(|c| !allowed(*c)) {
        Some(found) => Err(WordError::Character { what, found }),
        None => Ok(text.to_owned()),
    }
}

macro_rules! word {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses 1 to [`ID_CHARACTERS_MAX`] characters of `[A-Za-z0-9._:-]`.
            ///
            /// # Errors
            /// [`WordError`] names what is wrong, in words for the sender.
            pub fn parse(text: &str) -> Result<Self, WordError> {
                parse_word($what, text).map(Self)
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = WordError;
            fn try_from(text: String) -> Result<Self, WordError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> String {
                word.0
            }
        }
    };
}

word!(
    /// What a message calls a product: its SKU, or an alias such as the shop's own id.
    ProductId,
    "product id"
);
word!(
    /// The ledger's key of a product.
    Sku,
    "SKU"
);
/// Every SKU is a name of its product.
impl From<&Sku> for ProductId {
    fn from(sku: &Sku) -> Self {
        Self(sku.0.clone())
    }
}

word!(
    /// The shop's own id of a factory, such as `FF-500293`.
    FactoryId,
    "factory id"
);
word!(
    /// Identity of an event, given by its producer or by the transport.
    EventId,
    "event id"
);
word!(
    /// One request, everywhere: ledger, claims, logs, notices. See [`RequestId::of_event`].
    RequestId,
    "request id"
);

word!(
    /// What a buyer's program gives to one purchase, so that a repeat of it is no second one.
    IdempotencyKey,
    "idempotency key"
);
word!(
    /// One sale. Drawn at random before the purchase is decided.
    SaleId,
    "sale id"
);

/// Characters of a request id made from an event: 100 bits, so that two events of one
/// source never meet (10^9 requests: chance of a collision below 10^-12).
const REQUEST_ID_CHARACTERS: usize = 20;

impl RequestId {
    /// The id of the request that an event of a source (topic or queue ARN) asks for.
    /// A redelivery, a second SNS delivery and a redrive all give the same id.
    pub fn of_event(source_arn: &str, event: &EventId) -> Self {
        let mut input = Vec::with_capacity(source_arn.len() + 1 + event.as_str().len());
        input.extend_from_slice(source_arn.as_bytes());
        // A separator that neither part can hold: no two pairs give the same input.
        input.push(0);
        input.extend_from_slice(event.as_str().as_bytes());
        Self(short_hash(&input))
    }

    /// The name of the object that stands for this request.
    pub fn object_name(&self) -> String {
        format!("rr-{}", self.0)
    }
}

/// The first 100 bits of SHA-256 in lower-case base32, 20 characters.
pub fn short_hash(input: &[u8]) -> String {
    // Lower case: the result is a valid object name and label value.
    let mut text = BASE32_NOPAD.encode(digest(&SHA256, input).as_ref());
    text.truncate(REQUEST_ID_CHARACTERS);
    text.make_ascii_lowercase();
    text
}

/// How many of a product: 1 to [`QUANTITY_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Quantity(u32);

impl Quantity {
    /// A count from a number.
    ///
    /// # Errors
    /// [`WordError::Quantity`] outside 1 to [`QUANTITY_MAX`].
    pub fn new(count: u32) -> Result<Self, WordError> {
        if (1..=QUANTITY_MAX).contains(&count) {
            Ok(Self(count))
        } else {
            let found = count.to_string();
            Err(WordError::Quantity { found })
        }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<u32> for Quantity {
    type Error = WordError;
    fn try_from(count: u32) -> Result<Self, WordError> {
        Self::new(count)
    }
}

impl From<Quantity> for u32 {
    fn from(quantity: Quantity) -> u32 {
        quantity.0
    }
}

/// 128 random bits in hex: which process's intent an attempt is. Drawn at the edge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nonce(String);

impl Nonce {
    /// A nonce read back from the status or the ledger, or drawn at the edge.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which Factory object serves a request; the uid keeps a re-created one apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FactoryKey {
    /// Name of the Factory object.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

/// What will be ordered and where: fixed by the first attempt, for all attempts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Order {
    /// The product.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
    /// From whom.
    pub factory: FactoryKey,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_stable_and_a_valid_object_name() {
        let event = EventId::parse("b2f0c1de-7d8e-4d6a-9a51-5c1b4fbb2f1e").unwrap();
        let id = RequestId::of_event("arn:aws:sns:eu-central-1:1:restock-stock", &event);
        assert_eq!(id.as_str().len(), REQUEST_ID_CHARACTERS);
        assert!(
            id.as_str()
                .chars()
                .all(|c| c.is_ascii_lowercase() || ('2'..='7').contains(&c))
        );
        assert_eq!(
            id,
            RequestId::of_event("arn:aws:sns:eu-central-1:1:restock-stock", &event)
        );
        assert_ne!(
            id,
            RequestId::of_event("arn:aws:sns:eu-central-1:2:restock-stock", &event)
        );
    }

    #[test]
    fn hostile_words_are_refused_with_the_offender() {
        assert_eq!(
            Sku::parse("CP'; --").unwrap_err().to_string(),
            "SKU may only have letters, digits and . _ : -, found '\\''"
        );
        assert!(Sku::parse("").is_err());
        assert!(Sku::parse(&"x".repeat(ID_CHARACTERS_MAX + 1)).is_err());
        assert!(Sku::parse("CP-502101").is_ok());
    }
}
