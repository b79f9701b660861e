//! Many letters, several watchers of which one is killed, and letters that come back.

use crate::ledger::Ledger;
use crate::stock_queue::{Attributes, StockQueue, attributes, with_queues};
use crate::{Dlq, PATIENCE, allow_sender, next, ops, unique};
use restock_operator::edge::sqs::Queue;
use restock_operator::process::install_tls;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Letters: more than one notice, and more than one batch of each watcher.
const LETTERS: usize = 450;

/// Of these every third is of a kind.
fn letter(number: usize) -> (String, Attributes) {
    let body = match number % 3 {
        0 => format!("junk {number}"),
        1 => format!(r#"{{"MessageAttributeProductId": "CP {number}"}}"#),
        _ => format!(r#"{{"MessageAttributeProductId": "CP-{number}"}}"#),
    };
    (body, attributes(&[("EventId", &format!("event-{number}"))]))
}

/// The ids of the messages that notices list, and the notices by their ids.
#[derive(Default)]
struct Told {
    by_message: BTreeMap<String, BTreeSet<String>>,
    subjects: Vec<String>,
    texts: Vec<String>,
}

impl Told {
    fn add(&mut self, notice: &Value) {
        let id = &notice["MessageAttributes"]["NoticeId"]["Value"];
        let text = notice["Message"].as_str().unwrap();
        for line in text.lines().filter(|line| line.starts_with("  ")) {
            let mut words = line
                .split_whitespace()
                .skip_while(|word| *word != "message");
            let Some(message) = words.nth(1) else {
                continue;
            };
            let notices = self.by_message.entry(message.to_owned()).or_default();
            notices.insert(id.as_str().unwrap().to_owned());
        }
        self.subjects
            .push(notice["Subject"].as_str().unwrap().to_owned());
        self.texts.push(text.to_owned());
    }
}

/// Collects notices until so many messages were told. Claims of the dead lapse meanwhile.
async fn collect(mailbox: &Queue, ledger: &Ledger, mut told: Told, messages: usize) -> Told {
    let pool = ledger.schema.pool().await;
    let lapse = "UPDATE dead_letter SET claimed_until = 0 WHERE told_at IS NULL AND \
         claimed_by IS NOT NULL";
    timeout(2 * PATIENCE, async {
        while told.by_message.len() < messages {
            match next(mailbox).await {
                Some(notice) => told.add(&notice),
                // Nobody tells for several turns: as if the hold of the killed were over.
                None => drop(sqlx::query(lapse).execute(&pool).await.unwrap()),
            }
        }
    })
    .await
    .expect("all are told");
    while let Some(notice) = next(mailbox).await {
        told.add(&notice);
    }
    told
}

/// Takes these letters out of the queue, and lets them die again: under other ids.
async fn redrive(queues: &StockQueue, numbers: &[usize]) {
    let mut left: BTreeSet<String> = numbers.iter().map(|n| letter(*n).0).collect();
    let hold = Some(Duration::from_secs(5));
    timeout(PATIENCE, async {
        while !left.is_empty() {
            let met = queues.dead.receive(10, Duration::ZERO, hold).await.unwrap();
            for one in met.iter().filter(|one| left.remove(&one.body)) {
                queues.dead.delete_batch(&[&one.receipt]).await.unwrap();
            }
        }
    })
    .await
    .expect("they are met");
    for number in numbers {
        let (body, attributes) = letter(*number);
        queues.dead.send(body, &attributes).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_many_letters_is_in_one_notice_whoever_dies_and_those_that_return_are_again() {
    install_tls();
    let ledger = Arc::new(Ledger::create().await);
    with_queues(&unique("flood"), 3, async |queues| {
        let (topic_arn, mailbox) = queues.mailbox().await;
        let ops = ops(&topic_arn);
        allow_sender(&ops).await;
        for number in 0..LETTERS {
            let (body, attributes) = letter(number);
            queues.dead.send(body, &attributes).await.unwrap();
        }
        // It dies while it tells: before or after it has noted that it told the first.
        let doomed = Dlq::start(&queues, &ledger, &ops);
        let mut told = Told::default();
        told.add(&crate::first(&mailbox).await);
        doomed.ending.abort();
        let others = [(); 2].map(|()| Dlq::start(&queues, &ledger, &ops));
        let told = collect(&mailbox, &ledger, told, LETTERS).await;
        assert_eq!(told.by_message.len(), LETTERS);
        let twice: Vec<_> = told
            .by_message
            .iter()
            .filter(|(_, ids)| ids.len() > 1)
            .collect();
        assert!(twice.is_empty(), "told in two notices: {twice:?}");
        assert!(
            told.subjects
                .iter()
                .all(|subject| !subject.contains("again"))
        );

        let returned = [3, 4, 5];
        for death in [2, 3] {
            redrive(&queues, &returned).await;
            let told = collect(&mailbox, &ledger, Told::default(), returned.len()).await;
            let texts = told.texts.concat();
            let again = format!(", again (death {death})\n");
            assert_eq!(texts.matches(&again).count(), returned.len(), "{texts}");
            assert_eq!(told.by_message.len(), returned.len());
        }
        // A watcher at work hides what it looks at.
        for watcher in others {
            watcher.stop().await;
        }
        assert_eq!(
            queues.dead_letters().await,
            LETTERS as u64,
            "none is deleted"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reasons_of_the_letters_that_are_there_are_measured() {
    install_tls();
    let ledger = Arc::new(Ledger::create().await);
    with_queues(&unique("measured"), 3, async |queues| {
        let (topic_arn, mailbox) = queues.mailbox().await;
        let ops = ops(&topic_arn);
        allow_sender(&ops).await;
        for number in 0..4 {
            let (body, attributes) = letter(number);
            queues.dead.send(body, &attributes).await.unwrap();
        }
        let dlq = Dlq::start(&queues, &ledger, &ops);
        crate::first(&mailbox).await;
        let page = || dlq.process.registry.encode().unwrap();
        for (reason, letters) in [
            ("NoProduct", 2),
            ("BadValue", 1),
            ("Readable", 1),
            ("TooLarge", 0),
            ("MappingFailed", 0),
            ("AgainstRule", 0),
        ] {
            let line = format!("restock_dlq_letters{{reason=\"{reason}\"}} {letters}\n");
            assert!(page().contains(&line), "{line} is not in {}", page());
        }
        assert_eq!(page().matches("restock_dlq_letters{").count(), 6);
        // What is gone is no longer counted, and what is there is not counted twice.
        let mut held = queues.dead.receive(10, Duration::ZERO, None).await.unwrap();
        while held.len() < 4 {
            held.extend(queues.dead.receive(10, Duration::ZERO, None).await.unwrap());
        }
        let receipts: Vec<&str> = held.iter().map(|one| one.receipt.as_str()).collect();
        queues.dead.delete_batch(&receipts).await.unwrap();
        let none = "restock_dlq_letters{reason=\"NoProduct\"} 0\n";
        timeout(PATIENCE, async {
            while !page().contains(none) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })
        .await
        .expect("they are gone");
        dlq.stop().await;
    })
    .await;
}
