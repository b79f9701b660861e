//! A queue with its dead-letter queue and a topic that feeds it, of one's own, gone
//! afterwards.
#![allow(dead_code, reason = "each test file uses its part of it")]

use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName};
use futures::FutureExt;
use restock_operator::edge::aws;
use restock_operator::edge::sqs::{Queue, QueueAttributes, policy};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;

/// Message attributes of the sender.
pub(crate) type Attributes = BTreeMap<String, String>;

/// What a shop sends to, and where dead letters end.
pub(crate) struct StockQueue {
    sqs: aws_sdk_sqs::Client,
    sns: aws_sdk_sns::Client,
    /// The queue that is read.
    pub(crate) queue: Queue,
    /// The queue of the dead letters.
    pub(crate) dead: Queue,
    topic_arn: String,
    extra: Mutex<Vec<(String, Queue)>>,
}

/// Runs a test with queues of its own, named after this text.
pub(crate) async fn with_queues<F: Future<Output = ()>>(
    name: &str,
    receives_max: u32,
    test: impl FnOnce(std::sync::Arc<StockQueue>) -> F,
) {
    assert!(
        std::env::var_os("AWS_ENDPOINT_URL").is_some(),
        "AWS_ENDPOINT_URL is not set: run this with `cargo xtask test`"
    );
    let queues = std::sync::Arc::new(StockQueue::create(name, receives_max).await);
    // Caught, so that a test that fails leaves as little behind as one that passes.
    let result = AssertUnwindSafe(test(queues.clone())).catch_unwind().await;
    queues.delete().await;
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}

/// Attributes from pairs.
pub(crate) fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

impl StockQueue {
    async fn create(name: &str, receives_max: u32) -> Self {
        let config = aws::config().await.unwrap();
        let sqs = aws_sdk_sqs::Client::new(&config);
        let sns = aws_sdk_sns::Client::new(&config);
        let create = |name: String| sqs.create_queue().queue_name(name);
        let dead = create(format!("{name}-dead"))
            .attributes(QueueAttributeName::MessageRetentionPeriod, "1209600");
        let dead = dead.send().await.unwrap();
        let dead = Queue::new(&config, dead.queue_url.unwrap());
        let redrive = json!({
            "deadLetterTargetArn": dead.attributes().await.unwrap().arn,
            "maxReceiveCount": receives_max,
        });
        let created = create(format!("{name}-stock"))
            .attributes(QueueAttributeName::RedrivePolicy, redrive.to_string())
            .attributes(QueueAttributeName::MaximumMessageSize, "1048576");
        let queue = Queue::new(&config, created.send().await.unwrap().queue_url.unwrap());
        let topic = sns
            .create_topic()
            .name(format!("{name}-stock"))
            .send()
            .await
            .unwrap();
        let topic_arn = topic.topic_arn.unwrap();
        let arn = queue.attributes().await.unwrap().arn;
        let subscribe = sns
            .subscribe()
            .topic_arn(&topic_arn)
            .protocol("sqs")
            .endpoint(arn);
        subscribe.send().await.unwrap();
        Self {
            sqs,
            sns,
            queue,
            dead,
            topic_arn,
            extra: Mutex::default(),
        }
    }

    async fn delete(&self) {
        let _ = self
            .sns
            .delete_topic()
            .topic_arn(&self.topic_arn)
            .send()
            .await;
        let extra: Vec<_> = self.extra.lock().unwrap().drain(..).collect();
        for (topic_arn, queue) in extra {
            let _ = self.sns.delete_topic().topic_arn(topic_arn).send().await;
            let _ = self.sqs.delete_queue().queue_url(queue.url()).send().await;
        }
        for queue in [&self.queue, &self.dead] {
            let _ = self.sqs.delete_queue().queue_url(queue.url()).send().await;
        }
    }

    /// Lets the topic in, as the documents say.
    pub(crate) async fn admit_topic(&self) {
        let arn = self.queue.attributes().await.unwrap().arn;
        let statement = policy::statement(&self.topic_arn, &arn);
        let statement: Value = serde_json::from_str(&statement).unwrap();
        let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
        let what = QueueAttributeName::Policy;
        self.set(&self.queue, what, &policy.to_string()).await;
    }

