//! What a word cannot do, and in which words it is refused.

use crate::{at, failed, in_doubt, recorded, step, word};
use restock_operator::domain::decide::Step;
use restock_operator::domain::progress::{OrderOutcome, Phase, Progress, Reason, RowOutcome};
use restock_operator::domain::word::{Verb, may_order_twice};

/// Why the word was refused; the request stands where it stood.
pub(crate) fn refusal(progress: &Progress, verb: Verb, outcome: RowOutcome) -> String {
    let after = recorded(step(progress, verb, outcome));
    let handled = after.handled_resolution.clone().unwrap();
    let untouched = Progress {
        handled_resolution: progress.handled_resolution.clone(),
        ..after
    };
    assert_eq!(untouched, *progress);
    assert_eq!(handled.word, word(verb, 1));
    handled.refusal.unwrap()
}

#[test]
fn what_cannot_be_done_is_refused_in_words() {
    let placed = at(Phase::Awaiting, Reason::OrderPlaced, OrderOutcome::Placed);
    let unsent = at(Phase::Pending, Reason::BackingOff, OrderOutcome::NotPlaced);
    let duplicate = Progress {
        finished: true,
        ..at(Phase::Failed, Reason::Duplicate, OrderOutcome::NotPlaced)
    };
    let arrived = Progress {
        finished: true,
        ..at(Phase::Succeeded, Reason::Arrived, OrderOutcome::Placed)
    };
    for (progress, verb, outcome, words) in [
        (&placed, Verb::Retry, RowOutcome::Placed, "not overdue"),
        (&placed, Verb::Cancel, RowOutcome::Placed, "takes none back"),
        (&placed, Verb::NotPlaced, RowOutcome::Open, "in doubt"),
        (
            &in_doubt(),
            Verb::Cancel,
            RowOutcome::Open,
            "takes none back",
        ),
        (&failed(), Verb::Cancel, RowOutcome::Unknown, "it is over"),
        (&unsent, Verb::Retry, RowOutcome::NotSent, "under way"),
        (
            &unsent,
            Verb::Cancel,
            RowOutcome::Unknown,
            "takes none back",
        ),
        (
            &duplicate,
            Verb::Retry,
            RowOutcome::NotSent,
            "another object",
        ),
        (&arrived, Verb::Retry, RowOutcome::Placed, "goods are here"),
    ] {
        let why = refusal(progress, verb, outcome);
        assert!(why.contains(words), "{verb:?}: {why}");
    }
}

#[test]
fn a_word_about_another_attempt_is_stale_and_one_during_an_order_waits() {
    let second = Progress {
        attempt: 2,
        ..in_doubt()
    };
    let why = refusal(&second, Verb::Retry, RowOutcome::Unknown);
    let expected = "it is about attempt 1, and the request is at attempt 2";
    assert_eq!(why, expected);
    let placing = at(Phase::Placing, Reason::Ordering, OrderOutcome::NotPlaced);
    let waits = step(&placing, Verb::Cancel, RowOutcome::Open);
    assert!(matches!(waits, Step::Wait { .. }), "{waits:?}");
    // When it is taken up, the order may be in doubt: whoever says it is asked before.
    assert!(may_order_twice(&placing));
}
