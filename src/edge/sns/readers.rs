//! Who would receive what is published. SNS takes a message without any subscription, and one
//! whose queue does not let it in, and nobody ever hears of either.

mod subscriptions;

use super::Topic;
use crate::edge::aws::AwsError;
use crate::edge::sqs::policy::{self, Admission};
use crate::edge::sqs::{Arn, Queue};
use aws_config::SdkConfig;
use subscriptions::Subscription;

/// Queues of one topic that are looked at, each with three calls. A shop has one or two.
const QUEUES_MAX: usize = 10;

/// Protocols that end at a person: no request is ever made of what goes there alone.
const OF_PEOPLE: [&str; 4] = ["email", "email-json", "sms", "application"];

/// Who would receive what is published to a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readers {
    /// This queue, for certain; the first by its ARN, so that every process finds the same one.
    Queue {
        /// Its ARN.
        queue_arn: String,
        /// What its reader takes for the source of an event: the topic, or, with raw delivery,
        /// the queue itself.
        source_arn: String,
        /// What is wrong with others that subscribe and for certain receive nothing, and what to
        /// do: one of them may be the one that requests are made of.
        shut_out: Option<String>,
    },
    /// Perhaps somebody: it cannot be known for certain.
    Perhaps {
        /// As far as it is known, as above; else the topic.
        source_arn: String,
        /// What is not known, and what would help.
        why: String,
    },
    /// Nobody, for certain.
    Nobody {
        /// What is wrong, and what to do.
        to_do: String,
    },
}

/// Looks at the topic's subscriptions, and at their queues.
///
/// # Errors
/// [`AwsError`] if it could not be found out now. A refusal is an answer: [`Readers::Perhaps`].
pub async fn readers(config: &SdkConfig, topic: &Topic) -> Result<Readers, AwsError> {
    let listed = match topic.list_subscriptions().await {
        Ok(listed) => listed,
        Err(AwsError::Gone(_)) => return Ok(nobody(format!("{} does not exist", topic.arn))),
        Err(why) => {
            let right = "sns:ListSubscriptionsByTopic on it";
            return Ok(topic.perhaps(not_allowed(&topic.arn, right, why)?));
        }
    };
    let mut queues: Vec<&Subscription> = listed.all.iter().filter(|one| one.is("sqs")).collect();
    queues.sort_by_key(|one| &one.endpoint);
    let mut found = Vec::new();
    for subscription in queues.iter().take(QUEUES_MAX) {
        found.push(look(config, topic, subscription).await?);
    }
    let mut others = listed.all.iter().filter(|one| !one.is("sqs"));
    if let Some(other) = others.find(|one| !OF_PEOPLE.iter().any(|protocol| one.is(protocol))) {
        let (protocol, endpoint) = (&other.protocol, &other.endpoint);
        let why = format!("{protocol} {endpoint} receives it: whether a queue does is not known");
        found.push(topic.perhaps(why));
    }
    if !listed.is_complete || queues.len() > QUEUES_MAX {
        found.push(topic.perhaps("it has too many subscriptions to look at all".to_owned()));
    }
    Ok(likeliest(found, topic))
}

/// What is received goes before what may be, and that before what is not.
fn likeliest(found: Vec<Readers>, topic: &Topic) -> Readers {
    let (mut queue, mut perhaps, mut to_dos) = (None, None, Vec::new());
    for one in found {
        match one {
            Readers::Queue { .. } => queue = queue.or(Some(one)),
            Readers::Perhaps { .. } => perhaps = perhaps.or(Some(one)),
            Readers::Nobody { to_do } => to_dos.push(to_do),
        }
    }
    if let Some(Readers::Queue { shut_out, .. }) = &mut queue {
        *shut_out = (!to_dos.is_empty()).then(|| to_dos.join("; "));
    }
    if let Some(likely) = queue.or(perhaps) {
        return likely;
    }
    if to_dos.is_empty() {
        let arn = &topic.arn;
        return nobody(format!(
            "no queue subscribes to {arn}: aws sns subscribe --topic-arn {arn} --protocol sqs \
             --notification-endpoint QUEUE_ARN"
        ));
    }
    nobody(to_dos.join("; "))
}

fn nobody(to_do: String) -> Readers {
    Readers::Nobody { to_do }
}

