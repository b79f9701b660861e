//! At a terminal: what is asked before something is done, and how far it is.

use crate::plugin::{Said, Terminal};
use crate::stock_queue::StockQueue;
use crate::{depths, dlq, in_queues, order};

/// Begins to send all orders back one by one.
pub(crate) fn begin(queues: &StockQueue) -> Terminal {
    begin_at(queues, "50")
}

fn begin_at(queues: &StockQueue, per_second: &str) -> Terminal {
    Terminal::run(&[
        "dlq",
        "redrive",
        "--reason",
        "order of CP-1",
        "--dlq-url",
        queues.dead.url(),
        "--queue-url",
        queues.queue.url(),
        "--per-second",
        per_second,
    ])
}

/// Sends all orders back one by one, and answers so when it is asked.
fn redrive(queues: &StockQueue, typed: &str) -> Said {
    let mut terminal = begin(queues);
    terminal.answer("at most 50 a second. Go on? [y/N]", typed);
    terminal.ended()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_ends_it_hides_no_letter_and_is_told_how_far_it_came() {
    in_queues(async |queues| {
        for number in 0..40 {
            order(&queues, &format!("e-{number}")).await;
        }
        let mut asked = begin(&queues);
        asked.answer("Go on? [y/N]", "");
        asked.interrupt();
        assert_eq!(asked.ended().code, 130, "while it waits for an answer");

        let mut terminal = begin_at(&queues, "5");
        terminal.answer("Go on? [y/N]", "y\n");
        terminal.answer("] 3/40 ", "");
        terminal.interrupt();
        let said = terminal.ended();
        assert_eq!(said.code, 130, "{said:?}");
        assert!(
            said.out.contains(" of 40 dead letters sent back"),
            "{said:?}"
        );
        assert!(said.out.contains("ended by Ctrl-C"), "{said:?}");
        let (sent, left) = depths(&queues).await;
        assert!(sent >= 3 && sent + left == 40, "{sent} {left}");
        // Nothing is hidden: the next one meets all, and waits for nobody.
        let whole = format!("looked at {left} of about {left} dead letters\n");
        let said = dlq(&queues, &["redrive", "--all", "--dry-run"]);
        assert!(said.code == 0 && said.out.starts_with(&whole), "{said:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_asked_and_only_a_yes_is_one_and_a_bar_shows_how_far_it_is() {
    in_queues(async |queues| {
        for number in 0..3 {
            order(&queues, &format!("e-{number}")).await;
        }
        for no in ["\n", "n\n", "yess\n", "\u{4}"] {
            let said = redrive(&queues, no);
            assert_eq!(said.code, 1, "{said:?}");
            assert!(
                said.out.contains("About to send 3 dead letters back"),
                "{said:?}"
            );
            assert!(said.out.contains("nothing was done"), "{said:?}");
        }
        assert_eq!(depths(&queues).await, (0, 3));

        let said = redrive(&queues, "y\n");
        assert_eq!(said.code, 0, "{said:?}");
        assert!(said.out.contains("sent back [█"), "{said:?}");
        assert!(said.out.contains("] 3/3 "), "{said:?}");
        assert!(
            said.out.contains("3 of 3 dead letters sent back"),
            "{said:?}"
        );
        assert_eq!(depths(&queues).await, (3, 0));
    })
    .await;
}