    /// How long dead letters are kept, in seconds.
    pub(crate) async fn keep_dead_letters_for(&self, seconds: &str) {
        let what = QueueAttributeName::MessageRetentionPeriod;
        self.set(&self.dead, what, seconds).await;
    }

    /// Has SQS move dead letters on that were received three times.
    pub(crate) async fn move_dead_letters_to(&self, arn: &str) {
        let redrive = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": 3 });
        let what = QueueAttributeName::RedrivePolicy;
        self.set(&self.dead, what, &redrive.to_string()).await;
    }

    /// The queue that is read goes.
    pub(crate) async fn delete_queue(&self) {
        let delete = self.sqs.delete_queue().queue_url(self.queue.url());
        delete.send().await.unwrap();
    }

    /// The largest message that the queue takes, in bytes.
    pub(crate) async fn take_at_most(&self, bytes: &str) {
        let what = QueueAttributeName::MaximumMessageSize;
        self.set(&self.queue, what, bytes).await;
    }

    async fn set(&self, queue: &Queue, what: QueueAttributeName, value: &str) {
        let set = self.sqs.set_queue_attributes().queue_url(queue.url());
        set.attributes(what, value).send().await.unwrap();
    }

    /// ARN of the topic.
    pub(crate) fn topic_arn(&self) -> &str {
        &self.topic_arn
    }

    /// Publishes through the topic.
    pub(crate) async fn publish(&self, message: &str, attributes: &Attributes) {
        let mut publish = self
            .sns
            .publish()
            .topic_arn(&self.topic_arn)
            .message(message);
        for (key, value) in attributes {
            let value = aws_sdk_sns::types::MessageAttributeValue::builder()
                .data_type("String")
                .string_value(value)
                .build()
                .unwrap();
            publish = publish.message_attributes(key, value);
        }
        publish.send().await.unwrap();
    }

    /// Puts straight into the queue, counts as SQS numbers.
    pub(crate) async fn put(&self, body: &str, attributes: &Attributes) -> String {
        let mut send = self
            .sqs
            .send_message()
            .queue_url(self.queue.url())
            .message_body(body);
        for (key, value) in attributes {
            let number = value.parse::<f64>().is_ok();
            let value = MessageAttributeValue::builder()
                .data_type(if number { "Number" } else { "String" })
                .string_value(value)
                .build()
                .unwrap();
            send = send.message_attributes(key, value);
        }
        send.send().await.unwrap().message_id.unwrap()
    }

    /// Puts straight into the dead-letter queue.
    pub(crate) async fn bury(&self, body: &str) -> String {
        let id = self.dead.send(body, &Attributes::new()).await;
        id.unwrap()
    }

    /// A topic, and the queue that keeps what it is told. Both are deleted with the rest.
    pub(crate) async fn mailbox(&self) -> (String, Queue) {
        let name = self.topic_arn.rsplit(':').next().unwrap();
        let create = self.sns.create_topic().name(format!("{name}-ops"));
        let topic_arn = create.send().await.unwrap().topic_arn.unwrap();
        let create = self.sqs.create_queue().queue_name(format!("{name}-ops"));
        let url = create.send().await.unwrap().queue_url.unwrap();
        let mailbox = Queue::new(&aws::config().await.unwrap(), url);
        let arn = mailbox.attributes().await.unwrap().arn;
        let subscribe = self.sns.subscribe().topic_arn(&topic_arn);
        let subscribe = subscribe.protocol("sqs").endpoint(arn);
        subscribe.send().await.unwrap();
        self.extra
            .lock()
            .unwrap()
            .push((topic_arn.clone(), mailbox.clone()));
        (topic_arn, mailbox)
    }

    /// Depth and settings of the queue that is read.
    pub(crate) async fn state(&self) -> QueueAttributes {
        self.queue.attributes().await.unwrap()
    }

    /// Messages in the queue that is read, handed out or not.
    pub(crate) async fn depth(&self) -> u64 {
        let state = self.state().await;
        state.messages_visible + state.messages_in_flight
    }

    /// Messages in the dead-letter queue.
    pub(crate) async fn dead_letters(&self) -> u64 {
        self.dead.attributes().await.unwrap().messages_visible
    }
}
