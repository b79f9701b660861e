//! The subscriptions of a topic.

use crate::edge::aws::{self, AwsError};
use crate::edge::sns::Topic;

/// Pages of one list, of a hundred subscriptions each. The topic of a shop has a few.
const PAGES_MAX: usize = 10;

/// The subscriptions, or as many of them as were read.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) all: Vec<Subscription>,
    pub(super) is_complete: bool,
}

/// Who subscribes, and how.
#[derive(Debug)]
pub(super) struct Subscription {
    /// None until it was confirmed.
    pub(super) confirmed_arn: Option<String>,
    pub(super) protocol: String,
    /// For a queue its ARN.
    pub(super) endpoint: String,
}

/// What a subscription does with messages.
#[derive(Debug, Default)]
pub(super) struct Details {
    /// It delivers them without the envelope.
    pub(super) is_raw: bool,
    /// It delivers some of them only.
    pub(super) is_filtered: bool,
}

impl Subscription {
    pub(super) fn is(&self, protocol: &str) -> bool {
        self.protocol == protocol
    }
}

impl From<aws_sdk_sns::types::Subscription> for Subscription {
    fn from(subscription: aws_sdk_sns::types::Subscription) -> Self {
        // Until then SNS writes "PendingConfirmation" in its place.
        let arn = subscription.subscription_arn;
        Self {
            confirmed_arn: arn.filter(|arn| arn.starts_with("arn:")),
            protocol: subscription.protocol.unwrap_or_default(),
            endpoint: subscription.endpoint.unwrap_or_default(),
        }
    }
}

impl Topic {
    /// # Errors
    /// [`AwsError`].
    pub(super) async fn list_subscriptions(&self) -> Result<Listed, AwsError> {
        let (mut all, mut next) = (Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let listing = self.client.list_subscriptions_by_topic();
            let listing = listing.topic_arn(&self.arn).set_next_token(next);
            let page = listing.send().await;
            let page = page.map_err(|error| aws::failure(&error))?;
            let subscriptions = page.subscriptions.unwrap_or_default();
            all.extend(subscriptions.into_iter().map(Subscription::from));
            next = page.next_token;
            if next.is_none() {
                return Ok(Listed {
                    all,
                    is_complete: true,
                });
            }
        }
        Ok(Listed {
            all,
            is_complete: false,
        })
    }

    /// # Errors
    /// [`AwsError`].
    pub(super) async fn subscription_details(&self, arn: &str) -> Result<Details, AwsError> {
        let asking = self.client.get_subscription_attributes();
        let answer = asking.subscription_arn(arn).send().await;
        let answer = answer.map_err(|error| aws::failure(&error))?;
        let attributes = answer.attributes.unwrap_or_default();
        let text = |name: &str| attributes.get(name).map_or("", String::as_str);
        Ok(Details {
            is_raw: text("RawMessageDelivery") == "true",
            is_filtered: !matches!(text("FilterPolicy"), "" | "{}"),
        })
    }
}
