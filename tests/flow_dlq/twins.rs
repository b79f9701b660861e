//! Equal letters that nobody gave an id: they are told apart by what lies there at a time.

use crate::ledger::Ledger;
use crate::stock_queue::{StockQueue, with_queues};
use crate::{Dlq, PATIENCE, allow_sender, first, ops, unique};
use restock_operator::edge::sqs::Received;
use restock_operator::process::install_tls;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Receives one of the letters, and hides it from others for so long.
async fn take(queues: &StockQueue, hold: Duration) -> Received {
    let taking = async {
        loop {
            let wait = Duration::from_secs(1);
            let mut taken = queues.dead.receive(1, wait, Some(hold)).await.unwrap();
            if let Some(one) = taken.pop() {
                return one;
            }
        }
    };
    timeout(PATIENCE, taking).await.expect("it is met")
}

fn text(notice: &Value) -> &str {
    let text = notice["Message"].as_str().unwrap();
    assert!(text.starts_with("What      1 message could"), "{text}");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn an_equal_letter_is_again_only_if_the_earlier_one_has_gone() {
    install_tls();
    let ledger = Arc::new(Ledger::create().await);
    with_queues(&unique("twins"), 3, async |queues| {
        let (topic_arn, mailbox) = queues.mailbox().await;
        let ops = ops(&topic_arn);
        allow_sender(&ops).await;
        queues.bury("junk").await;
        let dlq = Dlq::start(&queues, &ledger, &ops);
        let notice = first(&mailbox).await;
        assert!(!text(&notice).contains("again"), "{notice}");

        queues.bury("junk").await;
        let notice = first(&mailbox).await;
        assert!(!text(&notice).contains("again"), "both lie there: {notice}");
        for death in [2, 3] {
            for _ in 0..2 {
                let taken = take(&queues, Duration::from_secs(2)).await;
                queues.dead.delete_batch(&[&taken.receipt]).await.unwrap();
            }
            for _ in 0..2 {
                queues.bury("junk").await;
                let notice = first(&mailbox).await;
                let again = format!(", again (death {death})\n");
                assert!(text(&notice).contains(&again), "{notice}");
            }
        }
        dlq.stop().await;
        assert_eq!(queues.dead_letters().await, 2, "none is deleted");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_equal_letter_that_somebody_hides_has_not_gone() {
    install_tls();
    let ledger = Arc::new(Ledger::create().await);
    with_queues(&unique("hidden"), 3, async |queues| {
        let (topic_arn, mailbox) = queues.mailbox().await;
        let ops = ops(&topic_arn);
        allow_sender(&ops).await;
        queues.bury("junk").await;
        let dlq = Dlq::start(&queues, &ledger, &ops);
        first(&mailbox).await;
        take(&queues, Duration::from_secs(10)).await;
        queues.bury("junk").await;
        let notice = first(&mailbox).await;
        assert!(!text(&notice).contains("again"), "{notice}");
        dlq.stop().await;
    })
    .await;
}
