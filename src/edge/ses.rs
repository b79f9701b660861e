//! Plain-text mail through SES.

use crate::edge::aws::{self, AwsError};
use aws_config::SdkConfig;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::BuildError;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};

/// A sender, its readers, and the client that reaches SES; clones share the connections.
#[derive(Clone, Debug)]
pub struct Mailer {
    client: Client,
    from: String,
    to: Vec<String>,
}

impl Mailer {
    /// Mail from a verified sender to these addresses. Nothing is sent yet.
    pub fn new(config: &SdkConfig, from: impl Into<String>, to: Vec<String>) -> Self {
        Self {
            client: Client::new(config),
            from: from.into(),
            to,
        }
    }

    /// Whether SES lets us send as this sender: its address is verified, or its domain.
    ///
    /// # Errors
    /// [`AwsError`]; [`AwsError::Gone`] if SES knows neither.
    pub async fn is_verified(&self) -> Result<bool, AwsError> {
        let address = address(&self.from);
        match self.is_identity_verified(address).await {
            Err(AwsError::Gone(why)) => match address.rsplit_once('@') {
                Some((_, domain)) => self.is_identity_verified(domain).await,
                None => Err(AwsError::Gone(why)),
            },
            answer => answer,
        }
    }

    async fn is_identity_verified(&self, identity: &str) -> Result<bool, AwsError> {
        let answer = self
            .client
            .get_email_identity()
            .email_identity(identity)
            .send()
            .await
            .map_err(|error| aws::failure(&error))?;
        Ok(answer.verified_for_sending_status)
    }

    /// Sends one mail to all readers; answers the id that SES gave to it: the
    /// acknowledgement.
    ///
    /// # Errors
    /// [`AwsError`]. After [`AwsError::Unavailable`] it may have been sent.
    pub async fn send(&self, subject: &str, text: &str) -> Result<String, AwsError> {
        let message = plain(subject, text).map_err(|why| AwsError::Refused(why.to_string()))?;
        let answer = self
            .client
            .send_email()
            .from_email_address(&self.from)
            .destination(
                Destination::builder()
                    .set_to_addresses(Some(self.to.clone()))
                    .build(),
            )
            .content(EmailContent::builder().simple(message).build())
            .send()
            .await
            .map_err(|error| aws::failure(&error))?;
        Ok(answer.message_id.unwrap_or_default())
    }
}

/// Without the name in front of it: `Restock <restock@example.com>`.
fn address(sender: &str) -> &str {
    let inner = sender.rsplit_once('<').map_or(sender, |(_, rest)| rest);
    inner.trim().trim_end_matches('>')
}

/// Text only, never HTML: nothing in a message of a stranger can become markup.
fn plain(subject: &str, text: &str) -> Result<Message, BuildError> {
    let utf8 = |data: &str| Content::builder().data(data).charset("UTF-8").build();
    let body = Body::builder().text(utf8(text)?).build();
    Ok(Message::builder()
        .subject(utf8(subject)?)
        .body(body)
        .build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_may_have_a_name() {
        for sender in ["a@b.example", "Restock <a@b.example>", " a@b.example "] {
            assert_eq!(address(sender), "a@b.example");
        }
    }
}
