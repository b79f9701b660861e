//! Needs nothing. Proves: what each word of a person makes of a request in each place, that
//! it is done once, and that what cannot be done is refused in words.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "domain_words/held.rs"]
mod held;
#[path = "domain_words/refused.rs"]
mod refused;
#[path = "domain_words/unbooked.rs"]
mod unbooked;

use refused::refusal;
use restock_operator::domain::decide::{Step, decide};
use restock_operator::domain::notice::{self, Kind};
use restock_operator::domain::order::{FactoryKey, Nonce, Order, Quantity, RequestId, Sku};
use restock_operator::domain::policy::Policy;
use restock_operator::domain::progress::{
    Answer, ArrivalRow, AttemptRow, Delay, LedgerView, Observed, OrderOutcome, Phase, Progress,
    Reason, Request, RowOutcome, Told,
};
use restock_operator::domain::time::Time;
use restock_operator::domain::word::{Handled, Resolution, Verb};
use std::time::Duration;

const NOW: Time = Time::from_micros(1_790_000_000_000_000);

fn pieces(count: u32) -> Quantity {
    Quantity::new(count).unwrap()
}

fn id() -> RequestId {
    RequestId::parse("a").unwrap()
}

fn word(verb: Verb, attempt: u32) -> Resolution {
    Resolution {
        verb,
        attempt,
        reason: "called them".into(),
        by: "kim".into(),
    }
}

/// The first attempt of a request, wherever it stands.
fn at(phase: Phase, reason: Reason, outcome: OrderOutcome) -> Progress {
    let order = Order {
        sku: Sku::parse("CP-1").unwrap(),
        quantity: pieces(3),
        factory: FactoryKey {
            name: "legacy".into(),
            uid: "f-1".into(),
        },
    };
    Progress {
        phase,
        reason,
        outcome,
        order: Some(order),
        attempt: 1,
        nonce: Some(Nonce::new("n-1")),
        placing_since: Some(NOW),
        deadline: Some(NOW + Duration::from_secs(300)),
        ..Progress::default()
    }
}

fn in_doubt() -> Progress {
    at(Phase::Awaiting, Reason::OrderUnknown, OrderOutcome::Unknown)
}

/// Failed in doubt, and told.
fn failed() -> Progress {
    let failed = at(
        Phase::Failed,
        Reason::OrderOutcomeUnknown,
        OrderOutcome::Unknown,
    );
    Progress {
        told: Some(Told {
            notice_id: notice::id_of(&id(), Kind::Failed, &failed),
            publish_id: "p".into(),
            channels: Vec::new(),
            at: NOW,
        }),
        finished: true,
        ..failed
    }
}

fn row(outcome: RowOutcome) -> AttemptRow {
    AttemptRow {
        attempt: 1,
        uid: "u-1".into(),
        nonce: Nonce::new("n-1"),
        outcome,
        deadline: NOW + Duration::from_secs(300),
    }
}

fn seen(progress: &Progress, said: &Resolution, rows: &[AttemptRow]) -> Observed {
    Observed {
        request: Request {
            id: id(),
            uid: "u-1".into(),
            created_at: NOW,
            unusable: None,
            suspended: false,
            resolution: Some(said.clone()),
        },
        progress: progress.clone(),
        ledger: Some(LedgerView {
            now: NOW,
            rows: rows.to_vec(),
            answering_for: Duration::from_secs(600),
            ..LedgerView::default()
        }),
        order: Ok(in_doubt().order.unwrap()),
        placing_seen_for: Duration::ZERO,
        factories_known_for: Duration::from_secs(600),
        held_answer: None,
        acknowledged: None,
        unbooked: None,
    }
}

fn step(progress: &Progress, verb: Verb, outcome: RowOutcome) -> Step {
    let said = word(verb, 1);
    decide(
        &seen(progress, &said, &[row(outcome)]),
        &Policy::default(),
        NOW,
    )
}

fn recorded(step: Step) -> Progress {
    match step {
        Step::Record(progress) => *progress,
        other => panic!("no mere record: {other:?}"),
    }
}

fn is_done(progress: &Progress, verb: Verb) -> bool {
    progress.handled_resolution == Some(Handled::done(&word(verb, 1), NOW))
}

