//! What the demo asks of AWS and of the factory: the shop's side, and the eyes of a person.

use anyhow::{Context, Result, bail};
use aws_sdk_sqs::types::QueueAttributeName;
use reqwest::StatusCode;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::expect::Told;
use super::story::{Scene, Shape};
use crate::pages;
use crate::random;
use crate::setup;
use crate::shell_env;
use crate::state::{AwsNames, State};

/// The most that SQS hands out at once.
const BATCH: i32 = 10;
/// Mails read in one look; what is beyond is read by the next.
const MAIL_BATCHES_MAX: usize = 20;
const FREE_TEXT: &str = "재고가 없습니다";

/// A mail to the operations team.
#[derive(Clone, Debug)]
pub(super) struct Mail {
    pub(super) subject: String,
    pub(super) text: String,
}

/// The clients.
pub(super) struct Outside {
    runtime: Runtime,
    sqs: aws_sdk_sqs::Client,
    sns: aws_sdk_sns::Client,
    http: reqwest::Client,
    names: AwsNames,
    factory: String,
    shop: String,
}

impl Outside {
    pub(super) fn new(state: &State) -> Result<Self> {
        let http = pages::client()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let config = runtime.block_on(setup::aws_configuration(state));
        Ok(Self {
            runtime,
            sqs: aws_sdk_sqs::Client::new(&config),
            sns: aws_sdk_sns::Client::new(&config),
            http,
            names: state.aws.clone(),
            factory: shell_env::factory_origin(state),
            shop: shell_env::shop_origin(state),
        })
    }

    /// Lets so many buyers come at once, for one piece each; answers what they were told.
    pub(super) fn buy(&self, scene: &Scene, buyers: u32) -> Result<Told> {
        self.runtime.block_on(async {
            let mut answers = JoinSet::new();
            for number in 1..=buyers {
                let body = json!({"sku": scene.sku, "quantity": 1, "buyer": number.to_string()});
                let purchase = self.http.post(format!("{}/v1/checkout", self.shop));
                let purchase = purchase.header("Idempotency-Key", random::password()?);
                answers.spawn(purchase.json(&body).send());
            }
            let mut told = Told::default();
            while let Some(answer) = answers.join_next().await {
                match answer?.context("the shop gives no answer")?.status() {
                    StatusCode::OK => told.sold += 1,
                    StatusCode::CONFLICT => told.out_of_stock += 1,
                    other => bail!("the shop answers {other}"),
                }
            }
            Ok(told)
        })
    }

    /// Sends a scene's messages, as another shop would; answers the ids they were given.
    pub(super) fn send(&self, scene: &Scene) -> Result<Vec<String>> {
        let sent = || match scene.shape {
            Shape::Topic => self.publish(scene),
            Shape::Attributes => self.enqueue(FREE_TEXT, scene.order()),
            Shape::Body => {
                let fields = scene.order().into_iter();
                let fields = fields.map(|(key, value)| (key.to_owned(), Value::from(value)));
                let body = Value::Object(fields.collect::<Map<_, _>>());
                self.enqueue(&body.to_string(), Vec::new())
            }
        };
        (0..scene.messages).map(|_| sent()).collect()
    }

    fn publish(&self, scene: &Scene) -> Result<String> {
        let mut publish = self.sns.publish().topic_arn(&self.names.topic_arn);
        publish = publish.subject("out of stock").message(FREE_TEXT);
        let event = scene.event_id.clone().map(|id| ("EventId", id));
        for (key, value) in scene.order().into_iter().chain(event) {
            let attribute = aws_sdk_sns::types::MessageAttributeValue::builder()
                .data_type("String")
                .string_value(value);
            publish = publish.message_attributes(key, attribute.build()?);
        }
        let sent = self.runtime.block_on(publish.send());
        let sent = sent.with_context(|| format!("cannot publish: {}", scene.what))?;
        sent.message_id.context("SNS gave the message no id")
    }

    fn enqueue(&self, body: &str, attributes: Vec<(&str, String)>) -> Result<String> {
        let mut send = self.sqs.send_message().queue_url(&self.names.queue_url);
        send = send.message_body(body);
        for (key, value) in attributes {
            let attribute = aws_sdk_sqs::types::MessageAttributeValue::builder()
                .data_type("String")
                .string_value(value);
            send = send.message_attributes(key, attribute.build()?);
        }
        let sent = self.runtime.block_on(send.send());
        let sent = sent.context("cannot send to the queue")?;
        sent.message_id.context("SQS gave the message no id")
    }

    /// Messages in the stock queue, those in somebody's hands too.
    pub(super) fn queue_depth(&self) -> Result<u64> {
        self.depth(&self.names.queue_url)
    }

    /// Messages in the dead-letter queue.
    pub(super) fn dead_letters(&self) -> Result<u64> {
        self.depth(&self.names.dead_letter_url)
    }

    fn depth(&self, url: &str) -> Result<u64> {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let read = self.sqs.get_queue_attributes().queue_url(url);
        let read = read.set_attribute_names(Some(names.to_vec())).send();
        let read = self.runtime.block_on(read);
        let read = read.with_context(|| format!("cannot read the queue {url}"))?;
        let found = read.attributes.unwrap_or_default();
        let number = |name| found.get(name).and_then(|text| text.parse::<u64>().ok());
        let numbers = names.iter().map(number).collect::<Option<Vec<_>>>();
        let numbers = numbers.with_context(|| format!("the queue {url} tells no depth"))?;
        Ok(numbers.iter().sum())
    }

    /// Reads the operations team's new mail, and takes it out of the mailbox.
    pub(super) fn mail(&self) -> Result<Vec<Mail>> {
        let mut mail = Vec::new();
        for _ in 0..MAIL_BATCHES_MAX {
            let batch = self.runtime.block_on(self.mail_batch())?;
            if batch.is_empty() {
                break;
            }
            mail.extend(batch);
        }
        Ok(mail)
    }

    async fn mail_batch(&self) -> Result<Vec<Mail>> {
        let url = &self.names.mailbox_url;
        let receive = self.sqs.receive_message().queue_url(url);
        let receive = receive.max_number_of_messages(BATCH).wait_time_seconds(0);
        let received = receive.send().await.context("cannot read the mailbox")?;
        let mut mail = Vec::new();
        for message in received.messages.unwrap_or_default() {
            mail.push(opened(message.body.as_deref().unwrap_or_default()));
            let receipt = message.receipt_handle.unwrap_or_default();
            let delete = self.sqs.delete_message().queue_url(url);
            let deleted = delete.receipt_handle(receipt).send().await;
            deleted.context("cannot empty the mailbox")?;
        }
        Ok(mail)
    }

    /// How many orders the factory got for a product.
    pub(super) fn orders(&self, sku: &str) -> Result<usize> {
        let url = format!("{}/orders/{sku}", self.factory);
        let asked = async {
            let answer = self.http.get(url).send().await?;
            answer.error_for_status()?.json::<Vec<Value>>().await
        };
        let orders = self.runtime.block_on(asked);
        Ok(orders
            .context("cannot ask the factory for its orders")?
            .len())
    }

    /// What a readiness page complains of, if anything.
    pub(super) fn problem(&self, url: &str) -> Option<String> {
        self.runtime.block_on(pages::problem(&self.http, url))
    }
}

/// A notice out of its SNS envelope.
fn opened(body: &str) -> Mail {
    let envelope: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |key: &str| envelope[key].as_str().unwrap_or_default().to_owned();
    Mail {
        subject: text("Subject"),
        text: text("Message"),
    }
}
