//! A stock queue of a benchmark's own, and messages of the common shop in it.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use futures::{StreamExt as _, stream};

/// Messages that SQS takes, gives and deletes at a time.
pub(crate) const BATCH: usize = 10;

/// Batches on their way at a time.
const SENDERS: usize = 8;

/// The queue.
pub(crate) struct Queue {
    pub(crate) sqs: Client,
    pub(crate) url: String,
}

impl Queue {
    pub(crate) async fn create(name: &str) -> Self {
        let config = restock_operator::edge::aws::config().await;
        let sqs = Client::new(&config.expect("cargo xtask bench sets AWS_REGION"));
        let created = sqs.create_queue().queue_name(name).send().await;
        let url = created.expect("the local AWS answers").queue_url;
        let url = url.expect("a queue has a URL");
        Self { sqs, url }
    }

    /// Sends so many messages, with bodies of about this size.
    pub(crate) async fn fill(&self, run: &str, messages: usize, body_bytes: usize) {
        let body = "x".repeat(body_bytes);
        let batches = (0..messages).collect::<Vec<_>>();
        let sending = batches.chunks(BATCH).map(|numbers| {
            let entries = numbers.iter().map(|number| entry(run, *number, &body));
            let batch = self.sqs.send_message_batch().queue_url(&self.url);
            batch.set_entries(Some(entries.collect())).send()
        });
        let mut sent = stream::iter(sending).buffer_unordered(SENDERS);
        while let Some(answer) = sent.next().await {
            let failed = answer.expect("the local AWS answers").failed;
            assert!(failed.is_empty(), "{failed:?}");
        }
    }

    pub(crate) async fn delete(&self) {
        let _ = self.sqs.delete_queue().queue_url(&self.url).send().await;
    }
}

fn entry(run: &str, number: usize, body: &str) -> SendMessageBatchRequestEntry {
    let attribute = |text: String| {
        let value = MessageAttributeValue::builder().data_type("String");
        value.string_value(text).build().expect("a type is set")
    };
    SendMessageBatchRequestEntry::builder()
        .id(number.to_string())
        .message_body(body)
        .message_attributes("EventId", attribute(format!("{run}-{number}")))
        .message_attributes("MessageAttributeProductId", attribute("BENCH".to_owned()))
        .message_attributes("MessageAttributeProductCnt", attribute("1".to_owned()))
        .build()
        .expect("an id and a body")
}
