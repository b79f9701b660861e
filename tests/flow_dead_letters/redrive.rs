//! Letters on their way back.

use crate::plugin::plugin;
use crate::stock_queue::StockQueue;
use crate::{depths, dlq, in_queues, order};
use futures::StreamExt as _;
use restock_operator::edge::aws;
use std::time::Duration;
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn without_a_yes_nothing_is_done() {
    in_queues(async |queues| {
        order(&queues, "e-1").await;
        for arguments in [
            &["redrive", "--all"][..],
            &["redrive", "--all", "--dry-run"],
        ] {
            let said = dlq(&queues, arguments);
            said.expect(
                0,
                &["dry run: would have SQS send all of about 1 dead letter back"],
            );
            assert!(
                said.out.contains("   1  reads as an order of CP-1"),
                "{said:?}"
            );
        }
        assert_eq!(depths(&queues).await, (0, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_of_a_reason_go_back_as_they_were_and_the_others_stay() {
    in_queues(async |queues| {
        let kept = queues.bury("junk").await;
        for event in ["e-1", "e-2"] {
            order(&queues, event).await;
        }
        let arguments = ["redrive", "--reason", "READS as an order", "--yes"];
        let said = dlq(&queues, &arguments);
        assert_eq!(said.code, 0, "{said:?}");
        assert!(
            said.out.contains("2 of 2 dead letters sent back"),
            "{said:?}"
        );
        assert_eq!(depths(&queues).await, (2, 1));
        let wait = Duration::from_secs(1);
        let mut events = Vec::new();
        for one in queues.queue.receive(10, wait, None).await.unwrap() {
            assert_eq!(one.body, r#"{"MessageAttributeProductId": "CP-1"}"#);
            events.push(one.attributes["EventId"].clone());
        }
        events.sort();
        assert_eq!(events, ["e-1", "e-2"]);
        let left = queues.dead.receive(10, wait, None).await.unwrap();
        assert_eq!(left[0].message_id, kept);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_not_there_is_no_success_and_holds_up_no_other() {
    in_queues(async |queues| {
        let id = order(&queues, "e-1").await;
        let arguments = ["redrive", &id, "none-such"];
        let unknown = "not among the dead letters: none-such";
        let said = dlq(&queues, &arguments);
        said.expect(3, &["dry run: would send 1 dead letter back", unknown]);
        let said = dlq(&queues, &[&arguments[..], &["--yes"]].concat());
        said.expect(3, &[unknown, "It may have been sent back"]);
        assert!(
            said.out.contains("1 of 1 dead letter sent back"),
            "{said:?}"
        );
        assert_eq!(depths(&queues).await, (1, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_go_back_by_the_task_of_sqs() {
    in_queues(async |queues| {
        for number in 0..12 {
            order(&queues, &format!("e-{number}")).await;
        }
        let said = dlq(
            &queues,
            &["redrive", "--all", "--yes", "--per-second", "500"],
        );
        assert_eq!(said.code, 0, "{said:?}");
        assert!(
            said.out.ends_with("12 dead letters sent back\n"),
            "{said:?}"
        );
        assert_eq!(depths(&queues).await, (12, 0));
        let said = dlq(&queues, &["redrive", "--all", "--yes"]);
        assert_eq!(said.out, "there are no dead letters to send back\n");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_that_is_running_is_said_and_how_to_cancel_it() {
    in_queues(async |queues| {
        for number in 0..20 {
            order(&queues, &format!("e-{number}")).await;
        }
        let arn = queues.dead.attributes().await.unwrap().arn;
        queues.dead.start_move(&arn, 1).await.unwrap();
        for arguments in [
            &["redrive", "--all", "--yes"][..],
            &["redrive", "x", "--yes"],
        ] {
            let said = dlq(&queues, arguments);
            said.expect(
                1,
                &[
                    "already running",
                    "of about 20",
                    "cancel-message-move-task --task-handle",
                ],
            );
        }
        let running = queues.dead.latest_move(&arn).await.unwrap().unwrap();
        let client = aws_sdk_sqs::Client::new(&aws::config().await.unwrap());
        let cancel = client.cancel_message_move_task();
        let cancel = cancel.task_handle(running.handle.unwrap());
        cancel.send().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_vanished_meanwhile_is_counted_and_the_rest_goes_on() {
    in_queues(async |queues| {
        for number in 0..12 {
            order(&queues, &format!("e-{number}")).await;
        }
        let (beside, sent) = (queues.clone(), queues.clone());
        let running = tokio::task::spawn_blocking(move || {
            let arguments = ["redrive", "--reason", "order", "--yes", "--per-second", "2"];
            dlq(&sent, &arguments)
        });
        // It holds ten of them, and somebody else takes the last two.
        timeout(PATIENCE, async {
            while queues.state().await.messages_visible == 0 {
                sleep(Duration::from_millis(50)).await;
            }
        })
        .await
        .expect("it begins");
        let taken = beside
            .dead
            .receive(10, Duration::from_secs(1), None)
            .await
            .unwrap();
        let receipts: Vec<&str> = taken.iter().map(|one| one.receipt.as_str()).collect();
        beside.dead.delete_batch(&receipts).await.unwrap();
        let said = running.await.unwrap();
        assert_eq!((said.code, taken.len()), (0, 2), "{said:?}");
        assert!(
            said.out.contains("10 of 12 dead letters sent back"),
            "{said:?}"
        );
        assert!(said.out.contains("2 were not met"), "{said:?}");
        assert!(said.err.contains("of 12 sent back"), "progress: {said:?}");
        assert_eq!(depths(&queues).await, (10, 0));

        order(&queues, "e-1").await;
        let said = dlq(&queues, &["redrive", "gone-1", "--yes"]);
        said.expect(3, &["gone-1 is not among them", "no such dead letter"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_its_queue_does_not_take_holds_up_no_other() {
    in_queues(async |queues| {
        queues.take_at_most("1024").await;
        let large = queues.bury(&"x".repeat(2_000)).await;
        for number in 0..11 {
            order(&queues, &format!("e-{number}")).await;
        }
        let said = dlq(&queues, &["redrive", "--reason", "r", "--yes"]);
        said.expect(1, &[&format!("cannot send {large} to ")]);
        let sent = "11 of 12 dead letters sent back\n";
        assert!(said.out.ends_with(sent), "{said:?}");
        assert_eq!(depths(&queues).await, (11, 1));
    })
    .await;
}

/// So many, of which each is different.
async fn bury(queues: &StockQueue, letters: usize) {
    let burying =
        (0..letters).map(|number| async move { queues.bury(&format!("letter {number}")).await });
    let buried = futures::stream::iter(burying).buffered(20);
    assert_eq!(buried.count().await, letters);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_look_does_not_reach_is_said_and_goes_back_with_the_next() {
    in_queues(async |queues| {
        bury(&queues, 1_003).await;
        let redrive = || {
            dlq(
                &queues,
                &["redrive", "--all", "--yes", "--per-second", "500"],
            )
        };
        let said = redrive();
        said.expect(1, &["these were not all", "Run it again"]);
        let sent = "1000 of 1000 dead letters sent back\n";
        assert!(said.out.ends_with(sent), "{said:?}");
        assert_eq!(depths(&queues).await, (1_000, 3));
        let said = redrive();
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(depths(&queues).await, (1_003, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_meets_just_as_many_as_it_can_is_whole() {
    in_queues(async |queues| {
        bury(&queues, 1_000).await;
        let said = dlq(&queues, &["redrive", "--all"]);
        assert_eq!(said.code, 0, "{said:?}");
        let looked = "looked at 1000 of about 1000 dead letters\n";
        assert!(said.out.starts_with(looked), "{said:?}");
        assert!(!said.out.contains("One look ends"), "{said:?}");
        assert_eq!(depths(&queues).await, (0, 1_000), "all are given back");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_do_not_go_back_to_where_they_are() {
    in_queues(async |queues| {
        order(&queues, "e-1").await;
        let url = queues.dead.url();
        let to_itself = ["dlq", "redrive", "--all", "--yes", "--dlq-url", url];
        let said = plugin(&[&to_itself[..], &["--queue-url", url]].concat(), "", &[]);
        said.expect(2, &["name the same queue"]);
        assert_eq!(depths(&queues).await, (0, 1));
    })
    .await;
}
