//! What is said of a request that is to be ordered again, while a person holds its Factory.

use crate::{NOW, in_doubt, recorded, row, seen, step, word};
use restock_operator::domain::decide::{Step, decide, released};
use restock_operator::domain::order::FactoryKey;
use restock_operator::domain::policy::Policy;
use restock_operator::domain::progress::{Observed, Progress, Reason, RowOutcome, Unresolved};
use restock_operator::domain::word::Verb;

fn held(progress: &Progress, hold: Unresolved) -> Observed {
    Observed {
        order: Err(hold),
        ..seen(progress, &word(Verb::Retry, 1), &[row(RowOutcome::Unknown)])
    }
}

fn factory() -> FactoryKey {
    in_doubt().order.unwrap().factory
}

#[test]
fn it_says_what_holds_it_and_is_ordered_again_all_the_same() {
    let retried = recorded(step(&in_doubt(), Verb::Retry, RowOutcome::Unknown));
    let closed = Unresolved::Closed(factory(), "Factory legacy is suspended.".into());
    let at_closed = |progress| decide(&held(progress, closed.clone()), &Policy::default(), NOW);
    let told = recorded(at_closed(&retried));
    // Under another reason the row of the doubt would be believed once more.
    assert_eq!(told.reason, Reason::Retrying);
    assert_eq!(
        told.message,
        "Factory legacy is suspended. It is ordered again after that."
    );
    assert!(matches!(at_closed(&told), Step::Wait { .. }), "said once");

    let free = released(&told).unwrap();
    assert_eq!(free.reason, Reason::Retrying);
    assert!(!free.message.contains("suspended"), "{}", free.message);
    assert_eq!(released(&free), None);
    let said = word(Verb::Retry, 1);
    let open = seen(&free, &said, &[row(RowOutcome::Unknown)]);
    assert!(matches!(
        decide(&open, &Policy::default(), NOW),
        Step::Order(..)
    ));
}

#[test]
fn that_others_go_first_is_not_said() {
    let retried = recorded(step(&in_doubt(), Verb::Retry, RowOutcome::Unknown));
    let busy = Unresolved::ProductBusy(factory(), "Another one goes first.".into());
    let waits = decide(&held(&retried, busy), &Policy::default(), NOW);
    assert!(matches!(waits, Step::Wait { .. }), "{waits:?}");
}

#[test]
fn the_id_of_the_order_before_is_not_that_of_the_next_one() {
    let known = Progress {
        factory_order_id: Some("4b21".into()),
        ..in_doubt()
    };
    let retried = recorded(step(&known, Verb::Retry, RowOutcome::Unknown));
    let said = word(Verb::Retry, 1);
    let open = seen(&retried, &said, &[row(RowOutcome::Unknown)]);
    let Step::Order(announced, _) = decide(&open, &Policy::default(), NOW) else {
        panic!("not ordered again");
    };
    assert_eq!(announced.factory_order_id, None);
}
