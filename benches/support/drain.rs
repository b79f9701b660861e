//! A consumer that does nothing with its messages.

use crate::support::queue::Queue;
use aws_sdk_sqs::types::DeleteMessageBatchRequestEntry;

impl Queue {
    /// Takes up to ten messages away.
    pub(crate) async fn take_away(&self) {
        let receiving = self.sqs.receive_message().queue_url(&self.url);
        let receiving = receiving.max_number_of_messages(10).wait_time_seconds(1);
        let received = receiving.send().await.expect("the local AWS answers");
        let messages = received.messages.unwrap_or_default();
        if messages.is_empty() {
            return;
        }
        let entries = messages.iter().enumerate().map(|(index, message)| {
            DeleteMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(message.receipt_handle.clone().unwrap_or_default())
                .build()
                .expect("an id and a receipt")
        });
        let deleting = self.sqs.delete_message_batch().queue_url(&self.url);
        let deleting = deleting.set_entries(Some(entries.collect())).send();
        deleting.await.expect("the local AWS answers");
    }
}
