//! The channels to the operations team: a topic, mail, or both.

use crate::domain::notice::{Notice, Recipients};
use crate::edge::aws::AwsError;
use crate::edge::ses::Mailer;
use crate::edge::sns::Topic;
use aws_config::SdkConfig;
use std::collections::BTreeMap;

/// A way to the operations team. The order is that of preference: the first one's id of a
/// notice is the one that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// An SNS topic.
    Sns,
    /// Mail through SES.
    Ses,
}

impl Channel {
    /// The word that people and machines read.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sns => "sns",
            Self::Ses => "ses",
        }
    }
}

/// The ids that channels gave to one notice: their acknowledgements.
pub type Acknowledgements = BTreeMap<Channel, String>;

/// Which channels did not acknowledge, and why.
pub fn in_words(failed: &[(Channel, AwsError)]) -> String {
    let each = failed.iter();
    let each = each.map(|(channel, why)| format!("{}: {why}", channel.word()));
    each.collect::<Vec<_>>().join("; ")
}

/// All channels that are configured; clones share the connections.
#[derive(Clone, Debug)]
pub struct Channels {
    topic: Option<Topic>,
    mailer: Option<Mailer>,
    problem: Option<String>,
}

impl Channels {
    /// The channels to these recipients. Nothing is sent yet.
    pub fn new(recipients: &Recipients, config: &SdkConfig) -> Self {
        let topic = recipients.topic_arn.as_ref();
        let mail = recipients.mail.as_ref();
        Self {
            topic: topic.map(|arn| Topic::new(config, arn)),
            mailer: mail.map(|mail| Mailer::new(config, &mail.from, mail.to.clone())),
            problem: recipients.problem(),
        }
    }

    /// Why nothing may be sent, if so: a person has to mend the settings.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Sends the notice to each channel that has not acknowledged it, at the same time,
    /// and adds what they answer to `acknowledged`.
    ///
    /// # Errors
    /// Each channel that still has not, and why. It may have sent it all the same.
    pub async fn send(
        &self,
        notice: &Notice,
        acknowledged: &mut Acknowledgements,
    ) -> Result<(), Vec<(Channel, AwsError)>> {
        let missing = |channel| !acknowledged.contains_key(&channel);
        let topic = self.topic.as_ref().filter(|_| missing(Channel::Sns));
        let mailer = self.mailer.as_ref().filter(|_| missing(Channel::Ses));
        let publish = async {
            let topic = topic?;
            Some(
                topic
                    .publish(&notice.subject, &notice.text, &notice.attributes)
                    .await,
            )
        };
        let mail = async { Some(mailer?.send(&notice.subject, &notice.text).await) };
        let (published, mailed) = futures::join!(publish, mail);

        let mut failed = Vec::new();
        for (channel, answer) in [(Channel::Sns, published), (Channel::Ses, mailed)] {
            match answer {
                Some(Ok(id)) => drop(acknowledged.insert(channel, id)),
                Some(Err(error)) => failed.push((channel, error)),
                None => {}
            }
        }
        if failed.is_empty() {
            Ok(())
        } else {
            Err(failed)
        }
    }
}
