//! A copy to the queue, and only then the original away: whoever is killed in between leaves
//! both, and the second one that ingest reads is the same request.

use crate::domain::message::{EVENT_ID, IdentityKind};
use crate::edge::aws::AwsError;
use crate::plugin::dead_letters::choice::Plan;
use crate::plugin::dead_letters::one_by_one::{self, Acted, Done};
use crate::plugin::dead_letters::queues::{Queues, failure};
use crate::plugin::dead_letters::report::{Outcome, Report};
use crate::plugin::dead_letters::scan::Found;
use crate::plugin::failure::Failure;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// What letters are afterwards.
const SENT_BACK: Done = Done {
    outcome: Outcome::SentBack,
    words: "sent back",
};

/// Sends those of the plan that are still there.
pub(super) async fn run(
    queues: &Queues,
    plan: Plan,
    per_second: u32,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / per_second);
    // What was late is not made up for: the pace is a promise to whoever reads the queue.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let each = async |found: &Found| {
        ticks.tick().await;
        send(queues, found).await
    };
    one_by_one::each(queues, plan, SENT_BACK, report, each).await
}

async fn send(queues: &Queues, found: &Found) -> Result<Acted, Failure> {
    let id = found.id();
    let source = found.whole.message.dead_letter_source_arn.as_deref();
    if let Some(why) = stranger(id, source, &queues.queue_arn) {
        return Ok(Acted::Stays(why));
    }
    // What only SQS named keeps the name by which ingest may know it already.
    let keeps = found.death.identity == Some(IdentityKind::Sqs);
    let sent = queues
        .queue
        .send_copy(&found.whole, keeps.then_some((EVENT_ID, id)));
    if let Err(why) = sent.await {
        let doing = format!("send {id} to {}", queues.queue.url());
        let failed = failure(&doing, "sqs:SendMessage on that queue", &why);
        return match why {
            AwsError::Refused(_) => Ok(Acted::Stays(failed)),
            _ => Err(failed),
        };
    }
    let doing = format!("take {id} out of the dead-letter queue, after it was sent back");
    let next = "Run it again: a copy that is sent twice is the same request.";
    one_by_one::delete(queues, found, &doing, next).await
}

/// Several queues may share a dead-letter queue. In another queue than its own a letter would
/// be another request, and perhaps be ordered twice.
fn stranger(id: &str, source: Option<&str>, queue_arn: &str) -> Option<Failure> {
    let source = source.filter(|arn| *arn != queue_arn)?;
    Some(Failure::new(
        format!("{id} came from {source}, and stays: it would be sent to {queue_arn}"),
        "Name the queue that it came from with --dlq-url and --queue-url, or the namespace of \
         its release with -n.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_goes_back_to_no_other_queue_than_its_own() {
        let own = "arn:aws:sqs:eu-west-1:1:stock";
        assert_eq!(stranger("m", Some(own), own), None);
        assert_eq!(stranger("m", None, own), None, "put there by hand");
        let other = "arn:aws:sqs:eu-west-1:1:other";
        let said = stranger("m", Some(other), own).unwrap().in_words();
        assert!(
            said.contains(other) && said.contains("--queue-url"),
            "{said}"
        );
    }
}