#[test]
fn a_doubt_is_settled_either_way_and_the_row_comes_first() {
    let Step::Settle(answer, placed) = step(&in_doubt(), Verb::Placed, RowOutcome::Unknown) else {
        panic!("the row is not closed");
    };
    assert_eq!(answer, Answer::Placed { order_id: None });
    assert_eq!(
        (placed.phase, placed.outcome),
        (Phase::Awaiting, OrderOutcome::Placed)
    );
    assert!(is_done(&placed, Verb::Placed));

    let Step::Settle(answer, again) = step(&in_doubt(), Verb::NotPlaced, RowOutcome::Open) else {
        panic!("the row is not closed");
    };
    assert_eq!(answer.row_outcome(), RowOutcome::NotSent);
    assert_eq!(
        (again.phase, again.reason),
        (Phase::Pending, Reason::BackingOff)
    );
    assert!(is_done(&again, Verb::NotPlaced) && again.retries == 0);
}

/// Whoever closed the row so may have died before the status was written.
#[test]
fn a_word_whose_row_is_closed_already_is_done_and_another_one_is_not() {
    let half_done = step(&in_doubt(), Verb::Placed, RowOutcome::Placed);
    assert!(
        matches!(half_done, Step::Settle(_, progress) if is_done(&progress, Verb::Placed)),
        "it was this word"
    );
    // What the ledger knows otherwise is recorded first; the word is then out of place.
    let known = recorded(step(&in_doubt(), Verb::NotPlaced, RowOutcome::Placed));
    assert_eq!(known.outcome, OrderOutcome::Placed);
    assert_eq!(known.handled_resolution, None);
    let why = refusal(&known, Verb::NotPlaced, RowOutcome::Placed);
    assert!(why.contains("the ledger knows better"), "{why}");
}

#[test]
fn a_finished_request_is_taken_up_before_anything_is_done() {
    for verb in [Verb::Placed, Verb::NotPlaced, Verb::Retry] {
        let taken_up = recorded(step(&failed(), verb, RowOutcome::Unknown));
        let expected = Progress {
            finished: false,
            ..failed()
        };
        assert_eq!(taken_up, expected, "{verb:?}");
    }
    let rest = decide(
        &seen(
            &Progress {
                handled_resolution: Some(Handled::done(&word(Verb::Retry, 1), NOW)),
                ..failed()
            },
            &word(Verb::Retry, 1),
            &[row(RowOutcome::Unknown)],
        ),
        &Policy::default(),
        NOW,
    );
    assert_eq!(rest, Step::Rest, "the same word is the same one");
}

#[test]
fn a_failure_in_doubt_stays_one_whose_outcome_is_known_and_is_not_told_again() {
    let open = Progress {
        finished: false,
        ..failed()
    };
    let Step::Settle(_, known) = step(&open, Verb::Placed, RowOutcome::Unknown) else {
        panic!("the row is not closed");
    };
    assert_eq!(
        (known.phase, known.reason),
        (Phase::Failed, Reason::CallbackOverdue)
    );
    assert_eq!(known.outcome, OrderOutcome::Placed);
    let end = recorded(step(&known, Verb::Placed, RowOutcome::Placed));
    assert!(end.finished && end.told == open.told);
}

#[test]
fn a_failure_that_is_opened_again_is_told_of_anew_if_it_fails_anew() {
    let open = Progress {
        finished: false,
        delay: Delay::Marked,
        ..failed()
    };
    let Step::Settle(_, not_placed) = step(&open, Verb::NotPlaced, RowOutcome::Unknown) else {
        panic!("the row is not closed");
    };
    let retried = recorded(step(&open, Verb::Retry, RowOutcome::Unknown));
    for again in [&*not_placed, &retried] {
        assert_eq!((again.phase, again.reopened), (Phase::Pending, 1));
        assert_eq!((again.told.clone(), again.delay), (None, Delay::None));
        let next = notice::id_of(&id(), Kind::Failed, again);
        assert_ne!(next, open.told.clone().unwrap().notice_id);
    }
    assert_eq!((not_placed.retries, retried.retries), (0, 1));
}

