//! What is told and looked at while something around the dead-letter queue is broken.

use crate::ledger::Ledger;
use crate::stock_queue::with_queues;
use crate::{Dlq, PATIENCE, QUIET, allow_sender, first, mails_to, ops, unique};
use restock_operator::domain::time::Time;
use restock_operator::edge::store::page::Mark;
use restock_operator::process::install_tls;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_takes_nothing_keeps_no_letter_from_the_other() {
    install_tls();
    let ledger = Arc::new(Ledger::create().await);
    with_queues(&unique("deaf"), 3, async |queues| {
        let (topic_arn, _) = queues.mailbox().await;
        let mut ops = ops(&topic_arn);
        allow_sender(&ops).await;
        ops.ops_topic_arn = Some(format!("{topic_arn}-missing"));
        let dlq = Dlq::start(&queues, &ledger, &ops);
        for (count, body) in [(1, "junk"), (2, "rubbish"), (3, "refuse")] {
            queues.bury(body).await;
            let told = async {
                while mails_to(&ops.ops_email_to[0]).await < count {
                    sleep(Duration::from_millis(100)).await;
                }
            };
            timeout(PATIENCE, told).await.expect("it is told by mail");
        }
        dlq.says("notices: sns").await;
        sleep(QUIET).await;
        let mails = mails_to(&ops.ops_email_to[0]).await;
        assert_eq!(mails, 3, "each once, however often the other one is tried");
        dlq.stop().await;
    })
    .await;
}

/// Until when letters are claimed that nobody was told of.
async fn claimed_until(ledger: &Ledger) -> Option<i64> {
    let pool = ledger.schema.pool().await;
    let until = "SELECT MAX(claimed_until) FROM dead_letter WHERE told_at IS NULL";
    let until = sqlx::query_scalar(until).fetch_one(&pool).await.unwrap();
    pool.close().await;
    until
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_told_is_kept_from_others_also_between_two_turns() {
    install_tls();
    let ledger = Arc::new(Ledger::create().await);
    with_queues(&unique("kept"), 3, async |queues| {
        let (topic_arn, _) = queues.mailbox().await;
        let mut ops = ops(&topic_arn);
        allow_sender(&ops).await;
        ops.ops_topic_arn = Some(format!("{topic_arn}-missing"));
        queues.bury("junk").await;
        let dlq = Dlq::start_looking_every(600, &queues, &ledger, &ops);
        dlq.says("notices: sns").await;
        let before = claimed_until(&ledger).await.expect("it is claimed");
        let kept = async {
            while claimed_until(&ledger).await == Some(before) {
                sleep(Duration::from_secs(1)).await;
            }
        };
        timeout(2 * PATIENCE, kept).await.expect("it is renewed");
        assert!(claimed_until(&ledger).await > Some(before));
        dlq.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_told_while_the_queue_that_they_come_from_is_away() {
    install_tls();
    let ledger = Arc::new(Ledger::create().await);
    with_queues(&unique("orphans"), 3, async |queues| {
        let (topic_arn, mailbox) = queues.mailbox().await;
        let ops = ops(&topic_arn);
        allow_sender(&ops).await;
        let dlq = Dlq::start(&queues, &ledger, &ops);
        dlq.says("[+] queue").await;
        queues.delete_queue().await;
        queues.bury("junk").await;
        first(&mailbox).await;
        dlq.says("[+] queue: the queue cannot be asked").await;
        dlq.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_queue_that_loses_what_is_looked_at_is_not_looked_at() {
    install_tls();
    let ledger = Arc::new(Ledger::create().await);
    with_queues(&unique("lossy"), 3, async |queues| {
        let (topic_arn, mailbox) = queues.mailbox().await;
        let ops = ops(&topic_arn);
        allow_sender(&ops).await;
        let attic = mailbox.attributes().await.unwrap().arn;
        queues.move_dead_letters_to(&attic).await;
        queues.bury("junk").await;
        let dlq = Dlq::start(&queues, &ledger, &ops);
        dlq.says("[-] queue: it has a redrive policy of its own")
            .await;
        sleep(QUIET).await;
        assert_eq!(queues.dead_letters().await, 1, "it lies there");
        let ever = Mark::older_than(Time::from_micros(i64::MAX));
        let listed = ledger.dead_letters(true, &ever, 10).await.unwrap();
        assert!(listed.letters.is_empty(), "and was not received");
        dlq.stop().await;
    })
    .await;
}
