//! The channels of notices: whether they exist, and whether anybody reads them. A role
//! needs no right to ask, so a refusal of that is no failure.

use super::report::Report;
use crate::domain::notice::Recipients;
use crate::edge::aws::{self, AwsError};
use crate::edge::ses::Mailer;
use crate::edge::sns::{Subscriptions, Topic};
use crate::process::args::OpsArgs;

/// Whether a channel is `needed` depends on the role.
pub(super) async fn check(ops: &OpsArgs, needed: bool, report: &mut Report) {
    let recipients = match ops.recipients() {
        Err(to_do) if needed => return report.bad("notices", to_do),
        Err(to_do) => return report.weak("notices", to_do),
        Ok(recipients) => recipients,
    };
    match recipients.problem() {
        Some(to_do) => report.bad("notices", to_do),
        None => report.good("notices", format!("go to {}", readers(&recipients))),
    }
    let config = match aws::config().await {
        Ok(config) => config,
        Err(why) => return report.bad("notice channels", why),
    };
    if let Some(arn) = &recipients.topic_arn {
        topic(arn, Topic::new(&config, arn).subscriptions().await, report);
    }
    if let Some(mail) = recipients.mail {
        let mailer = Mailer::new(&config, &mail.from, mail.to);
        sender(&mail.from, mailer.is_verified().await, report);
    }
}

fn readers(recipients: &Recipients) -> String {
    let mail = recipients.mail.as_ref().map(|mail| mail.to.join(", "));
    let all: Vec<String> = recipients
        .topic_arn
        .clone()
        .into_iter()
        .chain(mail)
        .collect();
    all.join(" and ")
}

fn topic(arn: &str, subscribed: Result<Subscriptions, AwsError>, report: &mut Report) {
    let what = "notice topic";
    match subscribed {
        Ok(subscribed) => {
            match subscribed.confirmed {
                0 => report.bad(
                    what,
                    format!(
                        "{arn} has no confirmed subscription, so nobody is told: subscribe to it"
                    ),
                ),
                count => report.good(what, format!("confirmed subscriptions: {count}")),
            }
            if subscribed.pending > 0 {
                let to_do = "those people are not told before they follow the link in the mail \
                             that SNS sent to them; after two days, subscribe them again";
                let count = subscribed.pending;
                report.weak(what, format!("unconfirmed subscriptions: {count}; {to_do}"));
            }
        }
        Err(AwsError::Gone(_)) => report.bad(
            what,
            format!("{arn} does not exist: create it, or correct RESTOCK_OPS_TOPIC_ARN"),
        ),
        Err(why) => unasked(what, "sns:GetTopicAttributes", why, report),
    }
}

fn sender(from: &str, verified: Result<bool, AwsError>, report: &mut Report) {
    let what = "notice sender";
    match verified {
        Ok(true) => report.good(what, format!("{from} is verified")),
        Ok(false) | Err(AwsError::Gone(_)) => report.bad(
            what,
            format!(
                "{from} is not verified in this region, so no mail is sent: verify the address \
                 or its domain in SES, or correct RESTOCK_OPS_EMAIL_FROM"
            ),
        ),
        Err(why) => unasked(what, "ses:GetEmailIdentity", why, report),
    }
}

fn unasked(what: &str, right: &str, why: AwsError, report: &mut Report) {
    match why {
        AwsError::Denied(_) => report.weak(
            what,
            format!("cannot be looked at: allow {right} to this identity to have it checked"),
        ),
        why => report.bad(
            what,
            format!("{why}: try again, and look at network and credentials"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn subscribed(confirmed: u64, pending: u64) -> Subscriptions {
        Subscriptions { confirmed, pending }
    }

    #[test]
    fn who_has_not_confirmed_is_not_told() {
        let mut report = Report::default();
        topic("arn", Ok(subscribed(1, 2)), &mut report);
        assert_eq!((report.noted(), report.wrong()), (1, 0));
        topic("arn", Ok(subscribed(0, 1)), &mut report);
        assert_eq!((report.noted(), report.wrong()), (2, 1));
    }

    #[test]
    fn a_channel_that_may_not_be_asked_is_no_failure() {
        let denied = || AwsError::Denied("no".to_owned());
        let gone = || AwsError::Gone("no".to_owned());
        let mut report = Report::default();
        topic("arn", Err(denied()), &mut report);
        sender("a@b", Err(denied()), &mut report);
        topic("arn", Ok(subscribed(1, 0)), &mut report);
        sender("a@b", Ok(true), &mut report);
        assert_eq!((report.looked_at(), report.wrong()), (4, 0));
        topic("arn", Ok(subscribed(0, 0)), &mut report);
        topic("arn", Err(gone()), &mut report);
        sender("a@b", Ok(false), &mut report);
        sender("a@b", Err(gone()), &mut report);
        assert_eq!(report.wrong(), 4);
    }
}