/// The bound of one attempt is used up by the order in doubt: a retry raises it by one, and
/// by no more.
#[test]
fn a_retry_orders_once_more_than_the_policy_allows() {
    let retried = recorded(step(&in_doubt(), Verb::Retry, RowOutcome::Unknown));
    assert_eq!(
        (retried.phase, retried.reason),
        (Phase::Pending, Reason::Retrying)
    );
    let said = word(Verb::Retry, 1);
    let first = row(RowOutcome::Unknown);
    let again = decide(
        &seen(&retried, &said, std::slice::from_ref(&first)),
        &Policy::default(),
        NOW,
    );
    let Step::Order(announced, _) = again else {
        panic!("not ordered again: {again:?}");
    };
    assert_eq!(announced.attempt, 2);
    let second = AttemptRow {
        attempt: 2,
        ..row(RowOutcome::Placed)
    };
    let pending = Progress {
        attempt: 2,
        reason: Reason::Retrying,
        ..retried
    };
    let used = decide(
        &seen(&pending, &said, &[first, second]),
        &Policy::default(),
        NOW,
    );
    assert_eq!(recorded(used).reason, Reason::AttemptsExhausted);
}

#[test]
fn what_was_never_tried_can_be_retried_and_cancelled() {
    let never = Progress {
        phase: Phase::Failed,
        reason: Reason::FactoryUnreachable,
        ..Progress::default()
    };
    let said = word(Verb::Retry, 0);
    let retried = recorded(decide(&seen(&never, &said, &[]), &Policy::default(), NOW));
    assert_eq!(retried.phase, Phase::Pending);

    let said = word(Verb::Cancel, 0);
    let mut suspended = seen(&Progress::default(), &said, &[]);
    suspended.request.suspended = true;
    let cancelled = recorded(decide(&suspended, &Policy::default(), NOW));
    assert_eq!(
        (cancelled.phase, cancelled.reason),
        (Phase::Failed, Reason::Cancelled)
    );
    assert!(!cancelled.finished, "it is told like any failure");
}

#[test]
fn goods_are_booked_for_an_order_that_there_may_be() {
    let goods = Verb::Arrived(pieces(2));
    for progress in [
        in_doubt(),
        at(Phase::Awaiting, Reason::OrderPlaced, OrderOutcome::Placed),
        Progress {
            finished: false,
            ..failed()
        },
    ] {
        let booked = step(&progress, goods, RowOutcome::Unknown);
        assert!(
            matches!(booked, Step::Book(quantity, _) if quantity == pieces(2)),
            "{booked:?}"
        );
    }
    let unsent = at(Phase::Pending, Reason::BackingOff, OrderOutcome::NotPlaced);
    let why = refusal(&unsent, goods, RowOutcome::NotSent);
    assert!(why.contains("booked with adjust"), "{why}");
}

#[test]
fn goods_that_were_faster_than_a_word_answer_it() {
    let succeeded = |verb: Verb| {
        let mut seen = seen(&in_doubt(), &word(verb, 1), &[row(RowOutcome::Unknown)]);
        seen.ledger.as_mut().unwrap().arrivals.push(ArrivalRow {
            attempt: 1,
            uid: "u-1".into(),
            quantity: pieces(3),
            at: NOW,
        });
        recorded(decide(&seen, &Policy::default(), NOW))
    };
    for (verb, refused) in [
        (Verb::Arrived(pieces(3)), false),
        (Verb::Arrived(pieces(2)), true),
        (Verb::NotPlaced, true),
        (Verb::Retry, true),
    ] {
        let end = succeeded(verb);
        assert_eq!(end.phase, Phase::Succeeded);
        let refusal = end.handled_resolution.unwrap().refusal;
        assert_eq!(refusal.is_some(), refused, "{verb:?}: {refusal:?}");
    }
}

#[test]
fn a_request_that_had_failed_and_was_opened_again_is_told_of_its_good_end() {
    let again = Progress {
        reopened: 1,
        ..at(Phase::Awaiting, Reason::OrderPlaced, OrderOutcome::Placed)
    };
    let mut seen = seen(&again, &word(Verb::Retry, 0), &[row(RowOutcome::Placed)]);
    seen.ledger.as_mut().unwrap().arrivals.push(ArrivalRow {
        attempt: 1,
        uid: "u-1".into(),
        quantity: pieces(3),
        at: NOW,
    });
    let end = recorded(decide(&seen, &Policy::default(), NOW));
    assert_eq!((end.phase, end.finished), (Phase::Succeeded, false));
    assert_eq!(notice::due(&end), Some(Kind::Resolved));
}
