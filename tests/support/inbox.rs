//! A callback inbox of one test's own, deleted at the end, also when the test panics.
#![allow(dead_code, reason = "each test file uses its part of it")]

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use restock_operator::edge::aws;
use restock_operator::edge::sqs::{Queue, QueueAttributes};
use ring::rand::{SecureRandom, SystemRandom};

pub(crate) struct Inbox {
    pub(crate) url: String,
}

impl Inbox {
    /// Creates it. Fails, and never skips, where there is no SQS.
    pub(crate) async fn create() -> Self {
        let endpoint = std::env::var("AWS_ENDPOINT_URL");
        assert!(
            endpoint.is_ok_and(|url| url.starts_with("http://127.0.0.1:")),
            "AWS_ENDPOINT_URL names no local AWS: run these tests by `cargo xtask test`"
        );
        let mut random = [0; 8];
        SystemRandom::new().fill(&mut random).unwrap();
        let name = format!("restock-test-inbox-{:016x}", u64::from_be_bytes(random));
        let created = client()
            .await
            .create_queue()
            .queue_name(name)
            .send()
            .await
            .unwrap();
        Self {
            url: created.queue_url.unwrap(),
        }
    }

    /// One with a dead-letter queue that takes what was received so often, and that queue.
    pub(crate) async fn with_dead_letters(receives_max: u32) -> (Self, Self) {
        let (inbox, dead) = (Self::create().await, Self::create().await);
        let arn = dead.attributes().await.arn;
        let policy =
            format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":{receives_max}}}"#);
        client()
            .await
            .set_queue_attributes()
            .queue_url(&inbox.url)
            .attributes(QueueAttributeName::RedrivePolicy, policy)
            .send()
            .await
            .unwrap();
        (inbox, dead)
    }

    /// Keeps messages for so many days from now on.
    pub(crate) async fn keep_for_days(&self, days: u64) {
        let seconds = (days * 24 * 60 * 60).to_string();
        client()
            .await
            .set_queue_attributes()
            .queue_url(&self.url)
            .attributes(QueueAttributeName::MessageRetentionPeriod, seconds)
            .send()
            .await
            .unwrap();
    }

    /// As docs/install-eks.md asks for it, with its dead-letter queue.
    pub(crate) async fn as_documented() -> (Self, Self) {
        let (inbox, dead) = Self::with_dead_letters(100).await;
        inbox.keep_for_days(14).await;
        (inbox, dead)
    }

    /// Messages that wait in it or are hidden.
    pub(crate) async fn messages(&self) -> u64 {
        let counts = self.attributes().await;
        counts.messages_visible + counts.messages_in_flight + counts.messages_delayed
    }

    /// Puts a message into it, as a receiver does.
    pub(crate) async fn put(&self, body: &str) {
        let sending = client().await.send_message().queue_url(&self.url);
        sending.message_body(body).send().await.unwrap();
    }

    /// Takes messages of at most so many bytes from now on.
    pub(crate) async fn take_only(&self, bytes: usize) {
        client()
            .await
            .set_queue_attributes()
            .queue_url(&self.url)
            .attributes(QueueAttributeName::MaximumMessageSize, bytes.to_string())
            .send()
            .await
            .unwrap();
    }

    async fn attributes(&self) -> QueueAttributes {
        let queue = Queue::new(&aws::config().await.unwrap(), &self.url);
        queue.attributes().await.unwrap()
    }

    /// Deletes it before the test is over.
    pub(crate) async fn delete(&self) {
        client()
            .await
            .delete_queue()
            .queue_url(&self.url)
            .send()
            .await
            .unwrap();
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        let url = self.url.clone();
        // A thread of its own: a test's runtime may be gone, or be the one that panics.
        let deleted = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let delete = async { client().await.delete_queue().queue_url(url).send().await };
            // A test may have deleted it already, so an error is fine.
            drop(runtime.unwrap().block_on(delete));
        });
        deleted.join().unwrap();
    }
}

async fn client() -> Client {
    Client::new(&aws::config().await.unwrap())
}
