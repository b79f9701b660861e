//! Topics, queues, subscriptions and mail addresses.

use std::time::Duration;

use anyhow::{Context, Result};
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sns::config::Credentials;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

use super::queues::{self, Queue};
use crate::shell_env;
use crate::state::{AwsNames, State};

/// For one call with its retries.
const CALL_LIMIT: Duration = Duration::from_secs(20);
const STOCK_TOPIC: &str = "restock-stock";
const OPERATIONS_TOPIC: &str = "restock-ops";

/// Makes what is missing; answers the names of all.
pub(crate) fn set_up(state: &State) -> Result<AwsNames> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let config = configuration(state).await;
        mail_addresses(&config).await?;
        names(&config).await
    })
}

/// How the clients reach the AWS of these parts.
pub(crate) async fn configuration(state: &State) -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .operation_timeout(CALL_LIMIT)
        .build();
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(timeouts)
        .endpoint_url(shell_env::aws_endpoint(state))
        .region(Region::new(shell_env::region(state)));
    if state.given.aws_endpoint.is_some() {
        return loader.load().await;
    }
    let (id, secret) = shell_env::LOCAL_AWS_KEYS;
    let keys = Credentials::new(id, secret, None, None, "local parts");
    loader.credentials_provider(keys).load().await
}

async fn names(config: &SdkConfig) -> Result<AwsNames> {
    let sqs = aws_sdk_sqs::Client::new(config);
    let sns = aws_sdk_sns::Client::new(config);
    let topic_arn = topic(&sns, STOCK_TOPIC).await?;
    let operations_topic_arn = topic(&sns, OPERATIONS_TOPIC).await?;
    let dead_letters = queues::ensure(&sqs, &Queue::named("dead_letter_queue")).await?;
    let stock = Queue::named("stock_queue")
        .fed_by(&topic_arn)
        .failing_to(&dead_letters.arn);
    let stock = queues::ensure(&sqs, &stock).await?;
    let inbox_dead_letters = Queue::named("callback-inbox-dead-letters");
    let inbox_dead_letters = queues::ensure(&sqs, &inbox_dead_letters).await?;
    let inbox = Queue::named("callback-inbox").failing_to(&inbox_dead_letters.arn);
    let inbox = queues::ensure(&sqs, &inbox.kept_longest()).await?;
    let mailbox = Queue::named("ops-mailbox").fed_by(&operations_topic_arn);
    let mailbox = queues::ensure(&sqs, &mailbox).await?;
    subscribe(&sns, &topic_arn, &stock.arn).await?;
    subscribe(&sns, &operations_topic_arn, &mailbox.arn).await?;
    Ok(AwsNames {
        queue_url: stock.url,
        dead_letter_url: dead_letters.url,
        dead_letter_arn: dead_letters.arn,
        inbox_url: inbox.url,
        mailbox_url: mailbox.url,
        topic_arn,
        operations_topic_arn,
    })
}

async fn topic(sns: &aws_sdk_sns::Client, name: &str) -> Result<String> {
    let made = sns.create_topic().name(name).send().await;
    let made = made.with_context(|| format!("cannot make the topic {name}"))?;
    made.topic_arn
        .with_context(|| format!("the topic {name} got no ARN"))
}

async fn subscribe(sns: &aws_sdk_sns::Client, topic: &str, queue: &str) -> Result<()> {
    let request = sns
        .subscribe()
        .topic_arn(topic)
        .protocol("sqs")
        .endpoint(queue);
    request
        .send()
        .await
        .with_context(|| format!("cannot subscribe {queue} to {topic}"))?;
    Ok(())
}

async fn mail_addresses(config: &SdkConfig) -> Result<()> {
    let ses = aws_sdk_sesv2::Client::new(config);
    for address in [shell_env::MAIL_FROM, shell_env::MAIL_TO] {
        let made = ses
            .create_email_identity()
            .email_identity(address)
            .send()
            .await;
        let known =
            |error: &aws_sdk_sesv2::operation::create_email_identity::CreateEmailIdentityError| {
                error.is_already_exists_exception()
            };
        match made {
            Err(error) if error.as_service_error().is_some_and(known) => {}
            made => drop(made.with_context(|| format!("cannot register {address} with SES"))?),
        }
    }
    Ok(())
}
