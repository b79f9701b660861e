//! Needs SQS, SNS, SES and a database. Proves that every dead letter is told once, with
//! its reason, that one which comes back is told as again and one that lies beside its equal is
//! not, and that none is ever deleted, whoever is killed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "flow_dlq/flood.rs"]
mod flood;
#[path = "flow_dlq/killed.rs"]
mod killed;
#[path = "support/ledger.rs"]
mod ledger;
#[path = "support/role.rs"]
mod role;
#[path = "support/stock_queue.rs"]
mod stock_queue;
#[path = "flow_dlq/trouble.rs"]
mod trouble;
#[path = "flow_dlq/twins.rs"]
mod twins;

use ledger::Ledger;
use restock_operator::dlq;
use restock_operator::domain::time::Time;
use restock_operator::edge::aws;
use restock_operator::edge::sqs::Queue;
use restock_operator::edge::store::page::Mark;
use restock_operator::process::args::{DatabaseArgs, OpsArgs};
use restock_operator::process::{Process, install_tls};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use stock_queue::{StockQueue, with_queues};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Longest wait for anything that should happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A wait in which a second notice would come if there were one: several turns.
const QUIET: Duration = Duration::from_secs(5);

struct Dlq {
    process: Process,
    ending: JoinHandle<anyhow::Result<()>>,
}

impl Dlq {
    fn start(queues: &StockQueue, ledger: &Ledger, ops: &OpsArgs) -> Self {
        Self::start_looking_every(1, queues, ledger, ops)
    }

    fn start_looking_every(
        seconds: u64,
        queues: &StockQueue,
        ledger: &Ledger,
        ops: &OpsArgs,
    ) -> Self {
        let process = Process::default();
        let args = dlq::Args {
            dlq_url: queues.dead.url().to_owned(),
            queue_url: queues.queue.url().to_owned(),
            mapping_file: None,
            dlq_interval_seconds: seconds,
            release_namespace: None,
            ops: ops.clone(),
            database: DatabaseArgs::at(ledger.schema.url()),
        };
        let ending = tokio::task::spawn(dlq::run(args, process.clone()));
        Self { process, ending }
    }

    fn readiness(&self) -> String {
        self.process.health.readiness().lines.join("\n")
    }

    /// Waits until its readiness says this.
    async fn says(&self, what: &str) {
        let waiting = async {
            while !self.readiness().contains(what) {
                sleep(Duration::from_millis(100)).await;
            }
        };
        let said = timeout(PATIENCE, waiting).await;
        assert!(said.is_ok(), "not said: {what:?} in\n{}", self.readiness());
    }

    async fn stop(self) {
        self.process.shutdown.cancel();
        let ended = timeout(PATIENCE, self.ending).await;
        ended
            .expect("it ends when told")
            .expect("no panic")
            .expect("no error");
    }
}

/// Addresses that no other test has: the mails of all tests are kept in one list.
fn ops(topic_arn: &str) -> OpsArgs {
    let name = topic_arn.rsplit(':').next().unwrap();
    OpsArgs {
        ops_topic_arn: Some(topic_arn.to_owned()),
        ops_email_from: Some("restock@example.com".to_owned()),
        ops_email_to: vec![format!("{name}@example.com")],
        topic_arn: None,
    }
}

/// The next notice in the mailbox, as SNS wrapped it.
async fn next(mailbox: &Queue) -> Option<Value> {
    let one = mailbox.receive(1, QUIET, None).await.unwrap().pop()?;
    mailbox.delete_batch(&[&one.receipt]).await.unwrap();
    Some(serde_json::from_str(&one.body).unwrap())
}

async fn first(mailbox: &Queue) -> Value {
    timeout(PATIENCE, async {
        loop {
            if let Some(notice) = next(mailbox).await {
                return notice;
            }
        }
    })
    .await
    .expect("a notice comes")
}

