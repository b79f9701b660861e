//! The queues: whether nothing can get lost in them, and whether the topic may feed them.

use super::Args;
use super::Role;
use super::inbox;
use super::report::Report;
use crate::edge::aws::{self, AwsError};
use crate::edge::sqs::policy::{self, Admission};
use crate::edge::sqs::{Queue, QueueAttributes, pairing};
use aws_config::SdkConfig;

/// Below this an outage of the API server of a few receives kills good messages; above it
/// a bad message is in the way for long.
const RECEIVES_MIN: u32 = 5;
const RECEIVES_MAX: u32 = 10;

/// A queue, as the settings name it.
struct Named<'a> {
    what: &'static str,
    variable: &'static str,
    url: Option<&'a String>,
    users: &'static [Role],
}

pub(super) async fn check(args: &Args, report: &mut Report) {
    let config = match aws::config().await {
        Ok(config) => config,
        Err(why) => return report.bad("queues", why),
    };
    let named = |what, variable, url, users| Named {
        what,
        variable,
        url: Option::as_ref(url),
        users,
    };
    let queue = named(
        "queue",
        "RESTOCK_QUEUE_URL",
        &args.queue_url,
        &[Role::Ingest, Role::Dlq],
    );
    let dead = named(
        "dead letters",
        "RESTOCK_DLQ_URL",
        &args.dlq_url,
        &[Role::Dlq],
    );
    let inbox = named(
        "inbox",
        "RESTOCK_INBOX_URL",
        &args.inbox_url,
        &[Role::Receiver],
    );
    let queue = read(args, &config, queue, report).await;
    let dead = read(args, &config, dead, report).await;
    let inbox = read(args, &config, inbox, report).await;
    if let Some(queue) = &queue {
        let problems = redrive(queue);
        report.all(
            "queue",
            problems,
            "messages that nobody can read become dead letters",
        );
        feed(args, queue, report);
    }
    if let (Some(queue), Some(dead)) = (&queue, &dead) {
        report.all(
            "dead letters",
            pairing::problems(queue, dead),
            "come from the queue, and are kept for longer than its messages",
        );
    }
    if let Some(inbox) = &inbox {
        inbox::check(inbox, report);
    }
}

/// What the queue says of itself, if it is to be looked at and answers.
async fn read(
    args: &Args,
    config: &SdkConfig,
    named: Named<'_>,
    report: &mut Report,
) -> Option<QueueAttributes> {
    let (what, variable) = (named.what, named.variable);
    if !args.concern(named.users) {
        return None;
    }
    let Some(url) = named.url.filter(|url| !url.trim().is_empty()) else {
        report.bad(what, format!("not named: set {variable}"));
        return None;
    };
    match Queue::new(config, url).attributes().await {
        Ok(attributes) => Some(attributes),
        Err(why) => {
            let to_do = match why {
                AwsError::Gone(_) => format!("create it, or correct {variable}"),
                AwsError::Denied(_) => "allow sqs:GetQueueAttributes to this identity".to_owned(),
                _ => "try again, and look at network and credentials".to_owned(),
            };
            report.bad(what, format!("{why}: {to_do}"));
            None
        }
    }
}

fn redrive(queue: &QueueAttributes) -> Vec<String> {
    let Some(redrive) = &queue.redrive else {
        return vec![format!(
            "no redrive policy: name a dead-letter queue, with maxReceiveCount {RECEIVES_MIN} \
             to {RECEIVES_MAX}; until then a bad message stays for ever"
        )];
    };
    let mut problems = Vec::new();
    if redrive.receives_max < RECEIVES_MIN {
        problems.push(format!(
            "maxReceiveCount is {}: set it to {RECEIVES_MIN} to {RECEIVES_MAX}, or a short \
             outage makes dead letters of good messages",
            redrive.receives_max
        ));
    }
    problems
}

fn feed(args: &Args, queue: &QueueAttributes, report: &mut Report) {
    let topic_arn = args.ops.topic_arn.as_deref();
    let Some(topic_arn) = topic_arn.filter(|arn| !arn.trim().is_empty()) else {
        // No role needs to know the topic that feeds its queue; of those of a release, one says so.
        if args.concern(&[Role::Dlq]) {
            report.weak(
                "topic",
                "not named, and so it is not checked whether the queue's policy lets it send: \
                 set RESTOCK_TOPIC_ARN (stockTopicArn of the chart), if a topic feeds the queue",
            );
        }
        return;
    };
    match policy::admission(queue.policy.as_deref(), &queue.arn, topic_arn) {
        Admission::Yes => report.good("topic", format!("{topic_arn} may send to the queue")),
        Admission::Unclear => report.weak(
            "topic",
            format!(
                "the queue's policy has conditions that are not judged here: try whether what \
                 is published to {topic_arn} arrives"
            ),
        ),
        Admission::No => report.bad(
            "topic",
            format!(
                "the queue's policy does not let {topic_arn} send, so nothing arrives, \
                 silently: add this statement to it: {}",
                policy::statement(topic_arn, &queue.arn)
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::sqs::Redrive;

    fn queue(receives_max: Option<u32>) -> QueueAttributes {
        QueueAttributes {
            arn: "arn:aws:sqs:eu-west-1:1:stock".to_owned(),
            messages_visible: 0,
            messages_in_flight: 0,
            messages_delayed: 0,
            redrive: receives_max.map(|receives_max| Redrive {
                target_arn: "arn:aws:sqs:eu-west-1:1:dead".to_owned(),
                receives_max,
            }),
            policy: None,
            retention: None,
            visibility: None,
            message_bytes_max: None,
            kms_key: None,
            encrypted: true,
        }
    }

    #[test]
    fn a_queue_needs_a_patient_redrive_policy() {
        assert!(redrive(&queue(Some(5))).is_empty());
        assert!(redrive(&queue(None))[0].contains("no redrive policy"));
        assert!(redrive(&queue(Some(4)))[0].contains("maxReceiveCount is 4"));
    }
}
