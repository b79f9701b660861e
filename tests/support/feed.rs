//! A topic and the queue that it feeds, of one test's own and of any shape, with a mailbox of
//! the operations team; gone afterwards.
#![allow(dead_code, reason = "each test file uses its part of it")]

use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use futures::FutureExt;
use restock_operator::domain::message::{Envelope, Identity};
use restock_operator::edge::aws;
use restock_operator::edge::mapping::Mapping;
use restock_operator::edge::sqs::{Queue, Received, policy};
use serde_json::{Value, json};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How long a queue that seems to be empty is listened to.
const QUIET: Duration = Duration::from_secs(2);

/// How the topic feeds its queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) fifo: bool,
    pub(crate) raw: bool,
    pub(crate) subscribed: bool,
    pub(crate) admitted: bool,
}

/// As docs/install-eks.md makes it.
pub(crate) const DOCUMENTED: Shape = Shape {
    fifo: false,
    raw: false,
    subscribed: true,
    admitted: true,
};

/// The topic, its queue and the mailbox.
pub(crate) struct Feed {
    sqs: aws_sdk_sqs::Client,
    sns: aws_sdk_sns::Client,
    shape: Shape,
    pub(crate) topic_arn: String,
    pub(crate) queue: Queue,
    pub(crate) queue_arn: String,
    pub(crate) ops_topic_arn: String,
    pub(crate) mailbox: Queue,
}

/// What arrived, as our own parser reads it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arrived {
    pub(crate) event_id: String,
    pub(crate) request_id: String,
    pub(crate) product: String,
    pub(crate) quantity: Option<u32>,
}

/// Runs a test with a feed of its own.
pub(crate) async fn with_feed<F: Future<Output = ()>>(
    shape: Shape,
    test: impl FnOnce(Arc<Feed>) -> F,
) {
    assert!(
        std::env::var_os("AWS_ENDPOINT_URL").is_some(),
        "AWS_ENDPOINT_URL is not set: run this with `cargo xtask test`"
    );
    let feed = Arc::new(Feed::create(shape).await);
    // Caught, so that a test that fails leaves as little behind as one that passes.
    let result = AssertUnwindSafe(test(feed.clone())).catch_unwind().await;
    feed.delete().await;
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}