async fn mails_to(address: &str) -> usize {
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

async fn allow_sender(ops: &OpsArgs) {
    let config = aws::config().await.unwrap();
    let client = aws_sdk_sesv2::Client::new(&config);
    let from = ops.ops_email_from.clone().unwrap();
    // Another test may have done it already.
    let _ = client
        .create_email_identity()
        .email_identity(from)
        .send()
        .await;
}

fn unique(name: &str) -> String {
    format!("restock-test-{name}-{}", std::process::id())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dead_letter_is_told_once_with_its_reason_and_stays() {
    install_tls();
    let ledger = Arc::new(Ledger::create().await);
    with_queues(&unique("told"), 3, async |queues| {
        let (topic_arn, mailbox) = queues.mailbox().await;
        let ops = ops(&topic_arn);
        allow_sender(&ops).await;
        queues.bury("junk").await;
        queues.bury("more junk").await;
        queues
            .bury(r#"{"MessageAttributeProductId": "A", "MessageAttributeProductCnt": -1}"#)
            .await;
        let dlq = Dlq::start(&queues, &ledger, &ops);

        let notice = first(&mailbox).await;
        assert_eq!(
            notice["Subject"],
            "[restock] 3 dead messages: could not become an order"
        );
        let text = notice["Message"].as_str().unwrap();
        let junk =
            "2 times: no product id: expected fields.MessageAttributeProductId, found no keys";
        assert!(text.contains(junk), "{text}");
        assert!(
            text.contains("once: quantity must be a whole number"),
            "{text}"
        );
        assert_eq!(mails_to(&ops.ops_email_to[0]).await, 1);
        assert_eq!(next(&mailbox).await, None, "told once");
        dlq.stop().await;

        // A process that starts afresh tells only what is new.
        let dlq = Dlq::start(&queues, &ledger, &ops);
        let id = queues.bury("later").await;
        let notice = first(&mailbox).await;
        let text = notice["Message"].as_str().unwrap();
        assert!(text.starts_with("What      1 message could"), "{text}");
        assert!(text.contains(&id), "{text}");
        assert_eq!(next(&mailbox).await, None, "told once");
        assert!(dlq.process.health.readiness().ok);
        let page = dlq.process.registry.encode().unwrap();
        assert!(page.contains("restock_dlq_depth_messages 4\n"), "{page}");
        assert!(
            page.contains("restock_dlq_told_messages_total 1\n"),
            "{page}"
        );
        dlq.stop().await;
        assert_eq!(queues.dead_letters().await, 4, "none is deleted");
        // Those that were told before this process began are known to lie there still.
        let ever = Mark::older_than(Time::from_micros(i64::MAX));
        let listed = ledger.dead_letters(false, &ever, 10).await.unwrap();
        assert_eq!(listed.letters.len(), 4);
        let swept_at = listed.swept_at.unwrap();
        for one in listed.letters {
            assert!(one.letter.last_seen_at + QUIET > swept_at, "{one:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_whose_row_a_restored_ledger_lacks_is_told() {
    install_tls();
    let ledger = Arc::new(Ledger::create().await);
    with_queues(&unique("restored"), 3, async |queues| {
        let (topic_arn, mailbox) = queues.mailbox().await;
        let ops = ops(&topic_arn);
        allow_sender(&ops).await;
        let id = queues.bury("junk").await;
        let dlq = Dlq::start(&queues, &ledger, &ops);
        first(&mailbox).await;
        let pool = ledger.schema.pool().await;
        let restored = sqlx::query("DELETE FROM dead_letter");
        restored.execute(&pool).await.unwrap();
        let notice = first(&mailbox).await;
        let text = notice["Message"].as_str().unwrap();
        assert!(text.contains(&id), "{text}");
        assert_eq!(next(&mailbox).await, None, "told once");
        dlq.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_does_not_exist_keeps_the_role_from_being_ready() {
    install_tls();
    let ledger = Arc::new(Ledger::create().await);
    with_queues(&unique("untold"), 3, async |queues| {
        let (topic_arn, mailbox) = queues.mailbox().await;
        let mut ops = ops(&topic_arn);
        allow_sender(&ops).await;
        ops.ops_topic_arn = Some(format!("{topic_arn}-missing"));
        queues.bury("junk").await;
        let dlq = Dlq::start(&queues, &ledger, &ops);
        dlq.says("notices: sns").await;
        // As if the claim had been made so long ago that it is about to end.
        let pool = ledger.schema.pool().await;
        let age = "UPDATE dead_letter SET claimed_until = claimed_until - 119000000";
        sqlx::query(age).execute(&pool).await.unwrap();
        sleep(QUIET).await;
        let ended = "SELECT COUNT(*) FROM dead_letter WHERE claimed_until < \
             TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) + 60000000";
        let ended: i64 = sqlx::query_scalar(ended).fetch_one(&pool).await.unwrap();
        assert_eq!(ended, 0, "another process would tell it again");
        assert!(!dlq.process.health.readiness().ok);
        // Many turns later the channel that works has had it once.
        assert_eq!(mails_to(&ops.ops_email_to[0]).await, 1);
        assert_eq!(next(&mailbox).await, None);
        dlq.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_that_do_not_fit_together_are_remarked_on_and_watched_all_the_same() {
    install_tls();
    let ledger = Arc::new(Ledger::create().await);
    with_queues(&unique("pairing"), 3, async |queues| {
        let (topic_arn, mailbox) = queues.mailbox().await;
        let ops = ops(&topic_arn);
        allow_sender(&ops).await;
        queues.keep_dead_letters_for("345600").await;
        queues.bury("junk").await;
        let dlq = Dlq::start(&queues, &ledger, &ops);
        first(&mailbox).await;
        dlq.says("set MessageRetentionPeriod of the dead-letter queue to 1209600")
            .await;
        dlq.says("[+] notices").await;
        assert!(dlq.process.health.readiness().ok, "{}", dlq.readiness());
        dlq.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_dead_letter_queues_on_one_ledger_are_remarked_on_and_no_letter_counts_as_gone() {
    install_tls();
    let ledger = Arc::new(Ledger::create().await);
    with_queues(&unique("one"), 3, async |one| {
        with_queues(&unique("other"), 3, async |other| {
            let (topic_arn, mailbox) = one.mailbox().await;
            let ops = ops(&topic_arn);
            allow_sender(&ops).await;
            let mut watchers = Vec::new();
            for (queues, body) in [(&one, "junk"), (&other, "rubbish")] {
                queues.bury(body).await;
                watchers.push(Dlq::start(queues, &ledger, &ops));
                first(&mailbox).await;
            }
            for dlq in &watchers {
                dlq.says("a ledger keeps the letters of one").await;
            }
            let swept_at = async || {
                let behind = Mark::older_than(Time::from_micros(i64::MAX));
                let listed = ledger.dead_letters(false, &behind, 10).await.unwrap();
                assert_eq!(listed.letters.len(), 2, "each is listed");
                (listed.swept_at, listed.gone_before)
            };
            let before = swept_at().await;
            sleep(QUIET).await;
            assert_eq!(
                swept_at().await,
                before,
                "neither speaks for the other's queue"
            );
            for dlq in watchers {
                dlq.stop().await;
            }
        })
        .await;
    })
    .await;
}
