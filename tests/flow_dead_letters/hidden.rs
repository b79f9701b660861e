//! Letters that somebody else hides for a while, as the dlq role does with each of its looks.

use crate::stock_queue::StockQueue;
use crate::terminal::begin;
use crate::{depths, dlq, in_queues, order};
use std::time::Duration;

/// Longer than one look, as a sweep of many letters is.
const A_SWEEP: Duration = Duration::from_secs(4);

/// Longer than anybody waits.
const LONG: Duration = Duration::from_secs(300);

/// Hides what can be met now, for so long.
async fn hide(queues: &StockQueue, time: Duration) -> usize {
    let wait = Duration::from_secs(1);
    let hidden = queues.dead.receive(10, wait, Some(time)).await;
    hidden.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_sweep_hides_is_waited_for_before_the_plan() {
    in_queues(async |queues| {
        for number in 0..3 {
            order(&queues, &format!("e-{number}")).await;
        }
        assert_eq!(hide(&queues, A_SWEEP).await, 3);
        let said = dlq(&queues, &["redrive", "--all", "--yes"]);
        assert_eq!(said.code, 0, "{said:?}");
        assert!(said.out.ends_with("3 dead letters sent back\n"), "{said:?}");
        assert_eq!(depths(&queues).await, (3, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_a_sweep_hides_is_shown_after_it() {
    in_queues(async |queues| {
        let id = order(&queues, "e-1").await;
        assert_eq!(hide(&queues, A_SWEEP).await, 1);
        let said = dlq(&queues, &["show", &id]);
        assert_eq!(said.code, 0, "{said:?}");
        assert!(said.out.contains(&id), "{said:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_sweep_hides_is_waited_for_after_the_plan_too() {
    in_queues(async |queues| {
        for number in 0..3 {
            order(&queues, &format!("e-{number}")).await;
        }
        let mut terminal = begin(&queues);
        terminal.answer("Go on? [y/N]", "");
        assert_eq!(hide(&queues, A_SWEEP).await, 3);
        terminal.answer("Go on? [y/N]", "y\n");
        let said = terminal.ended();
        assert_eq!(said.code, 0, "{said:?}");
        let sent = "3 of 3 dead letters sent back";
        assert!(said.out.contains(sent), "{said:?}");
        assert_eq!(depths(&queues).await, (3, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_hidden_is_no_success() {
    in_queues(async |queues| {
        for number in 0..2 {
            queues.bury(&format!("hidden {number}")).await;
        }
        assert_eq!(hide(&queues, LONG).await, 2);
        let said = dlq(&queues, &["redrive", "--all", "--yes"]);
        said.expect(
            1,
            &[
                "no dead letter was met: looked at 0 of about 2",
                "Somebody else",
            ],
        );

        queues.bury("met").await;
        let said = dlq(&queues, &["redrive", "--all", "--yes"]);
        said.expect(1, &["perhaps these were not all", "Somebody else"]);
        let sent = "1 of 1 dead letter sent back\n";
        assert!(said.out.ends_with(sent), "{said:?}");
        assert_eq!(queues.depth().await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_loses_what_is_looked_at_is_not_looked_at() {
    in_queues(async |queues| {
        let id = order(&queues, "e-1").await;
        let attic = queues.mailbox().await.1;
        let attic = attic.attributes().await.unwrap().arn;
        queues.move_dead_letters_to(&attic).await;
        for arguments in [&["show", &id][..], &["redrive", "--all", "--yes"]] {
            let said = dlq(&queues, arguments);
            said.expect(1, &["is not looked at: it has a redrive policy of its own"]);
        }
        // With both queues exchanged, to take that policy away would be to have no dead letters.
        queues.move_dead_letters_to(&queues.state().await.arn).await;
        let said = dlq(&queues, &["show", &id]);
        said.expect(
            2,
            &["the wrong way round", "exchange --dlq-url and --queue-url"],
        );
        assert!(!said.err.contains("set-queue-attributes"), "{said:?}");
        assert_eq!(depths(&queues).await, (0, 1), "it lies there");
    })
    .await;
}