impl Feed {
    async fn create(shape: Shape) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("restock-test-feed-{}-{number}", std::process::id());
        let config = aws::config().await.unwrap();
        let sqs = aws_sdk_sqs::Client::new(&config);
        let sns = aws_sdk_sns::Client::new(&config);
        let (topic_arn, queue) = made(&sqs, &sns, &name, shape.fifo).await;
        let (ops_topic_arn, mailbox) = made(&sqs, &sns, &format!("{name}-ops"), false).await;
        let queue_arn = queue.attributes().await.unwrap().arn;
        let feed = Self {
            sqs,
            sns,
            shape,
            topic_arn,
            queue,
            queue_arn,
            ops_topic_arn,
            mailbox,
        };
        let mailbox_arn = feed.mailbox.attributes().await.unwrap().arn;
        feed.subscribe_queue(&feed.ops_topic_arn, mailbox_arn, false)
            .await;
        if shape.subscribed {
            feed.subscribe().await;
        }
        if shape.admitted {
            feed.admit().await;
        }
        feed
    }

    async fn delete(&self) {
        for topic_arn in [&self.topic_arn, &self.ops_topic_arn] {
            let _ = self.sns.delete_topic().topic_arn(topic_arn).send().await;
        }
        for queue in [&self.queue, &self.mailbox] {
            let _ = self.sqs.delete_queue().queue_url(queue.url()).send().await;
        }
    }

    /// Has the queue fed from now on.
    pub(crate) async fn subscribe(&self) {
        let (topic, queue) = (&self.topic_arn, self.queue_arn.clone());
        self.subscribe_queue(topic, queue, self.shape.raw).await;
    }

    /// Has the topic feed the mailbox too, which does not let it in. The local AWS looks at no
    /// policy: what is published would be there.
    pub(crate) async fn subscribe_mailbox(&self) -> String {
        let arn = self.mailbox.attributes().await.unwrap().arn;
        self.subscribe_queue(&self.topic_arn, arn.clone(), false)
            .await;
        arn
    }

    async fn subscribe_queue(&self, topic_arn: &str, queue_arn: String, raw: bool) {
        let subscribe = self.sns.subscribe().topic_arn(topic_arn).protocol("sqs");
        let subscribe = subscribe.endpoint(queue_arn);
        let subscribe = subscribe.attributes("RawMessageDelivery", raw.to_string());
        subscribe.send().await.unwrap();
    }

    /// From now on the topic feeds the queue with some of its messages only.
    pub(crate) async fn filter(&self) {
        let list = self.sns.list_subscriptions_by_topic();
        let list = list.topic_arn(&self.topic_arn).send().await.unwrap();
        let arn = list.subscriptions()[0].subscription_arn().unwrap();
        let set = self.sns.set_subscription_attributes().subscription_arn(arn);
        let set = set.attribute_name("FilterPolicy");
        let set = set.attribute_value(r#"{"MessageAttributeRequester":["nobody"]}"#);
        set.send().await.unwrap();
    }

    /// The queue goes, and its subscription stays.
    pub(crate) async fn delete_queue(&self) {
        let delete = self.sqs.delete_queue().queue_url(self.queue.url());
        delete.send().await.unwrap();
    }

    /// Nothing feeds the queue any more.
    pub(crate) async fn unsubscribe(&self) {
        let list = self.sns.list_subscriptions_by_topic();
        let list = list.topic_arn(&self.topic_arn).send().await.unwrap();
        for subscription in list.subscriptions() {
            let arn = subscription.subscription_arn().unwrap();
            let end = self.sns.unsubscribe().subscription_arn(arn);
            end.send().await.unwrap();
        }
    }

    /// Lets the topic send to the queue.
    pub(crate) async fn admit(&self) {
        let statement = policy::statement(&self.topic_arn, &self.queue_arn);
        let statement: Value = serde_json::from_str(&statement).unwrap();
        let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
        let set = self.sqs.set_queue_attributes().queue_url(self.queue.url());
        let set = set.attributes(QueueAttributeName::Policy, policy.to_string());
        set.send().await.unwrap();
    }

    /// Takes what is in the queue until it has been quiet for a while, as ingest would read it.
    pub(crate) async fn arrived(&self) -> Vec<Arrived> {
        let mut arrived = Vec::new();
        for message in take_all(&self.queue).await {
            let envelope = Envelope::open(&message.body, &message.attributes, None).unwrap();
            let identity = Identity::of(&envelope, &self.queue_arn, &message.message_id).unwrap();
            let wanted = Mapping::common_shop().wanted(&envelope).unwrap();
            arrived.push(Arrived {
                event_id: identity.event.to_string(),
                request_id: identity.request_id().to_string(),
                product: wanted.product_id.to_string(),
                quantity: wanted.quantity.map(|quantity| quantity.get()),
            });
        }
        arrived
    }

    /// Takes what the operations team was told until then: subjects and texts.
    pub(crate) async fn notices(&self) -> Vec<String> {
        let letters = take_all(&self.mailbox).await.into_iter();
        let text = |letter: Received| {
            let letter: Value = serde_json::from_str(&letter.body).unwrap();
            let words = ["Subject", "Message"].map(|key| letter[key].as_str().unwrap().to_owned());
            words.join("\n")
        };
        letters.map(text).collect()
    }

    /// The message groups of what is in a FIFO queue.
    pub(crate) async fn groups(&self) -> Vec<String> {
        let receive = self.sqs.receive_message().queue_url(self.queue.url());
        let receive = receive.max_number_of_messages(10).visibility_timeout(0);
        let receive = receive.message_system_attribute_names(MessageSystemAttributeName::All);
        let answer = receive.send().await.unwrap();
        let name = MessageSystemAttributeName::MessageGroupId;
        let group = |message: &aws_sdk_sqs::types::Message| {
            let attributes = message.attributes.as_ref();
            attributes.unwrap()[&name].clone()
        };
        answer.messages().iter().map(group).collect()
    }
}

async fn made(
    sqs: &aws_sdk_sqs::Client,
    sns: &aws_sdk_sns::Client,
    name: &str,
    fifo: bool,
) -> (String, Queue) {
    let name = format!("{name}{}", if fifo { ".fifo" } else { "" });
    let (mut topic, mut queue) = (
        sns.create_topic().name(&name),
        sqs.create_queue().queue_name(&name),
    );
    if fifo {
        topic = topic.attributes("FifoTopic", "true");
        queue = queue.attributes(QueueAttributeName::FifoQueue, "true");
    }
    let topic_arn = topic.send().await.unwrap().topic_arn.unwrap();
    let url = queue.send().await.unwrap().queue_url.unwrap();
    (topic_arn, Queue::new(&aws::config().await.unwrap(), url))
}

async fn take_all(queue: &Queue) -> Vec<Received> {
    let mut all = Vec::new();
    loop {
        let some = queue.receive(10, QUIET, None).await.unwrap();
        if some.is_empty() {
            return all;
        }
        let receipts: Vec<&str> = some.iter().map(|one| one.receipt.as_str()).collect();
        queue.delete_batch(&receipts).await.unwrap();
        all.extend(some);
    }
}
