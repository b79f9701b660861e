//! What a queue says of itself.

use super::FIFO;
use crate::edge::aws::AwsError;
use aws_sdk_sqs::types::QueueAttributeName;
use serde::Deserialize;
use std::collections::HashMap;
use std::time::Duration;

/// A queue's state and settings, read at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueAttributes {
    /// The queue's ARN.
    pub arn: String,
    /// Messages waiting, approximately.
    pub messages_visible: u64,
    /// Messages handed out and not yet deleted, approximately.
    pub messages_in_flight: u64,
    /// Messages not yet visible for the first time, approximately.
    pub messages_delayed: u64,
    /// Where messages go that nobody could handle, if anywhere.
    pub redrive: Option<Redrive>,
    /// The access policy, as JSON text.
    pub policy: Option<String>,
    /// How long a message is kept.
    pub retention: Option<Duration>,
    /// How long a received message stays hidden by default.
    pub visibility: Option<Duration>,
    /// Largest message the queue takes, in bytes.
    pub message_bytes_max: Option<u64>,
    /// The KMS key that encrypts its messages, if SQS does not by its own.
    pub kms_key: Option<String>,
    /// Whether its messages are encrypted at rest, by whichever key.
    pub encrypted: bool,
}

/// A queue's redrive policy.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Redrive {
    /// The dead-letter queue.
    #[serde(rename = "deadLetterTargetArn")]
    pub target_arn: String,
    /// Receives without a delete before a message goes there.
    #[serde(rename = "maxReceiveCount", deserialize_with = "number_or_text")]
    pub receives_max: u32,
}

impl QueueAttributes {
    /// Whether it keeps the order of message groups.
    pub fn is_fifo(&self) -> bool {
        self.arn.ends_with(FIFO)
    }

    pub(super) fn read(all: &HashMap<QueueAttributeName, String>) -> Result<Self, AwsError> {
        let number = |name| all.get(&name).and_then(|text| text.parse::<u64>().ok());
        let span = |name| number(name).map(Duration::from_secs);
        let text = |name| all.get(&name).map_or("", String::as_str);
        let arn = all.get(&QueueAttributeName::QueueArn).cloned();
        Ok(Self {
            arn: arn.ok_or_else(|| AwsError::Refused("the queue tells no ARN".to_owned()))?,
            messages_visible: number(QueueAttributeName::ApproximateNumberOfMessages).unwrap_or(0),
            messages_in_flight: number(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)
                .unwrap_or(0),
            messages_delayed: number(QueueAttributeName::ApproximateNumberOfMessagesDelayed)
                .unwrap_or(0),
            redrive: all
                .get(&QueueAttributeName::RedrivePolicy)
                .and_then(|json| serde_json::from_str(json).ok()),
            policy: all.get(&QueueAttributeName::Policy).cloned(),
            retention: span(QueueAttributeName::MessageRetentionPeriod),
            visibility: span(QueueAttributeName::VisibilityTimeout),
            message_bytes_max: number(QueueAttributeName::MaximumMessageSize),
            kms_key: all
                .get(&QueueAttributeName::KmsMasterKeyId)
                .filter(|key| !key.is_empty())
                .cloned(),
            encrypted: text(QueueAttributeName::SqsManagedSseEnabled) == "true"
                || !text(QueueAttributeName::KmsMasterKeyId).is_empty(),
        })
    }
}

/// SQS gives the count back as it was set: tools write it as a number or as text.
fn number_or_text<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u32),
        Text(String),
    }
    match Either::deserialize(from)? {
        Either::Number(number) => Ok(number),
        Either::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_receive_count_of_a_redrive_policy_is_a_number_or_text() {
        for count in ["5", "\"5\""] {
            let policy = format!(
                r#"{{"deadLetterTargetArn":"arn:aws:sqs:eu-central-1:1:d","maxReceiveCount":{count}}}"#
            );
            let all = HashMap::from([
                (
                    QueueAttributeName::QueueArn,
                    "arn:aws:sqs:eu-central-1:1:q".to_owned(),
                ),
                (QueueAttributeName::RedrivePolicy, policy),
            ]);
            let redrive = QueueAttributes::read(&all).unwrap().redrive.unwrap();
            assert_eq!(redrive.receives_max, 5);
            assert_eq!(redrive.target_arn, "arn:aws:sqs:eu-central-1:1:d");
        }
    }

    #[test]
    fn a_queue_is_encrypted_by_a_key_of_sqs_or_of_kms() {
        use QueueAttributeName::{KmsMasterKeyId, QueueArn, SqsManagedSseEnabled};
        for (name, value, encrypted) in [
            (SqsManagedSseEnabled, "true", true),
            (SqsManagedSseEnabled, "false", false),
            (KmsMasterKeyId, "alias/aws/sqs", true),
            (KmsMasterKeyId, "", false),
        ] {
            let all = HashMap::from([
                (QueueArn, "arn:aws:sqs:eu-central-1:1:q".to_owned()),
                (name, value.to_owned()),
            ]);
            assert_eq!(QueueAttributes::read(&all).unwrap().encrypted, encrypted);
        }
    }
}
