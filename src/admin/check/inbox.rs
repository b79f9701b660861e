//! The callback inbox: goods that arrived lie in it until the ledger has them.

use super::report::Report;
use crate::edge::sqs::QueueAttributes;
use crate::edge::sqs::pairing::RETENTION_DEFAULT;
use std::time::Duration;

/// What SQS keeps messages for at most: callbacks that were parked must outlast any outage.
const RETENTION: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// A receiver takes nothing while the ledger does not answer, but a locked row or a ledger
/// that only reads costs receives: it hides the callback for 2 s, doubling up to 15 min.
/// Five receives are spent after a minute (2 + 4 + 8 + 16 + 32 s), ten after half an hour.
/// A hundred last for almost a day (17 min for the first nine, 15 min for each further
/// one): time for a person to hear of it and to mend it.
const RECEIVES_MIN: u32 = 100;

pub(super) fn check(inbox: &QueueAttributes, report: &mut Report) {
    report.all(
        "inbox",
        problems(inbox),
        "parked callbacks are kept for 14 days",
    );
    if !inbox.encrypted {
        report.weak(
            "inbox",
            "not encrypted at rest: set SqsManagedSseEnabled, or KmsMasterKeyId; parked \
             callbacks have tokens in them",
        );
    }
}

fn problems(inbox: &QueueAttributes) -> Vec<String> {
    let mut problems = Vec::new();
    if inbox.retention.unwrap_or(RETENTION_DEFAULT) < RETENTION {
        problems.push(
            "parked callbacks are lost with their time: set MessageRetentionPeriod to 14 days"
                .to_owned(),
        );
    }
    match &inbox.redrive {
        None => problems.push(format!(
            "no redrive policy: name a dead-letter queue of its own, with an alarm, and \
             maxReceiveCount {RECEIVES_MIN}"
        )),
        Some(redrive) if redrive.receives_max < RECEIVES_MIN => problems.push(format!(
            "maxReceiveCount is {}: set it to {RECEIVES_MIN}, or rows that are locked for a \
             while make dead letters of callbacks, and their goods are not booked",
            redrive.receives_max
        )),
        Some(_) => {}
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::sqs::Redrive;

    fn inbox(receives_max: Option<u32>, days: u64) -> QueueAttributes {
        QueueAttributes {
            arn: "arn:aws:sqs:eu-west-1:1:inbox".to_owned(),
            messages_visible: 0,
            messages_in_flight: 0,
            messages_delayed: 0,
            redrive: receives_max.map(|receives_max| Redrive {
                target_arn: "arn:aws:sqs:eu-west-1:1:inbox-dead".to_owned(),
                receives_max,
            }),
            policy: None,
            retention: Some(Duration::from_secs(days * 24 * 60 * 60)),
            visibility: None,
            message_bytes_max: None,
            kms_key: None,
            encrypted: true,
        }
    }

    #[test]
    fn parked_callbacks_are_kept_long_and_tried_often() {
        assert!(problems(&inbox(Some(100), 14)).is_empty());
        assert!(problems(&inbox(Some(99), 14))[0].contains("maxReceiveCount is 99"));
        assert!(problems(&inbox(None, 14))[0].contains("no redrive policy"));
        assert!(problems(&inbox(Some(100), 13))[0].contains("14 days"));
        assert_eq!(problems(&inbox(None, 4)).len(), 2);
    }
}
