//! Why a message died, as far as the message itself can tell: the dlq role and the plugin
//! read it as ingest does.

use super::{Why, open, request};
use crate::domain::message::{Identity, IdentityKind, MessageError, unreadable_id};
use crate::domain::order::{QUANTITY_MAX, WordError};
use crate::domain::time::Time;
use crate::edge::mapping::Mapping;
use crate::edge::sqs::Received;
use kube::ResourceExt as _;
use prometheus_client::encoding::EncodeLabelValue;

/// Why, without its words: a closed set, for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Cause {
    /// Larger, or of more values, than is read.
    TooLarge,
    /// An id, a quantity or a source is there, and is none.
    BadValue,
    /// It names no product where the mapping looks for one.
    NoProduct,
    /// The mapping fails on it.
    MappingFailed,
    /// The rules of the definition do not admit it.
    AgainstRule,
    /// It reads as an order: its request could not be created, or its event id belongs to
    /// another order.
    Readable,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::TooLarge,
        Self::BadValue,
        Self::NoProduct,
        Self::MappingFailed,
        Self::AgainstRule,
        Self::Readable,
    ];
}

impl From<&Why> for Cause {
    fn from(why: &Why) -> Self {
        match why {
            Why::Rule(_) => Self::AgainstRule,
            Why::Message(MessageError::TooLarge { .. } | MessageError::TooManyValues) => {
                Self::TooLarge
            }
            Why::Message(
                MessageError::Word(_) | MessageError::Shape { .. } | MessageError::Source,
            ) => Self::BadValue,
            Why::Message(MessageError::Missing { .. }) => Self::NoProduct,
            Why::Message(MessageError::Mapping { .. }) => Self::MappingFailed,
        }
    }
}

/// A dead letter that only SQS gave an id, before a redrive made that its event id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    /// What it was known by.
    pub known_as: String,
    /// Its message id.
    pub message_id: String,
}

/// What is known of a dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Death {
    /// Its request id, or a name made from its content, which outlives a redrive.
    pub known_as: String,
    /// The name of the request that it becomes, or became, where it reads as an order.
    pub request: Option<String>,
    /// What it was before a redrive gave it an event id, if it was one that did.
    pub formerly: Option<Former>,
    /// Who gave it its identity; none where it cannot be opened, or its event id is none.
    pub identity: Option<IdentityKind>,
    /// Why, for metrics.
    pub cause: Cause,
    /// Why, in words for the sender.
    pub reason: String,
    /// The same without names and texts of the message, which may be personal.
    pub impersonal: String,
}

impl Death {
    /// Of a message that was sent to the queue of this ARN.
    pub fn of(message: &Received, queue_arn: &str, mapping: &Mapping, now: Time) -> Self {
        let envelope = match open(message) {
            Ok(envelope) => envelope,
            Err(why) => {
                let why = Why::from(why);
                return Self {
                    known_as: unreadable_id(&message.body, &message.attributes),
                    request: None,
                    formerly: None,
                    identity: None,
                    cause: Cause::from(&why),
                    reason: why.to_string(),
                    impersonal: impersonal(&why),
                };
            }
        };
        let read = request(&envelope, message, queue_arn, mapping, now);
        let (name, cause, reason, impersonal) = match read {
            Err(why) => (None, Cause::from(&why), why.to_string(), impersonal(&why)),
            Ok(request) => {
                let reason = readable(&request.spec.product_id);
                let name = Some(request.name_any());
                (name, Cause::Readable, reason.clone(), reason)
            }
        };
        let identity = Identity::of(&envelope, queue_arn, &message.message_id).ok();
        let former = envelope.former_dead_letter_id().zip(identity.as_ref());
        let formerly = former.map(|(known_as, identity)| Former {
            known_as,
            message_id: identity.event.as_str().to_owned(),
        });
        Self {
            known_as: envelope.dead_letter_id(queue_arn, &message.message_id),
            request: name,
            formerly,
            identity: identity.map(|identity| identity.kind),
            cause,
            reason,
            impersonal,
        }
    }

    /// Whether its sender or SNS gave it an id.
    pub fn is_named(&self) -> bool {
        matches!(
            self.identity,
            Some(IdentityKind::EventId | IdentityKind::Sns)
        )
    }
}

/// The cluster is not asked, so only what is left can be named.
fn readable(product_id: &str) -> String {
    format!(
        "reads as an order of {product_id}: it could not be created, or its event id belongs to \
         another order; the log of ingest says which"
    )
}

fn impersonal(why: &Why) -> String {
    match why {
        Why::Message(MessageError::Missing {
            what,
            expected,
            hint,
            ..
        }) => format!("no {what}: expected {expected}{hint}"),
        Why::Message(MessageError::Mapping { what, .. }) => format!("the mapping of {what} failed"),
        Why::Message(MessageError::Word(WordError::Quantity { .. })) => {
            format!("quantity must be a whole number from 1 to {QUANTITY_MAX}")
        }
        Why::Message(other) => other.to_string(),
        Why::Rule(_) => "the rules of the definition do not admit it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_where_a_quantity_should_be_is_told_to_its_sender_only() {
        let message = Received {
            message_id: "m-1".to_owned(),
            body: r#"{"MessageAttributeProductId": "CP-1", "MessageAttributeProductCnt": "kim's"}"#
                .to_owned(),
            ..Received::default()
        };
        let mapping = Mapping::common_shop();
        let death = Death::of(
            &message,
            "arn:aws:sqs:eu-west-1:1:stock",
            &mapping,
            Time::default(),
        );
        assert!(death.reason.ends_with("found kim's"), "{}", death.reason);
        let expected = "quantity must be a whole number from 1 to 1000000";
        assert_eq!(death.impersonal, expected);
    }
}
