//! A person's word, as it is said in the spec and kept in the status.

use crate::crd::progress::capped;
use crate::crd::schema::{MESSAGE_CHARACTERS_MAX, rules};
use crate::crd::time::{from_micro_time, micro_time};
use crate::crd::words::{Verb, WordOutcome};
use crate::domain::order::{ID_CHARACTERS_MAX, QUANTITY_MAX, Quantity, WordError};
use crate::domain::word::{self as domain, Handled};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Longest reason that a person may give, in characters.
pub const REASON_CHARACTERS_MAX: usize = 512;

/// Text of people that terminals show: not blank, and without control characters.
const LINE: &str = r"^[^\p{Cc}]*[^\p{Cc}\s][^\p{Cc}]*$";

/// What each verb needs.
const NEEDS: [(&str, &str); 2] = [
    (
        "has(self.quantity) == (self.verb == 'Arrived')",
        "Arrived needs a quantity, and no other verb has one",
    ),
    (
        "self.attempt >= 1 || self.verb in ['Retry', 'Cancel']",
        "only Retry and Cancel can be said before the first attempt",
    ),
];

/// A person's word on the request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&NEEDS)))]
pub struct Resolution {
    /// What the person says. Placed: the factory has the order. NotPlaced: it does not have
    /// it. Arrived: goods came, and no callback did. Retry: order once more. Cancel: order
    /// nothing any more.
    pub verb: Verb,

    /// Which attempt it is about: the status.attempt that the person saw, 0 before the
    /// first one. A word about another attempt is refused.
    #[schemars(range(min = 0))]
    pub attempt: u32,

    /// How many pieces came; with Arrived only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = QUANTITY_MAX))]
    pub quantity: Option<u32>,

    /// How the person knows.
    #[schemars(length(min = 1, max = REASON_CHARACTERS_MAX), regex(pattern = LINE))]
    pub reason: String,

    /// Who says so.
    #[schemars(length(min = 1, max = ID_CHARACTERS_MAX), regex(pattern = LINE))]
    pub by: String,
}

/// A word that was done or refused. What is absent is null, as in the status around it: a
/// merge patch would leave there what the word before had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(description = "A word that was done or refused.")]
pub struct HandledResolution {
    /// What was said.
    pub verb: Verb,

    /// Of which attempt.
    #[schemars(range(min = 0))]
    pub attempt: u32,

    /// How many pieces came.
    #[schemars(range(min = 1, max = QUANTITY_MAX))]
    pub quantity: Option<u32>,

    /// How the person knew.
    #[schemars(length(max = REASON_CHARACTERS_MAX))]
    pub reason: String,

    /// Who said so.
    #[schemars(length(max = ID_CHARACTERS_MAX))]
    pub by: String,

    /// What became of it.
    pub outcome: WordOutcome,

    /// Why it was refused.
    #[schemars(length(max = MESSAGE_CHARACTERS_MAX))]
    pub message: Option<String>,

    /// When it was handled.
    pub at: MicroTime,
}

/// A word that says that goods came, and not a number of pieces.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoQuantity {
    /// Without a number.
    #[error("Arrived needs a quantity")]
    Missing,
    /// None that can be.
    #[error(transparent)]
    Word(#[from] WordError),
}

impl TryFrom<&Resolution> for domain::Resolution {
    type Error = NoQuantity;

    fn try_from(word: &Resolution) -> Result<Self, NoQuantity> {
        Ok(Self {
            verb: with_quantity(word.verb, word.quantity)?,
            attempt: word.attempt,
            reason: word.reason.clone(),
            by: word.by.clone(),
        })
    }
}

impl From<&domain::Resolution> for Resolution {
    fn from(word: &domain::Resolution) -> Self {
        let (verb, quantity) = without_quantity(word.verb);
        Self {
            verb,
            attempt: word.attempt,
            quantity,
            reason: word.reason.clone(),
            by: word.by.clone(),
        }
    }
}

impl TryFrom<&HandledResolution> for Handled {
    type Error = NoQuantity;

    fn try_from(handled: &HandledResolution) -> Result<Self, NoQuantity> {
        let word = domain::Resolution {
            verb: with_quantity(handled.verb, handled.quantity)?,
            attempt: handled.attempt,
            reason: handled.reason.clone(),
            by: handled.by.clone(),
        };
        let refusal = || handled.message.clone().unwrap_or_default();
        Ok(Self {
            word,
            refusal: (handled.outcome == WordOutcome::Refused).then(refusal),
            at: from_micro_time(&handled.at),
        })
    }
}

impl From<&Handled> for HandledResolution {
    fn from(handled: &Handled) -> Self {
        let (word, refusal) = (&handled.word, handled.refusal.as_ref());
        let (verb, quantity) = without_quantity(word.verb);
        Self {
            verb,
            attempt: word.attempt,
            quantity,
            reason: word.reason.clone(),
            by: word.by.clone(),
            outcome: match refusal {
                None => WordOutcome::Done,
                Some(_) => WordOutcome::Refused,
            },
            message: refusal.map(|why| capped(why, MESSAGE_CHARACTERS_MAX)),
            at: micro_time(handled.at),
        }
    }
}

fn with_quantity(verb: Verb, quantity: Option<u32>) -> Result<domain::Verb, NoQuantity> {
    Ok(match verb {
        Verb::Placed => domain::Verb::Placed,
        Verb::NotPlaced => domain::Verb::NotPlaced,
        Verb::Arrived => {
            let quantity = quantity.ok_or(NoQuantity::Missing)?;
            domain::Verb::Arrived(Quantity::new(quantity)?)
        }
        Verb::Retry => domain::Verb::Retry,
        Verb::Cancel => domain::Verb::Cancel,
    })
}

fn without_quantity(verb: domain::Verb) -> (Verb, Option<u32>) {
    match verb {
        domain::Verb::Placed => (Verb::Placed, None),
        domain::Verb::NotPlaced => (Verb::NotPlaced, None),
        domain::Verb::Arrived(quantity) => (Verb::Arrived, Some(quantity.get())),
        domain::Verb::Retry => (Verb::Retry, None),
        domain::Verb::Cancel => (Verb::Cancel, None),
    }
}
