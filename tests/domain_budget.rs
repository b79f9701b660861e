//! Needs nothing. Proves: how long an order is tried again, and what is said when it is given
//! up.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

use restock_operator::domain::decide::{Step, decide};
use restock_operator::domain::order::{FactoryKey, Order, Quantity, RequestId, Sku};
use restock_operator::domain::policy::Policy;
use restock_operator::domain::progress::{
    Answer, LedgerView, Observed, Phase, Progress, Reason, Request,
};
use restock_operator::domain::settle::settle;
use restock_operator::domain::time::Time;
use std::time::Duration;

const START: Time = Time::from_micros(1_790_000_000_000_000);

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn policy() -> Policy {
    Policy {
        max_attempts: 5,
        retry_for: seconds(60),
        ..Policy::default()
    }
}

fn order() -> Order {
    Order {
        sku: Sku::parse("CP-1").unwrap(),
        quantity: Quantity::new(3).unwrap(),
        factory: FactoryKey {
            name: "legacy".into(),
            uid: "f-1".into(),
        },
    }
}

/// A request whose order got this answer at the start.
fn after(answer: &Answer) -> Progress {
    let placing = Progress {
        phase: Phase::Placing,
        reason: Reason::Ordering,
        order: Some(order()),
        attempt: 1,
        placing_since: Some(START),
        ..Progress::default()
    };
    settle(&placing, answer, START)
}

/// What comes of it at this time.
fn at(progress: &Progress, now: Time) -> Step {
    let seen = Observed {
        request: Request {
            id: RequestId::parse("a").unwrap(),
            uid: "u-1".into(),
            created_at: START,
            unusable: None,
            suspended: false,
            resolution: None,
        },
        progress: progress.clone(),
        ledger: Some(LedgerView {
            now,
            arrivals: Vec::new(),
            rows: Vec::new(),
            inbox_empty_at: None,
            answering_for: seconds(600),
        }),
        order: Ok(order()),
        placing_seen_for: Duration::ZERO,
        factories_known_for: seconds(600),
        held_answer: None,
        acknowledged: None,
        unbooked: None,
    };
    decide(&seen, &policy(), now)
}

fn given_up(step: Step) -> String {
    match step {
        Step::Record(progress) if progress.phase == Phase::Failed => progress.message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_attempt_that_comes_due_with_the_end_of_the_budget_is_made() {
    let throttled = after(&Answer::Throttled {
        retry_after: seconds(60),
    });
    assert_eq!(throttled.next_attempt_at, Some(START + seconds(60)));
    let a_moment_late = START + Duration::from_millis(60_300);
    assert!(matches!(at(&throttled, a_moment_late), Step::Order(..)));
    // Held up beyond that by a closed gate, it is given up: it must not wait for ever.
    given_up(at(&throttled, START + seconds(66)));
}

#[test]
fn a_wait_beyond_the_budget_ends_with_the_budget() {
    let throttled = after(&Answer::Throttled {
        retry_after: seconds(300),
    });
    let Step::Wait { time, .. } = at(&throttled, START + seconds(10)) else {
        panic!("it waits");
    };
    assert_eq!(time, seconds(50), "not for the attempt that is never made");
    given_up(at(&throttled, START + seconds(61)));
}

#[test]
fn what_was_given_up_is_not_said_to_be_tried_again() {
    let unreachable = after(&Answer::NotSent("connection refused".into()));
    let waiting = "The order was not sent: connection refused. It is tried again.";
    assert_eq!(unreachable.message, waiting);
    let message = given_up(at(&unreachable, START + seconds(70)));
    let expected = "Given up after 60 s. The order was not sent: connection refused.";
    assert_eq!(message, expected);
}

#[test]
fn a_wait_that_is_our_own_is_not_said_to_be_the_factory_s() {
    let throttled = after(&Answer::Throttled {
        retry_after: Duration::ZERO,
    });
    assert!(
        throttled
            .message
            .starts_with("The factory takes no order now"),
        "{}",
        throttled.message
    );
}
