//! A message with all that a copy of it needs, binary attributes and group included.

use super::{FIFO, Queue, Received, text_value};
use crate::edge::aws::AwsError;
use aws_sdk_sqs::types::{
    Message, MessageAttributeValue, MessageSystemAttributeName, MessageSystemAttributeNameForSends,
    MessageSystemAttributeValue,
};
use data_encoding::BASE64;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::time::Duration;

/// A received message, and what [`Received`] leaves out of it.
#[derive(Clone, Debug)]
pub struct Whole {
    /// What a reader of it needs.
    pub message: Received,
    attributes: HashMap<String, MessageAttributeValue>,
    group: Option<String>,
}

impl Whole {
    /// Names and sizes in bytes of its binary attributes.
    pub fn binary(&self) -> impl Iterator<Item = (&str, usize)> {
        self.attributes.iter().filter_map(|(name, value)| {
            let binary = value.binary_value.as_ref()?;
            Some((name.as_str(), binary.as_ref().len()))
        })
    }

    /// As `aws sqs receive-message` prints it, without what only SQS knows.
    pub fn to_json(&self) -> Value {
        let mut system = Map::new();
        let mut note = |name: &str, value: Option<String>| {
            system.extend(value.map(|value| (name.to_owned(), value.into())));
        };
        let message = &self.message;
        let millis = message.sent_at.map(|at| at.as_micros().div_euclid(1_000));
        note("SentTimestamp", millis.map(|millis| millis.to_string()));
        note("AWSTraceHeader", message.trace_header.clone());
        note(
            "DeadLetterQueueSourceArn",
            message.dead_letter_source_arn.clone(),
        );
        note("MessageGroupId", self.group.clone());
        let attributes = self.attributes.iter().map(|(name, value)| {
            let mut entry = Map::from_iter([("DataType".to_owned(), value.data_type().into())]);
            if let Some(text) = value.string_value() {
                entry.insert("StringValue".to_owned(), text.into());
            }
            if let Some(binary) = value.binary_value() {
                let text = BASE64.encode(binary.as_ref());
                entry.insert("BinaryValue".to_owned(), text.into());
            }
            (name.clone(), Value::Object(entry))
        });
        json!({
            "MessageId": message.message_id,
            "Body": message.body,
            "Attributes": system,
            "MessageAttributes": attributes.collect::<Map<_, _>>(),
        })
    }
}

impl From<Message> for Whole {
    fn from(message: Message) -> Self {
        let system = message.attributes.as_ref();
        let group = system.and_then(|all| all.get(&MessageSystemAttributeName::MessageGroupId));
        Self {
            group: group.cloned(),
            attributes: message.message_attributes.clone().unwrap_or_default(),
            message: Received::from(message),
        }
    }
}

impl Queue {
    /// As [`Queue::receive`], whole.
    ///
    /// # Errors
    /// As [`Queue::receive`].
    pub async fn receive_whole(
        &self,
        count: usize,
        wait: Duration,
        visibility: Duration,
    ) -> Result<Vec<Whole>, AwsError> {
        let received = self.received(count, wait, Some(visibility)).await?;
        Ok(received.into_iter().map(Whole::from).collect())
    }

    /// Puts a copy of a message of another queue, and a text attribute more where one is
    /// given; answers its SQS message id. A FIFO queue takes a second copy within five
    /// minutes for the first: it is named after the id of the original.
    ///
    /// # Errors
    /// As [`Queue::send`].
    pub async fn send_copy(
        &self,
        original: &Whole,
        more: Option<(&str, &str)>,
    ) -> Result<String, AwsError> {
        let mut attributes = original.attributes.clone();
        attributes.extend(more.map(|(name, value)| (name.to_owned(), text_value(value))));
        let id = &original.message.message_id;
        let sending = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(&original.message.body)
            .set_message_attributes(Some(attributes))
            .set_message_group_id(original.group.clone())
            .set_message_deduplication_id(self.url.ends_with(FIFO).then(|| id.clone()));
        let sending = match &original.message.trace_header {
            None => sending,
            Some(header) => sending.message_system_attributes(
                MessageSystemAttributeNameForSends::AwsTraceHeader,
                MessageSystemAttributeValue::builder()
                    .data_type("String")
                    .string_value(header)
                    .build()
                    .expect("an attribute has a data type"),
            ),
        };
        self.put(sending).await
    }
}
