//! Which request a message stands for, however often and wherever it is met.

use super::{Envelope, MessageError};
use crate::domain::order::{EventId, RequestId, short_hash};
use std::collections::BTreeMap;

/// The producer's own id of an event, as a message attribute.
pub const EVENT_ID: &str = "EventId";

/// Who gave a message its identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdentityKind {
    /// The producer: the same through every channel and retry.
    EventId,
    /// SNS: the same for every delivery of one publication.
    Sns,
    /// SQS: another one after a redrive, which may then order again.
    Sqs,
}

/// What one event is known by. `MessageDeduplicationId` is never part of it: it
/// identifies for five minutes only, and not across queues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who gave it.
    pub kind: IdentityKind,
    /// The event.
    pub event: EventId,
    /// Whose events these are: the topic, else the queue it was first put in.
    pub source_arn: String,
}

impl Identity {
    /// The identity of a message that SQS calls `message_id`, put in the queue
    /// `queue_arn`: the source queue also when it is met in the dead-letter queue.
    ///
    /// # Errors
    /// A malformed event id. It is not replaced by the next best: the producer would
    /// count on an identity that it does not have.
    pub fn of(
        envelope: &Envelope,
        queue_arn: &str,
        message_id: &str,
    ) -> Result<Self, MessageError> {
        let (kind, event) = if let Some(event) = envelope.attributes.get(EVENT_ID) {
            (IdentityKind::EventId, event.as_str())
        } else if let Some(id) = &envelope.sns_message_id {
            (IdentityKind::Sns, id.as_str())
        } else {
            (IdentityKind::Sqs, message_id)
        };
        let source_arn = envelope
            .topic_arn
            .as_deref()
            .unwrap_or(queue_arn)
            .to_owned();
        Ok(Self {
            kind,
            event: EventId::parse(event)?,
            source_arn,
        })
    }

    /// The id of the request, everywhere.
    pub fn request_id(&self) -> RequestId {
        RequestId::of_event(&self.source_arn, &self.event)
    }
}

impl Envelope {
    /// What a dead letter is known by: its request, or, where only SQS named it or the
    /// event id is malformed, its content, which outlives a redrive.
    pub fn dead_letter_id(&self, queue_arn: &str, message_id: &str) -> String {
        match Identity::of(self, queue_arn, message_id) {
            Ok(identity) if identity.kind != IdentityKind::Sqs => {
                identity.request_id().as_str().to_owned()
            }
            _ => self.content_id(),
        }
    }

    /// What it was known by as a dead letter before a redrive carried its identity along as
    /// its event id: its content. None without an event id.
    pub fn former_dead_letter_id(&self) -> Option<String> {
        let mut former = self.clone();
        former.attributes.remove(EVENT_ID)?;
        Some(former.content_id())
    }

    fn content_id(&self) -> String {
        short_hash(self.digest().as_bytes())
    }
}

/// What a message is known by that cannot even be opened: its content.
pub fn unreadable_id(body: &str, attributes: &BTreeMap<String, String>) -> String {
    let mut input = body.as_bytes().to_vec();
    for (key, value) in attributes {
        // A separator that no attribute can hold, so that none imitates another.
        input.extend([&[0], key.as_bytes(), &[0], value.as_bytes()].concat());
    }
    short_hash(&input)
}
