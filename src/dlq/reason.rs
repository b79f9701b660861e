//! Why a message died, as far as the message itself can tell.

use crate::domain::message::{Envelope, Identity, MessageError, Wanted, unreadable_id};
use crate::domain::order::RequestId;
use crate::edge::mapping::Mapping;
use crate::edge::sqs::Received;
use crate::edge::store::dead_letters::SeenDeadLetter;

/// What the ledger keeps of a dead letter. `queue_arn` is the queue in which it was
/// sent, for messages that do not say so themselves.
pub(super) fn read(message: &Received, queue_arn: &str, mapping: &Mapping) -> SeenDeadLetter {
    let source = message
        .dead_letter_source_arn
        .as_deref()
        .unwrap_or(queue_arn);
    let opened = Envelope::open(
        &message.body,
        &message.attributes,
        message.trace_header.as_deref(),
    );
    let (known_as, reason) = match opened {
        Err(why) => (
            unreadable_id(&message.body, &message.attributes),
            why.to_string(),
        ),
        Ok(envelope) => (
            envelope.dead_letter_id(source, &message.message_id),
            match order(&envelope, source, &message.message_id, mapping) {
                Err(why) => why.to_string(),
                Ok(order) => valid(&order),
            },
        ),
    };
    SeenDeadLetter {
        request_id: RequestId::parse(&known_as).expect("a hash in base32 is a request id"),
        message_id: message.message_id.clone(),
        reason,
        sent_at: message.sent_at,
    }
}

fn order(
    envelope: &Envelope,
    source: &str,
    message_id: &str,
    mapping: &Mapping,
) -> Result<Wanted, MessageError> {
    Identity::of(envelope, source, message_id)?;
    mapping.wanted(envelope)
}

/// This role does not ask the cluster, so it can only name what is left.
fn valid(order: &Wanted) -> String {
    format!(
        "reads as an order of {}: it could not be created, or its event id belongs to \
         another order; the log of ingest says which",
        order.product_id
    )
}
