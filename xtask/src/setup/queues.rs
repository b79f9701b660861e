//! SQS queues: made if missing, their attributes set in either case.

use std::collections::HashMap;

use anyhow::{Context, Result};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::json;

/// Below 5, an outage of a few seconds could turn a good message into a dead letter.
const RECEIVES_MAX: u32 = 5;
/// A parked callback comes back until its product's row is free: with back-offs of up to
/// a quarter of an hour this lasts for almost a day, where 5 would last a minute.
const RECEIVES_MAX_LONGEST: u32 = 100;
const RETENTION_SECONDS: &str = "345600";
/// 14 days, the longest that SQS keeps anything.
const RETENTION_SECONDS_MAX: &str = "1209600";
const MESSAGE_BYTES_MAX: &str = "1048576";

/// A queue as it should be.
pub(crate) struct Queue {
    name: &'static str,
    topic_arn: Option<String>,
    dead_letter_arn: Option<String>,
    kept_longest: bool,
}

/// A queue as it is.
pub(crate) struct Found {
    pub(crate) url: String,
    pub(crate) arn: String,
}

impl Queue {
    /// Without a source and a dead-letter queue: one that ends a way, and so keeps longest.
    pub(crate) fn named(name: &'static str) -> Self {
        Self {
            name,
            topic_arn: None,
            dead_letter_arn: None,
            kept_longest: true,
        }
    }

    /// The topic may send to it. On AWS, a subscription without this delivers nothing, silently.
    pub(crate) fn fed_by(mut self, topic_arn: &str) -> Self {
        self.topic_arn = Some(topic_arn.to_owned());
        self
    }

    /// What was received too often goes there. Kept for less long than there,
    /// because SQS counts the age of a dead letter from its first arrival.
    pub(crate) fn failing_to(mut self, dead_letter_arn: &str) -> Self {
        self.dead_letter_arn = Some(dead_letter_arn.to_owned());
        self.kept_longest = false;
        self
    }

    /// Kept for 14 days all the same.
    pub(crate) fn kept_longest(mut self) -> Self {
        self.kept_longest = true;
        self
    }

    fn receives_max(&self) -> u32 {
        if self.kept_longest {
            RECEIVES_MAX_LONGEST
        } else {
            RECEIVES_MAX
        }
    }

    fn attributes(&self, arn: &str) -> HashMap<QueueAttributeName, String> {
        let retention = if self.kept_longest {
            RETENTION_SECONDS_MAX
        } else {
            RETENTION_SECONDS
        };
        let mut attributes = HashMap::from([
            (
                QueueAttributeName::MessageRetentionPeriod,
                retention.to_owned(),
            ),
            (
                QueueAttributeName::MaximumMessageSize,
                MESSAGE_BYTES_MAX.to_owned(),
            ),
            (QueueAttributeName::SqsManagedSseEnabled, "true".to_owned()),
        ]);
        if let Some(target) = &self.dead_letter_arn {
            let policy =
                json!({"deadLetterTargetArn": target, "maxReceiveCount": self.receives_max()});
            attributes.insert(QueueAttributeName::RedrivePolicy, policy.to_string());
        }
        if let Some(topic) = &self.topic_arn {
            let policy = json!({
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": arn,
                    "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
                }],
            });
            attributes.insert(QueueAttributeName::Policy, policy.to_string());
        }
        attributes
    }
}

/// Makes the queue as it should be. Its attributes are set afterwards: a
/// CreateQueue with other attributes than those it has would be refused.
pub(crate) async fn ensure(sqs: &Client, queue: &Queue) -> Result<Found> {
    let name = queue.name;
    let made = sqs.create_queue().queue_name(name).send().await;
    // It may be there with other attributes; what matters is whether it is there.
    let url = match made.map(|made| made.queue_url) {
        Ok(Some(url)) => url,
        _ => url(sqs, name).await?,
    };
    let arn = arn(sqs, &url).await?;
    let set = sqs.set_queue_attributes().queue_url(&url);
    let set = set
        .set_attributes(Some(queue.attributes(&arn)))
        .send()
        .await;
    set.with_context(|| format!("cannot set the attributes of the queue {name}"))?;
    Ok(Found { url, arn })
}

async fn url(sqs: &Client, name: &str) -> Result<String> {
    let found = sqs.get_queue_url().queue_name(name).send().await;
    let found = found.with_context(|| format!("cannot make or find the queue {name}"))?;
    found
        .queue_url
        .with_context(|| format!("the queue {name} has no URL"))
}

async fn arn(sqs: &Client, url: &str) -> Result<String> {
    let name = QueueAttributeName::QueueArn;
    let read = sqs
        .get_queue_attributes()
        .queue_url(url)
        .attribute_names(name.clone());
    let read = read
        .send()
        .await
        .with_context(|| format!("cannot read the queue {url}"))?;
    let arn = read
        .attributes
        .and_then(|mut attributes| attributes.remove(&name));
    arn.with_context(|| format!("the queue {url} has no ARN"))
}
