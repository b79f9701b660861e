//! At a terminal: what is asked before something is done, and how far it is.

use crate::plugin::{Said, Terminal};
use crate::stock_queue::StockQueue;
use crate::{depths, in_queues, order};

/// Begins to send all orders back one by one.
pub(crate) fn begin(queues: &StockQueue) -> Terminal {
    Terminal::run(&[
        "dlq",
        "redrive",
        "--reason",
        "order of CP-1",
        "--dlq-url",
        queues.dead.url(),
        "--queue-url",
        queues.queue.url(),
    ])
}

/// Sends all orders back one by one, and answers so when it is asked.
fn redrive(queues: &StockQueue, typed: &str) -> Said {
    let mut terminal = begin(queues);
    terminal.answer("at most 50 a second. Go on? [y/N]", typed);
    terminal.ended()
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
