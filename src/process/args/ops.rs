//! Whom to tell: the operations team's topic, mailbox, or both.

use crate::domain::notice::{Mail, Recipients};
use anyhow::{Context as _, bail, ensure};

/// Most readers of one mail: SES takes no more.
const READERS_MAX: usize = 50;

/// Whom to tell of what needs a person. At least one channel must be named.
#[derive(Clone, Debug, clap::Args)]
pub struct OpsArgs {
    /// ARN of the SNS topic that notices go to
    #[arg(long, env = "RESTOCK_OPS_TOPIC_ARN", value_name = "ARN")]
    pub ops_topic_arn: Option<String>,
    /// Sender of notices by mail, verified by SES
    #[arg(long, env = "RESTOCK_OPS_EMAIL_FROM", value_name = "ADDRESS")]
    pub ops_email_from: Option<String>,
    /// Readers of notices by mail, separated by commas
    #[arg(
        long,
        env = "RESTOCK_OPS_EMAIL_TO",
        value_name = "ADDRESSES",
        value_delimiter = ','
    )]
    pub ops_email_to: Vec<String>,
    /// ARN of the topic of the out-of-stock messages: notices never go there
    #[arg(long, env = "RESTOCK_TOPIC_ARN", value_name = "ARN")]
    pub topic_arn: Option<String>,
}

impl OpsArgs {
    /// Whom these settings name.
    ///
    /// # Errors
    /// What to set: without a channel a failure would be told to nobody.
    pub fn recipients(&self) -> anyhow::Result<Recipients> {
        self.recipients_if_any()?.context(
            "nobody would be told of failures: set RESTOCK_OPS_TOPIC_ARN, or \
             RESTOCK_OPS_EMAIL_FROM and RESTOCK_OPS_EMAIL_TO",
        )
    }

    /// As [`Self::recipients`], for a role whose work needs no channel; none if none is named.
    ///
    /// # Errors
    /// What to set: half a channel is named.
    pub fn recipients_if_any(&self) -> anyhow::Result<Option<Recipients>> {
        let topic_arn = filled(self.ops_topic_arn.as_ref());
        let mail = self.mail()?;
        let any = topic_arn.is_some() || mail.is_some();
        Ok(any.then(|| Recipients {
            topic_arn,
            mail,
            stock_topic_arn: filled(self.topic_arn.as_ref()),
        }))
    }

    fn mail(&self) -> anyhow::Result<Option<Mail>> {
        let readers = self.ops_email_to.iter();
        let to: Vec<String> = readers.filter_map(|reader| filled(Some(reader))).collect();
        ensure!(
            to.len() <= READERS_MAX,
            "RESTOCK_OPS_EMAIL_TO has {} addresses, SES takes {READERS_MAX}: use a mailing list",
            to.len()
        );
        match (filled(self.ops_email_from.as_ref()), to.is_empty()) {
            (Some(from), false) => Ok(Some(Mail { from, to })),
            (None, true) => Ok(None),
            (Some(_), true) => bail!("RESTOCK_OPS_EMAIL_FROM is set: set RESTOCK_OPS_EMAIL_TO too"),
            (None, false) => bail!("RESTOCK_OPS_EMAIL_TO is set: set RESTOCK_OPS_EMAIL_FROM too"),
        }
    }
}

/// A variable that is set to nothing is not set: charts write them so.
fn filled(text: Option<&String>) -> Option<String> {
    let text = text?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by hand and not parsed: what the shell has set must not decide a test.
    fn recipients(
        topic: Option<&str>,
        from: Option<&str>,
        to: &[&str],
        stock: Option<&str>,
    ) -> anyhow::Result<Recipients> {
        let args = OpsArgs {
            ops_topic_arn: topic.map(str::to_owned),
            ops_email_from: from.map(str::to_owned),
            ops_email_to: to.iter().map(|one| (*one).to_owned()).collect(),
            topic_arn: stock.map(str::to_owned),
        };
        args.recipients()
    }

    const TOPIC: Option<&str> = Some("arn:aws:sns:eu-west-1:1:ops");

    #[test]
    fn a_topic_or_a_mailbox_or_both_are_told() {
        assert!(recipients(TOPIC, None, &[], None).unwrap().mail.is_none());
        let to = ["b@x", " c@x", ""];
        let both = recipients(TOPIC, Some("a@x"), &to, None).unwrap();
        assert_eq!(both.mail.unwrap().to, ["b@x", "c@x"]);
        let mail = recipients(None, Some("a@x"), &to, None).unwrap();
        assert!(mail.topic_arn.is_none());
    }

    #[test]
    fn what_is_missing_is_named() {
        let why = |topic, from, to: &[&str]| {
            let error = recipients(topic, from, to, None).unwrap_err();
            error.to_string()
        };
        assert!(why(None, None, &[]).contains("RESTOCK_OPS_TOPIC_ARN"));
        assert!(why(Some(" "), None, &[""]).contains("RESTOCK_OPS_TOPIC_ARN"));
        assert!(why(None, Some("a@x"), &[]).contains("RESTOCK_OPS_EMAIL_TO"));
        assert!(why(None, None, &["a@x"]).contains("RESTOCK_OPS_EMAIL_FROM"));
        assert!(why(None, Some("a@x"), &["b@x"; 51]).contains("mailing list"));
    }

    #[test]
    fn the_stock_topic_is_a_problem_that_is_named() {
        let problem = |stock| recipients(TOPIC, None, &[], stock).unwrap().problem();
        assert!(problem(TOPIC).unwrap().contains("RESTOCK_OPS_TOPIC_ARN"));
        assert_eq!(problem(Some("arn:aws:sns:eu-west-1:1:stock")), None);
        assert_eq!(problem(None), None);
    }
}
