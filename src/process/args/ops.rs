//! Whom to tell: the operations team's topic, mailbox, or both.

use crate::domain::notice::{Mail, Recipients};
use anyhow::{bail, ensure};

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
        let topic_arn = filled(self.ops_topic_arn.as_ref());
        let mail = self.mail()?;
        ensure!(
            topic_arn.is_some() || mail.is_some(),
            "nobody would be told of failures: set RESTOCK_OPS_TOPIC_ARN, or \
             RESTOCK_OPS_EMAIL_FROM and RESTOCK_OPS_EMAIL_TO"
        );
        Ok(Recipients {
            topic_arn,
            mail,
            stock_topic_arn: filled(self.topic_arn.as_ref()),
        })
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
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        ops: OpsArgs,
    }

    fn recipients(arguments: &[&str]) -> anyhow::Result<Recipients> {
        let arguments = ["test"].iter().chain(arguments);
        Cli::try_parse_from(arguments).unwrap().ops.recipients()
    }

    #[test]
    fn a_topic_or_a_mailbox_or_both_are_told() {
        let topic = "--ops-topic-arn=arn:aws:sns:eu-west-1:1:ops";
        let mail = ["--ops-email-from=a@x", "--ops-email-to=b@x, c@x,"];
        assert!(recipients(&[topic]).unwrap().mail.is_none());
        let both = recipients(&[topic, mail[0], mail[1]]).unwrap();
        assert_eq!(both.mail.unwrap().to, ["b@x", "c@x"]);
        assert!(recipients(&mail).unwrap().topic_arn.is_none());
    }

    #[test]
    fn what_is_missing_is_named() {
        let why = |arguments: &[&str]| recipients(arguments).unwrap_err().to_string();
        assert!(why(&[]).contains("RESTOCK_OPS_TOPIC_ARN"));
        assert!(why(&["--ops-topic-arn= "]).contains("RESTOCK_OPS_TOPIC_ARN"));
        assert!(why(&["--ops-email-from=a@x"]).contains("RESTOCK_OPS_EMAIL_TO"));
        assert!(why(&["--ops-email-to=a@x"]).contains("RESTOCK_OPS_EMAIL_FROM"));
    }

    #[test]
    fn the_stock_topic_is_a_problem_that_is_named() {
        let arn = "arn:aws:sns:eu-west-1:1:stock";
        let looped = recipients(&[
            &format!("--ops-topic-arn={arn}"),
            &format!("--topic-arn={arn}"),
        ]);
        assert!(
            looped
                .unwrap()
                .problem()
                .unwrap()
                .contains("RESTOCK_OPS_TOPIC_ARN")
        );
        let apart = recipients(&[
            &format!("--ops-topic-arn={arn}-ops"),
            &format!("--topic-arn={arn}"),
        ]);
        assert_eq!(apart.unwrap().problem(), None);
    }
}
