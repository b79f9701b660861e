//! One SNS topic.

mod batch;
mod readers;

pub use batch::{BATCH_MAX, batches};
pub use readers::{Readers, readers};

use crate::edge::aws::{self, AwsError};
use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use std::collections::BTreeMap;

/// Longest subject that SNS takes, in ASCII characters (it says: less than 100).
pub const SUBJECT_CHARACTERS_MAX: usize = 99;

/// Largest message and attributes together that every topic takes, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 256 * 1024;

/// One topic and the client that reaches it; clones share the connections.
#[derive(Clone, Debug)]
pub struct Topic {
    client: Client,
    arn: String,
}

/// Who was subscribed to a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscriptions {
    /// Who reads what is published; without any nobody does.
    pub confirmed: u64,
    /// Who was asked whether they want to, and has not said yes.
    pub pending: u64,
}

impl Topic {
    /// The topic of this ARN. Nothing is sent yet.
    pub fn new(config: &SdkConfig, arn: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            arn: arn.into(),
        }
    }

    /// Its ARN.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// How many subscriptions it has.
    ///
    /// # Errors
    /// [`AwsError`].
    pub async fn subscriptions(&self) -> Result<Subscriptions, AwsError> {
        let answer = self
            .client
            .get_topic_attributes()
            .topic_arn(&self.arn)
            .send()
            .await
            .map_err(|error| aws::failure(&error))?;
        let attributes = answer.attributes.unwrap_or_default();
        let count = |name: &str| {
            let count = attributes.get(name).map(|count| count.parse());
            count.and_then(Result::ok).unwrap_or_default()
        };
        Ok(Subscriptions {
            confirmed: count("SubscriptionsConfirmed"),
            pending: count("SubscriptionsPending"),
        })
    }

    /// Publishes plain text; answers the id that SNS gave to it: the acknowledgement.
    ///
    /// # Errors
    /// [`AwsError`]. After [`AwsError::Unavailable`] it may have been published.
    pub async fn publish(
        &self,
        subject: &str,
        text: &str,
        attributes: &BTreeMap<String, String>,
    ) -> Result<String, AwsError> {
        let attributes = attributes
            .iter()
            .map(|(key, value)| (key.clone(), text_value(value)));
        let answer = self
            .client
            .publish()
            .topic_arn(&self.arn)
            .subject(subject)
            .message(text)
            .set_message_attributes(Some(attributes.collect()))
            .send()
            .await
            .map_err(|error| aws::failure(&error))?;
        Ok(answer.message_id.unwrap_or_default())
    }
}

fn text_value(text: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder()
        .data_type("String")
        .string_value(text)
        .build()
        .expect("an attribute has a data type")
}
