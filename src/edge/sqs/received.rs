//! A message as SQS handed it out.

use crate::domain::time::Time;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use std::collections::{BTreeMap, HashMap};

/// One received message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// The SQS message id: another one after a redrive or a second SNS delivery.
    pub message_id: String,
    /// What deletes this very delivery.
    pub receipt: String,
    /// The body, as sent.
    pub body: String,
    /// The sender's message attributes that are text or numbers. Binary ones have no
    /// meaning to us and are left out.
    pub attributes: BTreeMap<String, String>,
    /// When it entered the queue, by the clock of SQS.
    pub sent_at: Option<Time>,
    /// How often it was handed out, this time included.
    pub receive_count: u32,
    /// Tracing header of the service that sent it.
    pub trace_header: Option<String>,
    /// For a dead letter: the queue it came from.
    pub dead_letter_source_arn: Option<String>,
}

impl From<Message> for Received {
    fn from(message: Message) -> Self {
        let system = message.attributes.unwrap_or_default();
        let attributes = message.message_attributes.unwrap_or_default().into_iter();
        Self {
            message_id: message.message_id.unwrap_or_default(),
            receipt: message.receipt_handle.unwrap_or_default(),
            body: message.body.unwrap_or_default(),
            attributes: attributes
                .filter_map(|(key, value)| Some((key, value.string_value?)))
                .collect(),
            sent_at: sent_at(&system),
            receive_count: system
                .get(&MessageSystemAttributeName::ApproximateReceiveCount)
                .and_then(|count| count.parse().ok())
                .unwrap_or(1),
            trace_header: system
                .get(&MessageSystemAttributeName::AwsTraceHeader)
                .cloned(),
            dead_letter_source_arn: system
                .get(&MessageSystemAttributeName::DeadLetterQueueSourceArn)
                .cloned(),
        }
    }
}

/// `SentTimestamp` is in milliseconds since the epoch (SQS API reference).
fn sent_at(system: &HashMap<MessageSystemAttributeName, String>) -> Option<Time> {
    const MICROS_PER_MILLI: i64 = 1_000;
    let millis: i64 = system
        .get(&MessageSystemAttributeName::SentTimestamp)?
        .parse()
        .ok()?;
    Some(Time::from_micros(millis.checked_mul(MICROS_PER_MILLI)?))
}
