//! What a message becomes: its object, and the order that a factory reads. Ingest and
//! controller do it, and the plugin says beforehand what they would do.

mod compare;
mod death;
mod order;

pub use compare::compare;
pub use death::{Cause, Death, Former};
pub use order::order_body;

use crate::crd::request::{RestockRequest, RestockRequestSpec, Source, SourceIdentity, SourceKind};
use crate::crd::time::micro_time;
use crate::crd::validation::validate_request;
use crate::domain::message::{
    Envelope, Identity, IdentityKind, MessageError, Wanted, plain_text, unreadable_id,
};
use crate::domain::order::{EventId, RequestId};
use crate::domain::time::Time;
use crate::edge::mapping::Mapping;
use crate::edge::sqs::Received;

/// Most characters of a reason that a rule gives.
const REASON_CHARACTERS_MAX: usize = 400;

/// Why a message is no order, and what it is known by all the same.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct Refusal {
    /// Its request id, or a name made from its content.
    pub known_as: String,
    /// Why.
    pub why: Why,
}

/// Why a message is no order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// It cannot be read as one.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The rules of the definition do not admit what it asks for.
    #[error("{0}")]
    Rule(String),
}

/// The object for a message from the queue of this ARN.
///
/// # Errors
/// [`Refusal`]: the same message will be refused again.
pub fn read(
    message: &Received,
    queue_arn: &str,
    mapping: &Mapping,
    now: Time,
) -> Result<RestockRequest, Refusal> {
    let envelope = open(message).map_err(|why| Refusal {
        known_as: unreadable_id(&message.body, &message.attributes),
        why: why.into(),
    })?;
    request(&envelope, message, queue_arn, mapping, now).map_err(|why| Refusal {
        known_as: envelope.dead_letter_id(queue_arn, &message.message_id),
        why,
    })
}

fn open(message: &Received) -> Result<Envelope, MessageError> {
    let trace_header = message.trace_header.as_deref();
    Envelope::open(&message.body, &message.attributes, trace_header)
}

fn request(
    envelope: &Envelope,
    message: &Received,
    queue_arn: &str,
    mapping: &Mapping,
    now: Time,
) -> Result<RestockRequest, Why> {
    let identity = Identity::of(envelope, queue_arn, &message.message_id)?;
    let wanted = mapping.wanted(envelope)?;
    let object = object(envelope, &identity, wanted, message, now);
    validate_request(&object)
        .map_err(|why| Why::Rule(plain_text(&why.to_string(), REASON_CHARACTERS_MAX)))?;
    Ok(object)
}

fn object(
    envelope: &Envelope,
    identity: &Identity,
    wanted: Wanted,
    message: &Received,
    now: Time,
) -> RestockRequest {
    let source = Source {
        kind: match envelope.topic_arn {
            Some(_) => SourceKind::Topic,
            None => SourceKind::Queue,
        },
        arn: identity.source_arn.clone(),
        event_id: identity.event.as_str().to_owned(),
        identity: match identity.kind {
            IdentityKind::EventId => SourceIdentity::EventId,
            IdentityKind::Sns => SourceIdentity::Sns,
            IdentityKind::Sqs => SourceIdentity::Sqs,
        },
        digest: envelope.digest(),
        message_id: message.message_id.clone(),
        sent_at: micro_time(message.sent_at.unwrap_or(now)),
        trace_parent: envelope.trace_parent.clone(),
    };
    let spec = RestockRequestSpec {
        product_id: wanted.product_id.into(),
        quantity: wanted.quantity.map(u32::from),
        factory_id: wanted.factory_id.map(String::from),
        requester: wanted.requester,
        source: Some(source),
        suspend: false,
        resolution: None,
    };
    RestockRequest::new(&identity.request_id().object_name(), spec)
}

/// An object that nothing but the state of the cluster could speak against. It is only
/// ever created as a dry run.
pub fn known_good(queue_arn: &str, now: Time) -> RestockRequest {
    let event = EventId::parse("dry-run").expect("these are letters and a dash");
    let source = Source {
        kind: SourceKind::Queue,
        arn: queue_arn.to_owned(),
        event_id: event.as_str().to_owned(),
        identity: SourceIdentity::EventId,
        digest: "0".repeat(64),
        message_id: event.as_str().to_owned(),
        sent_at: micro_time(now),
        trace_parent: None,
    };
    let spec = RestockRequestSpec {
        product_id: "dry-run".to_owned(),
        quantity: Some(1),
        factory_id: None,
        requester: None,
        source: Some(source),
        suspend: false,
        resolution: None,
    };
    RestockRequest::new(&RequestId::of_event(queue_arn, &event).object_name(), spec)
}
