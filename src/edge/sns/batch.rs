//! Out-of-stock messages, several in one call.

use super::{MESSAGE_BYTES_MAX, Topic, text_value};
use crate::domain::shortage::Shortage;
use crate::edge::aws::{self, AwsError};
use aws_sdk_sns::types::{BatchResultErrorEntry, PublishBatchRequestEntry};
use std::ops::Range;

/// Most messages of one call: SNS allows no more.
pub const BATCH_MAX: usize = 10;

/// How the name of every FIFO topic ends.
const FIFO: &str = ".fifo";

/// Cuts a list into batches that SNS takes: at most [`BATCH_MAX`] messages, which have at most
/// [`MESSAGE_BYTES_MAX`] together. A message that is larger by itself stands alone.
pub fn batches<'a>(messages: impl IntoIterator<Item = &'a Shortage>) -> Vec<Range<usize>> {
    let mut batches: Vec<Range<usize>> = Vec::new();
    let mut room = 0;
    for (index, message) in messages.into_iter().enumerate() {
        let size = bytes(message);
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH_MAX && size <= room => {
                batch.end += 1;
                room -= size;
            }
            _ => {
                batches.push(index..index + 1);
                room = MESSAGE_BYTES_MAX.saturating_sub(size);
            }
        }
    }
    batches
}

/// What SNS counts, and the subject, of which it does not say whether it counts: text, and
/// name, type and value of each attribute.
fn bytes(message: &Shortage) -> usize {
    let attributes = message.attributes();
    let attributes = attributes
        .iter()
        .map(|(key, value)| key.len() + "String".len() + value.len());
    message.subject().len() + message.text().len() + attributes.sum::<usize>()
}

impl Topic {
    /// Whether it is a FIFO topic.
    pub fn is_fifo(&self) -> bool {
        self.arn.ends_with(FIFO)
    }

    /// Publishes one batch of [`batches`]; answers what became of each message. A FIFO topic
    /// has a group for each product, and knows an event that is published again within five
    /// minutes.
    ///
    /// # Errors
    /// [`AwsError`] if the whole call failed. After [`AwsError::Unavailable`], here or for one
    /// message, it may have been published.
    pub async fn publish_batch(
        &self,
        batch: &[&Shortage],
    ) -> Result<Vec<Result<(), AwsError>>, AwsError> {
        let entries = batch.iter().enumerate();
        let entries = entries.map(|(index, message)| self.entry(index, message));
        let answer = self
            .client
            .publish_batch()
            .topic_arn(&self.arn)
            .set_publish_batch_request_entries(Some(entries.collect()))
            .send()
            .await
            .map_err(|error| aws::failure(&error))?;
        let unanswered = || Err(AwsError::Unavailable("no answer to this one".to_owned()));
        let mut results: Vec<_> = batch.iter().map(|_| unanswered()).collect();
        for taken in answer.successful.unwrap_or_default() {
            let id = taken.id.unwrap_or_default();
            settle(&mut results, &id, Ok(()));
        }
        for failed in answer.failed.unwrap_or_default() {
            settle(&mut results, &failed.id, Err(failure(&failed)));
        }
        Ok(results)
    }

    fn entry(&self, index: usize, message: &Shortage) -> PublishBatchRequestEntry {
        let attributes = message.attributes().into_iter();
        let attributes = attributes.map(|(key, value)| (key, text_value(&value)));
        let in_order = |word: &str| self.is_fifo().then(|| word.to_owned());
        PublishBatchRequestEntry::builder()
            .id(index.to_string())
            .subject(message.subject())
            .message(message.text())
            .set_message_attributes(Some(attributes.collect()))
            .set_message_group_id(in_order(message.sku.as_str()))
            .set_message_deduplication_id(in_order(message.event_id.as_str()))
            .build()
            .expect("an entry has an id and a message")
    }
}

/// The id is the index we gave; what names none of ours answers nothing.
fn settle(results: &mut [Result<(), AwsError>], id: &str, result: Result<(), AwsError>) {
    let index = id.parse::<usize>().ok();
    if let Some(place) = index.and_then(|index| results.get_mut(index)) {
        *place = result;
    }
}

fn failure(failed: &BatchResultErrorEntry) -> AwsError {
    let text = failed.message.as_deref().unwrap_or_default();
    aws::entry_failure(&failed.code, failed.sender_fault, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::{EventId, Sku};
    use crate::domain::shortage::Cause;

    fn message(requester_bytes: usize) -> Shortage {
        Shortage {
            event_id: EventId::parse("e-1").unwrap(),
            sku: Sku::parse("CP-502101").unwrap(),
            cause: Cause::OutOfStock,
            quantity: None,
            factory_id: None,
            requester: Some("x".repeat(requester_bytes)),
            trace_parent: None,
        }
    }

    #[test]
    fn batches_are_bounded_by_number_and_by_size() {
        let small: Vec<_> = (0..21).map(|_| message(1)).collect();
        assert_eq!(batches(&small), [0..10, 10..20, 20..21]);
        // Two of them have 256 KiB and their other attributes: one too many.
        let half = MESSAGE_BYTES_MAX / 2;
        let large = [message(half), message(1), message(half), message(1)];
        assert_eq!(batches(&large), [0..2, 2..4]);
        let huge = [message(1), message(MESSAGE_BYTES_MAX), message(1)];
        assert_eq!(batches(&huge), [0..1, 1..2, 2..3]);
        assert!(batches([]).is_empty());
    }
}
