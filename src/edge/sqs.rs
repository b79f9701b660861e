//! One SQS queue.

mod arn;
mod attributes;
mod moves;
pub mod pairing;
pub mod policy;
mod received;
mod whole_message;

pub use arn::Arn;
pub use attributes::{QueueAttributes, Redrive};
pub use moves::{MOVED_PER_SECOND_MAX, Move};
pub use received::Received;
pub use whole_message::Whole;

use crate::edge::aws::{self, AwsError};
use aws_config::{Region, SdkConfig};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::Config;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry,
    DeleteMessageBatchRequestEntry, Message, MessageAttributeValue, MessageSystemAttributeName,
    QueueAttributeName,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// Most messages of one receive, delete or visibility call: SQS allows no more.
pub const BATCH_MAX: usize = 10;

/// Longest long poll: SQS allows no more.
pub const WAIT_MAX: Duration = Duration::from_secs(20);

/// How the name of every FIFO queue ends.
const FIFO: &str = ".fifo";

/// What a long poll may take beyond its wait. Without a deadline of its own a receive
/// can hang for ever on a connection that died silently.
const WAIT_EXTRA: Duration = Duration::from_secs(5);

/// One queue and the client that reaches it; clones share the connections.
#[derive(Clone, Debug)]
pub struct Queue {
    client: Client,
    url: String,
}

/// An entry of a batch that SQS did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryFailure {
    /// Its place in the caller's list.
    pub index: usize,
    /// Why.
    pub reason: String,
}

