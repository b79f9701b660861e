//! Whether a queue and the queue of its dead letters fit together.

use super::QueueAttributes;
use std::time::Duration;

/// What SQS tells nobody, it uses: four days.
pub const RETENTION_DEFAULT: Duration = Duration::from_secs(4 * 24 * 60 * 60);

/// The longest that SQS keeps anything: 14 days.
const RETENTION_MAX: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// What is wrong, with what to set; empty if nothing is.
pub fn problems(queue: &QueueAttributes, dead: &QueueAttributes) -> Vec<String> {
    let target = queue.redrive.as_ref().map(|redrive| &redrive.target_arn);
    let elsewhere = match target {
        Some(arn) if *arn == dead.arn => None,
        Some(arn) => Some(format!(
            "its dead letters go to {arn}, and RESTOCK_DLQ_URL is {}: nobody would be told",
            dead.arn
        )),
        None => Some(format!(
            "the queue has no redrive policy, so no letter ever comes here: name {} in one",
            dead.arn
        )),
    };
    elsewhere
        .into_iter()
        .chain(retention(queue, dead))
        .chain(eats(dead))
        .collect()
}

/// That the dead-letter queue has a dead-letter queue of its own, if so: to look at a letter is to
/// receive it, and after so many times SQS moves it on (SQS developer guide, dead-letter queues).
pub fn eats(dead: &QueueAttributes) -> Option<String> {
    let redrive = dead.redrive.as_ref()?;
    Some(format!(
        "it has a redrive policy of its own, and would lose to {} whatever is looked at: take \
         that away, by `aws sqs set-queue-attributes --queue-url URL --attributes \
         '{{\"RedrivePolicy\": \"\"}}'`",
        redrive.target_arn
    ))
}

/// A message keeps its age when it becomes a dead letter, so it is kept there for what its
/// retention is longer than that of the queue. In a FIFO queue its age begins anew (SQS
/// developer guide, dead-letter queues and message retention).
fn retention(queue: &QueueAttributes, dead: &QueueAttributes) -> Option<String> {
    let kept = |queue: &QueueAttributes| queue.retention.unwrap_or(RETENTION_DEFAULT);
    let (before, after) = (kept(queue), kept(dead));
    if after > before || dead.is_fifo() {
        return None;
    }
    let (whose, setting) = match after < RETENTION_MAX {
        true => ("the dead-letter queue", RETENTION_MAX),
        false => ("the queue", RETENTION_DEFAULT),
    };
    Some(format!(
        "kept for {} h, messages of the queue for {} h: a dead letter could be gone before \
         anybody sees it; set MessageRetentionPeriod of {whose} to {}",
        after.as_secs() / 3600,
        before.as_secs() / 3600,
        setting.as_secs(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::sqs::Redrive;
    use aws_sdk_sqs::types::QueueAttributeName;
    use std::collections::HashMap;

    fn named(name: &str, days: u64) -> QueueAttributes {
        let arn = format!("arn:aws:sqs:eu-west-1:1:{name}");
        let all = HashMap::from([(QueueAttributeName::QueueArn, arn)]);
        QueueAttributes {
            retention: Some(Duration::from_secs(days * 24 * 60 * 60)),
            ..QueueAttributes::read(&all).unwrap()
        }
    }

    #[test]
    fn dead_letters_are_kept_for_longer_than_messages() {
        let problem = |before, after| retention(&named("stock", before), &named("dead", after));
        assert_eq!(problem(4, 14), None);
        let to_raise = "set MessageRetentionPeriod of the dead-letter queue to 1209600";
        for days in [4, 3] {
            assert!(problem(4, days).unwrap().contains(to_raise));
        }
        let to_lower = "set MessageRetentionPeriod of the queue to 345600";
        assert!(problem(14, 14).unwrap().contains(to_lower));
        let (stock, dead) = (named("stock.fifo", 4), named("dead.fifo", 4));
        assert_eq!(retention(&stock, &dead), None);
    }

    #[test]
    fn the_queue_that_is_watched_is_that_of_its_dead_letters() {
        let mut queue = named("stock", 4);
        queue.redrive = Some(Redrive {
            target_arn: named("dead", 14).arn,
            receives_max: 5,
        });
        assert!(problems(&queue, &named("dead", 14)).is_empty());
        let other = problems(&queue, &named("other", 14));
        assert!(other[0].contains("nobody would be told"), "{other:?}");
        let mut lossy = named("dead", 14);
        lossy.redrive = Some(Redrive {
            target_arn: named("attic", 14).arn,
            receives_max: 5,
        });
        let said = problems(&queue, &lossy).join("; ");
        assert!(
            said.contains("would lose to arn:aws:sqs:eu-west-1:1:attic"),
            "{said}"
        );
        assert!(
            said.contains(r#"--attributes '{"RedrivePolicy": ""}'`"#),
            "{said}"
        );
        queue.redrive = None;
        let none = problems(&queue, &named("dead", 14));
        assert!(
            none[0].contains("name arn:aws:sqs:eu-west-1:1:dead"),
            "{none:?}"
        );
    }
}
