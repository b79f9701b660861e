//! Needs SQS, SNS and SES. Proves that every notice is told until each channel has
//! acknowledged it, the first of a cause at once and the rest in summaries.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/stock_queue.rs"]
mod stock_queue;

use restock_operator::controller::tell::Notifier;
use restock_operator::domain::notice::{self, Kind, Mail, Recipients, Subject};
use restock_operator::domain::order::RequestId;
use restock_operator::domain::progress::Told;
use restock_operator::domain::time::Time;
use restock_operator::edge::aws;
use restock_operator::edge::channels::Channels;
use restock_operator::edge::sqs::Queue;
use restock_operator::process::{Process, install_tls};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use stock_queue::with_queues;
use tokio::time::{Instant, sleep, timeout};

/// Longest wait for anything that should happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A wait in which a notice would come that should not.
const QUIET: Duration = Duration::from_secs(3);

fn unique(name: &str) -> String {
    format!("restock-test-{name}-{}", std::process::id())
}

/// Addresses that no other test has: the mails of all tests are kept in one list.
fn recipients(topic_arn: &str, with_mail: bool) -> Recipients {
    let name = topic_arn.rsplit(':').next().unwrap();
    Recipients {
        topic_arn: Some(topic_arn.to_owned()),
        mail: with_mail.then(|| Mail {
            from: "restock@example.com".to_owned(),
            to: vec![format!("{name}@example.com")],
        }),
        stock_topic_arn: None,
    }
}

fn subject(number: u32) -> Subject {
    let request_id = RequestId::parse(&format!("request-{number}")).unwrap();
    Subject {
        notice_id: notice::id(&request_id, Kind::Failed, 1),
        kind: Kind::Failed,
        request_id,
        namespace: "shop".to_owned(),
        name: format!("rr-{number}"),
        factory: Some("seoul".to_owned()),
        cause: "CallbackOverdue",
        product: "CP-502101".to_owned(),
        quantity: Some(7),
        ordered_at: None,
        order_id: None,
        message: "No callback came.".to_owned(),
        at: Time::from_micros(1_767_323_045_000_000),
    }
}

/// A notifier and what it nudged.
struct Stand {
    notifier: Notifier,
    process: Process,
    nudged: Arc<Mutex<Vec<String>>>,
}