impl Queue {
    /// The queue at this URL. Nothing is sent yet.
    pub fn new(config: &SdkConfig, url: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            url: url.into(),
        }
    }

    /// The queue of this ARN, whatever its region and account.
    ///
    /// # Errors
    /// [`AwsError`]; a queue of another account that may not be asked seems to be gone.
    pub async fn named(config: &SdkConfig, arn: Arn<'_>) -> Result<Self, AwsError> {
        let region = Region::new(arn.region.to_owned());
        let client = Client::new(&config.clone().into_builder().region(region).build());
        let asking = client.get_queue_url().queue_name(arn.name);
        let asking = asking.queue_owner_aws_account_id(arn.account).send().await;
        let answer = asking.map_err(|error| aws::failure(&error))?;
        let url = answer.queue_url.unwrap_or_default();
        Ok(Self { client, url })
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits up to `wait` (at most [`WAIT_MAX`]) for up to `count` (at most
    /// [`BATCH_MAX`]) messages. They stay hidden for the queue's own visibility time-out
    /// unless `visibility` says otherwise.
    ///
    /// # Errors
    /// [`AwsError`]. One try only: the caller's poll loop is the retry.
    pub async fn receive(
        &self,
        count: usize,
        wait: Duration,
        visibility: Option<Duration>,
    ) -> Result<Vec<Received>, AwsError> {
        let received = self.received(count, wait, visibility).await?;
        Ok(received.into_iter().map(Received::from).collect())
    }

    async fn received(
        &self,
        count: usize,
        wait: Duration,
        visibility: Option<Duration>,
    ) -> Result<Vec<Message>, AwsError> {
        let wait = wait.min(WAIT_MAX);
        let deadline = wait + WAIT_EXTRA;
        let patience = Config::builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(aws::timeouts(deadline, deadline));
        let answer = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(whole(count.clamp(1, BATCH_MAX) as u64))
            .wait_time_seconds(whole(wait.as_secs()))
            .set_visibility_timeout(visibility.map(|time| whole(time.as_secs())))
            .message_attribute_names("All")
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .customize()
            .config_override(patience)
            .send()
            .await
            .map_err(|error| aws::failure(&error))?;
        Ok(answer.messages.unwrap_or_default())
    }

    /// Deletes up to [`BATCH_MAX`] messages by their receipts. What is not deleted comes
    /// back: nothing is lost.
    ///
    /// # Errors
    /// [`AwsError`] if the whole call failed; single entries are in the answer.
    pub async fn delete_batch(&self, receipts: &[&str]) -> Result<Vec<EntryFailure>, AwsError> {
        if receipts.is_empty() {
            return Ok(Vec::new());
        }
        let entry = |(index, receipt): (usize, &&str)| {
            DeleteMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(*receipt)
                .build()
                .expect("an entry has an id and a receipt")
        };
        let answer = self
            .client
            .delete_message_batch()
            .queue_url(&self.url)
            .set_entries(Some(receipts.iter().enumerate().map(entry).collect()))
            .send()
            .await
            .map_err(|error| aws::failure(&error))?;
        Ok(answer.failed.into_iter().map(EntryFailure::from).collect())
    }

    /// Hides up to [`BATCH_MAX`] messages for `visibility` from now on; zero returns them
    /// to the queue at once.
    ///
    /// # Errors
    /// [`AwsError`] if the whole call failed; single entries are in the answer.
    pub async fn change_visibility_batch(
        &self,
        receipts: &[&str],
        visibility: Duration,
    ) -> Result<Vec<EntryFailure>, AwsError> {
        if receipts.is_empty() {
            return Ok(Vec::new());
        }
        let entry = |(index, receipt): (usize, &&str)| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(*receipt)
                .visibility_timeout(whole(visibility.as_secs()))
                .build()
                .expect("an entry has an id and a receipt")
        };
        let answer = self
            .client
            .change_message_visibility_batch()
            .queue_url(&self.url)
            .set_entries(Some(receipts.iter().enumerate().map(entry).collect()))
            .send()
            .await
            .map_err(|error| aws::failure(&error))?;
        Ok(answer.failed.into_iter().map(EntryFailure::from).collect())
    }

    /// Puts one message; answers its SQS message id.
    ///
    /// # Errors
    /// [`AwsError`]. After [`AwsError::Unavailable`] the message may be there all the same.
    pub async fn send(
        &self,
        body: impl Into<String>,
        attributes: &BTreeMap<String, String>,
    ) -> Result<String, AwsError> {
        self.put(self.sending(body, attributes)).await
    }

    /// Puts one message that holds up no other: a FIFO queue takes it as a group of its own,
    /// named after this id.
    ///
    /// # Errors
    /// As [`Queue::send`].
    pub async fn send_apart(
        &self,
        id: &str,
        body: impl Into<String>,
        attributes: &BTreeMap<String, String>,
    ) -> Result<String, AwsError> {
        let group = self.url.ends_with(FIFO).then(|| id.to_owned());
        let sending = self.sending(body, attributes);
        let sending = sending
            .set_message_group_id(group.clone())
            .set_message_deduplication_id(group);
        self.put(sending).await
    }

    fn sending(
        &self,
        body: impl Into<String>,
        attributes: &BTreeMap<String, String>,
    ) -> SendMessageFluentBuilder {
        let attributes = attributes
            .iter()
            .map(|(key, value)| (key.clone(), text_value(value)));
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .set_message_attributes(Some(attributes.collect()))
    }

    async fn put(&self, sending: SendMessageFluentBuilder) -> Result<String, AwsError> {
        let answer = sending.send().await.map_err(|error| aws::failure(&error))?;
        Ok(answer.message_id.unwrap_or_default())
    }

    /// The queue's depth, redrive policy and limits, read now.
    ///
    /// # Errors
    /// [`AwsError`].
    pub async fn attributes(&self) -> Result<QueueAttributes, AwsError> {
        let answer = self
            .client
            .get_queue_attributes()
            .queue_url(&self.url)
            .attribute_names(QueueAttributeName::All)
            .send()
            .await
            .map_err(|error| aws::failure(&error))?;
        QueueAttributes::read(&answer.attributes.unwrap_or_default())
    }
}

impl From<BatchResultErrorEntry> for EntryFailure {
    /// The id is the index we gave; an answer that names none of ours counts as entry
    /// zero, so that a failure is never overlooked.
    fn from(entry: BatchResultErrorEntry) -> Self {
        let index = entry.id.parse().unwrap_or(0);
        let reason = format!("{}: {}", entry.code, entry.message.unwrap_or_default());
        Self { index, reason }
    }
}

fn text_value(text: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder()
        .data_type("String")
        .string_value(text)
        .build()
        .expect("an attribute has a data type")
}

/// SQS counts in 32 bits; nothing we pass comes near.
fn whole(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