async fn look(
    config: &SdkConfig,
    topic: &Topic,
    subscription: &Subscription,
) -> Result<Readers, AwsError> {
    let queue_arn = &subscription.endpoint;
    let Some(arn) = &subscription.confirmed_arn else {
        let to_do = format!("the subscription of {queue_arn} was never confirmed: confirm it");
        return Ok(nobody(to_do));
    };
    let (details, unknown) = match topic.subscription_details(arn).await {
        Ok(details) => (details, None),
        Err(why) => {
            let right = "sns:GetSubscriptionAttributes (on *, SNS knows no less)";
            (Default::default(), Some(not_allowed(arn, right, why)?))
        }
    };
    let source_arn = if details.is_raw {
        queue_arn
    } else {
        &topic.arn
    };
    let filtered = details.is_filtered.then(|| {
        format!("the subscription of {queue_arn} has a filter policy, which is not judged here")
    });
    let (admission, said) = admission(config, queue_arn, &topic.arn).await?;
    let doubt = unknown.or(filtered);
    Ok(match (admission, doubt) {
        (Admission::No, _) => nobody(said),
        (Admission::Yes, None) => Readers::Queue {
            queue_arn: queue_arn.clone(),
            source_arn: source_arn.clone(),
            shut_out: None,
        },
        (_, doubt) => Readers::Perhaps {
            source_arn: source_arn.clone(),
            why: doubt.unwrap_or(said),
        },
    })
}

/// Whether the queue lets the topic in, and if that is not certain, what is in the way.
async fn admission(
    config: &SdkConfig,
    queue_arn: &str,
    topic_arn: &str,
) -> Result<(Admission, String), AwsError> {
    let Some(arn) = Arn::of(queue_arn) else {
        return Ok((Admission::Unclear, format!("{queue_arn} is no queue's ARN")));
    };
    let asking = async { Queue::named(config, arn).await?.attributes().await };
    let rights = "sqs:GetQueueUrl and sqs:GetQueueAttributes on it";
    let attributes = match asking.await {
        Ok(attributes) => attributes,
        // To strangers of another account every queue seems to be gone.
        Err(AwsError::Gone(_))
            if Arn::of(topic_arn).is_some_and(|of| of.account == arn.account) =>
        {
            let to_do = format!(
                "{queue_arn} subscribes and does not exist: create it, or, if it is there, \
                 allow {rights} to this identity"
            );
            return Ok((Admission::No, to_do));
        }
        Err(why) => {
            return Ok((Admission::Unclear, not_allowed(queue_arn, rights, why)?));
        }
    };
    let admission = policy::admission(attributes.policy.as_deref(), queue_arn, topic_arn);
    let said = match (admission, attributes.kms_key) {
        (Admission::Yes, Some(key)) => {
            return Ok((Admission::Unclear, key_in_doubt(queue_arn, &key)));
        }
        (Admission::Yes, None) => String::new(),
        (Admission::No, _) => format!(
            "the policy of {queue_arn} does not let the topic send: add this statement to it: {}",
            policy::statement(topic_arn, queue_arn)
        ),
        (Admission::Unclear, _) => {
            format!("the policy of {queue_arn} has conditions that are not judged here")
        }
    };
    Ok((admission, said))
}

/// The other silent loss: a key whose policy does not know SNS (AWS: SNS, subscribing an
/// encrypted queue). The policies of keys are not read here.
fn key_in_doubt(queue_arn: &str, key: &str) -> String {
    format!(
        "{queue_arn} is encrypted by the KMS key {key}: its policy must allow sns.amazonaws.com \
         kms:GenerateDataKey* and kms:Decrypt, which is not judged here"
    )
}

/// In words that this identity may not ask.
///
/// # Errors
/// What may be over soon: then it is worth to ask again.
fn not_allowed(what: &str, right: &str, why: AwsError) -> Result<String, AwsError> {
    match why {
        AwsError::Throttled(_) | AwsError::Unavailable(_) => Err(why),
        why => Ok(format!(
            "{what} cannot be looked at ({why}): allow {right} to this identity"
        )),
    }
}

impl Topic {
    fn perhaps(&self, why: String) -> Readers {
        Readers::Perhaps {
            source_arn: self.arn.clone(),
            why,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_config::BehaviorVersion;

    #[test]
    fn who_may_receive_goes_before_who_does_not() {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .build();
        let topic = Topic::new(&config, "arn:aws:sns:eu-west-1:1:stock");
        let found = vec![
            nobody("one".to_owned()),
            topic.perhaps("two".to_owned()),
            topic.perhaps("three".to_owned()),
        ];
        assert_eq!(likeliest(found, &topic), topic.perhaps("two".to_owned()));
        let queue = |name: &str, shut_out: Option<&str>| Readers::Queue {
            queue_arn: name.to_owned(),
            source_arn: topic.arn.clone(),
            shut_out: shut_out.map(str::to_owned),
        };
        let found = vec![
            topic.perhaps("one".to_owned()),
            queue("two", None),
            nobody("three".to_owned()),
            queue("four", None),
            nobody("five".to_owned()),
        ];
        let likely = queue("two", Some("three; five"));
        assert_eq!(likeliest(found, &topic), likely);
        let found = vec![nobody("one".to_owned()), nobody("two".to_owned())];
        assert_eq!(likeliest(found, &topic), nobody("one; two".to_owned()));
        let Readers::Nobody { to_do } = likeliest(Vec::new(), &topic) else {
            panic!("nobody subscribes");
        };
        assert!(to_do.contains("aws sns subscribe --topic-arn arn:aws:sns:eu-west-1:1:stock"));
    }
}