impl Stand {
    async fn new(recipients: &Recipients, interval: Duration) -> Self {
        let config = aws::config().await.unwrap();
        let process = Process::default();
        let nudged = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&nudged);
        let nudge = move |namespace: &str, name: &str| {
            seen.lock().unwrap().push(format!("{namespace}/{name}"));
        };
        let channels = Channels::new(recipients, &config);
        let notifier = Notifier::spawn(channels, interval, nudge, &process);
        Self {
            notifier,
            process,
            nudged,
        }
    }

    fn tell(&self, numbers: std::ops::Range<u32>) {
        numbers.for_each(|number| self.notifier.tell(subject(number)));
    }

    async fn acknowledged(&self, number: u32) -> Told {
        let id = subject(number).notice_id;
        let look = async {
            loop {
                if let Some(told) = self.notifier.acknowledged(&id) {
                    return told;
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, look).await.expect("acknowledged")
    }

    async fn stop(self) {
        self.process.shutdown.cancel();
        self.process.tasks.close();
        timeout(PATIENCE, self.process.tasks.wait())
            .await
            .expect("it ends when told");
    }
}

/// The next notice in the mailbox, as SNS wrapped it.
async fn next(mailbox: &Queue, wait: Duration) -> Option<Value> {
    let one = mailbox.receive(1, wait, None).await.unwrap().pop()?;
    mailbox.delete_batch(&[&one.receipt]).await.unwrap();
    Some(serde_json::from_str(&one.body).unwrap())
}

async fn mails_to(recipients: &Recipients) -> usize {
    let address = &recipients.mail.as_ref().unwrap().to[0];
    let endpoint = std::env::var("AWS_ENDPOINT_URL").unwrap();
    let mails = reqwest::get(format!("{endpoint}/_local/mails"))
        .await
        .unwrap();
    let mails: Vec<Value> = mails.json().await.unwrap();
    mails
        .iter()
        .filter(|mail| mail.to_string().contains(address))
        .count()
}

async fn allow_sender() {
    let client = aws_sdk_sesv2::Client::new(&aws::config().await.unwrap());
    // Another test may have done it already.
    let _ = client
        .create_email_identity()
        .email_identity("restock@example.com")
        .send()
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_is_told_at_once_and_the_rest_in_one_summary() {
    install_tls();
    allow_sender().await;
    with_queues(&unique("grouped"), 3, async |queues| {
        let (topic_arn, mailbox) = queues.mailbox().await;
        let recipients = recipients(&topic_arn, true);
        let interval = Duration::from_secs(4);
        let stand = Stand::new(&recipients, interval).await;
        let began = Instant::now();

        stand.tell(0..1);
        let first = stand.acknowledged(0).await;
        assert!(began.elapsed() < interval, "at once");
        assert_eq!(first.notice_id, subject(0).notice_id);
        assert_eq!(first.channels, ["sns", "ses"]);
        stand.tell(0..30);
        stand.tell(0..30);
        let rest = stand.acknowledged(29).await;
        assert!(began.elapsed() >= interval, "collected");
        for number in 1..30 {
            let told = stand.acknowledged(number).await;
            assert_eq!(told.notice_id, subject(number).notice_id);
            assert_eq!(
                told.publish_id, rest.publish_id,
                "one notice carried them all"
            );
        }

        let one = next(&mailbox, PATIENCE / 2).await.unwrap();
        assert_eq!(one["MessageId"], first.publish_id.as_str());
        assert_eq!(
            one["Subject"],
            "[restock] failed rr-0: CallbackOverdue at seoul"
        );
        let summary = next(&mailbox, PATIENCE / 2).await.unwrap();
        assert_eq!(summary["MessageId"], rest.publish_id.as_str());
        assert_eq!(
            summary["Subject"],
            "[restock] 29 requests failed: CallbackOverdue at seoul"
        );
        let text = summary["Message"].as_str().unwrap();
        for number in 1..30 {
            assert!(
                text.contains(&subject(number).notice_id),
                "{number} in\n{text}"
            );
        }
        assert_eq!(next(&mailbox, QUIET).await, None, "told once");
        assert_eq!(mails_to(&recipients).await, 2);
        assert_eq!(stand.nudged.lock().unwrap().len(), 30);
        let page = stand.process.registry.encode().unwrap();
        let counted = "notices_total{kind=\"failed\",outcome=\"Acknowledged\"} 30\n";
        assert!(page.contains(counted), "{page}");
        stand.notifier.forget(&first.notice_id);
        assert_eq!(stand.notifier.acknowledged(&first.notice_id), None);
        stand.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_channel_that_failed_is_tried_again() {
    install_tls();
    allow_sender().await;
    with_queues(&unique("halved"), 3, async |queues| {
        let (topic_arn, _mailbox) = queues.mailbox().await;
        let missing = format!("{topic_arn}-later");
        let recipients = recipients(&missing, true);
        let stand = Stand::new(&recipients, Duration::from_secs(60)).await;
        stand.tell(0..1);
        sleep(QUIET).await;
        assert!(!stand.notifier.is_idle(), "not every channel has it");
        assert_eq!(stand.notifier.acknowledged(&subject(0).notice_id), None);
        let readiness = stand.process.health.readiness();
        assert!(
            !readiness.ok && readiness.lines.join("\n").contains("sns"),
            "{readiness:?}"
        );

        let sns = aws_sdk_sns::Client::new(&aws::config().await.unwrap());
        let name = missing.rsplit(':').next().unwrap();
        sns.create_topic().name(name).send().await.unwrap();
        assert_eq!(stand.acknowledged(0).await.channels, ["sns", "ses"]);
        assert!(stand.notifier.is_idle() && stand.process.health.readiness().ok);
        assert_eq!(mails_to(&recipients).await, 1, "the mail was not repeated");
        sns.delete_topic().topic_arn(&missing).send().await.unwrap();
        stand.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_summary_is_told_before_the_end() {
    install_tls();
    with_queues(&unique("flushed"), 3, async |queues| {
        let (topic_arn, mailbox) = queues.mailbox().await;
        let recipients = recipients(&topic_arn, false);
        let stand = Stand::new(&recipients, Duration::from_secs(3_600)).await;
        stand.tell(0..1);
        stand.acknowledged(0).await;
        stand.tell(1..3);
        assert!(!stand.notifier.is_idle());
        let notifier = stand.notifier.clone();
        stand.stop().await;
        assert!(notifier.is_idle());
        assert!(notifier.acknowledged(&subject(2).notice_id).is_some());
        assert!(next(&mailbox, PATIENCE / 2).await.is_some());
        let summary = next(&mailbox, PATIENCE / 2).await.unwrap();
        assert_eq!(
            summary["Subject"],
            "[restock] 2 requests failed: CallbackOverdue at seoul"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_to_the_topic_of_the_stock_messages() {
    install_tls();
    with_queues(&unique("looped"), 3, async |queues| {
        let (topic_arn, mailbox) = queues.mailbox().await;
        let looped = Recipients {
            stock_topic_arn: Some(topic_arn.clone()),
            ..recipients(&topic_arn, false)
        };
        let stand = Stand::new(&looped, Duration::from_secs(1)).await;
        stand.tell(0..1);
        let readiness = stand.process.health.readiness();
        let why = readiness.lines.join("\n");
        assert!(
            !readiness.ok && why.contains("RESTOCK_OPS_TOPIC_ARN"),
            "{why}"
        );
        assert_eq!(next(&mailbox, QUIET).await, None);
        stand.stop().await;
    })
    .await;
}
