//! The gates, with time as an argument.

use super::{Asking, Breaker, Busy, Gates, Limits, Permit, breaker};
use crate::domain::order::{FactoryKey, Order, Quantity, Sku};
use crate::domain::progress::Answer;
use crate::domain::time::Time;
use crate::process::clock;
use std::time::Duration;

const LIMITS: Limits = Limits {
    per_second: 1,
    burst: 2,
    max_in_flight: 3,
    max_open_per_product: None,
};

fn order(sku: &str) -> Order {
    let key = FactoryKey {
        name: "a".into(),
        uid: "1".into(),
    };
    Order {
        sku: Sku::parse(sku).expect("a word"),
        quantity: Quantity::new(1).expect("a count"),
        factory: key,
    }
}

fn gates(limits: Limits) -> (Gates, Order) {
    let order = order("donut");
    let gates = Gates::default();
    gates.configure(&order.factory, limits);
    gates.open();
    (gates, order)
}

fn born(second: i64) -> Time {
    Time::from_micros(second * 1_000_000)
}

fn at(second: u64) -> Duration {
    Duration::from_secs(1_000 + second)
}

fn ask(
    gates: &Gates,
    order: &Order,
    uid: &str,
    created_at: Time,
    now: Duration,
) -> Result<Permit, Busy> {
    gates.take(
        order,
        Asking {
            uid,
            created_at,
            now,
        },
    )
}

fn why(answer: Result<Permit, Busy>) -> String {
    answer
        .map(Permit::spend)
        .err()
        .map_or(String::new(), |busy| busy.why)
}

#[test]
fn nobody_orders_before_what_is_in_flight_is_known() {
    let closed = Gates::default();
    let (_, order) = gates(LIMITS);
    assert!(ask(&closed, &order, "a", born(0), at(0)).is_err());
}

#[test]
fn the_burst_goes_at_once_and_then_the_rate_holds() {
    let (gates, order) = gates(LIMITS);
    for uid in ["a", "b"] {
        assert_eq!(why(ask(&gates, &order, uid, born(0), at(0))), "");
    }
    assert_eq!(
        why(ask(&gates, &order, "c", born(0), at(0))),
        "the rate limit"
    );
    assert_eq!(why(ask(&gates, &order, "c", born(0), at(1))), "");
}

#[test]
fn the_places_are_bounded_until_one_is_free() {
    let (gates, order) = gates(Limits {
        per_second: 9,
        burst: 9,
        max_in_flight: 1,
        max_open_per_product: None,
    });
    assert_eq!(why(ask(&gates, &order, "a", born(0), at(0))), "");
    assert_eq!(
        why(ask(&gates, &order, "b", born(1), at(0))),
        "1 orders are in flight"
    );
    gates.release("a");
    assert_eq!(why(ask(&gates, &order, "b", born(1), at(0))), "");
}

#[test]
fn the_oldest_comes_first_and_who_is_gone_is_not_waited_for() {
    let (gates, order) = gates(Limits {
        per_second: 1,
        burst: 1,
        max_in_flight: 9,
        max_open_per_product: None,
    });
    assert_eq!(why(ask(&gates, &order, "first", born(0), at(0))), "");
    assert_eq!(
        why(ask(&gates, &order, "old", born(1), at(0))),
        "the rate limit"
    );
    assert_eq!(
        why(ask(&gates, &order, "young", born(2), at(5))),
        "1 older requests come first"
    );
    assert_eq!(why(ask(&gates, &order, "young", born(2), at(95))), "");
}

#[test]
fn an_unused_permit_gives_everything_back() {
    let (gates, order) = gates(Limits {
        per_second: 1,
        burst: 1,
        max_in_flight: 1,
        max_open_per_product: None,
    });
    drop(ask(&gates, &order, "a", born(0), at(0)));
    assert_eq!(gates.state(&order.factory).in_flight, 0);
    assert_eq!(why(ask(&gates, &order, "b", born(0), at(0))), "");
}

#[test]
fn a_run_of_failures_opens_the_breaker_and_one_probe_closes_it() {
    let (gates, order) = gates(Limits {
        per_second: 99,
        burst: 99,
        max_in_flight: 99,
        max_open_per_product: None,
    });
    for _ in 0..breaker::FAILURES_TO_OPEN {
        gates.report(&order.factory, &Answer::NotSent("refused".into()));
    }
    assert_eq!(gates.state(&order.factory).breaker, Breaker::Open);
    let now = clock::since_boot();
    assert_eq!(
        why(ask(&gates, &order, "a", born(0), now)),
        "the circuit breaker is open"
    );
    let later = now + breaker::OPEN_FOR;
    assert_eq!(why(ask(&gates, &order, "a", born(0), later)), "");
    assert_eq!(
        why(ask(&gates, &order, "b", born(1), later)),
        "the circuit breaker is open"
    );
    gates.report(&order.factory, &Answer::Placed { order_id: None });
    assert_eq!(why(ask(&gates, &order, "b", born(1), later)), "");
}

#[test]
fn a_probe_that_asked_nothing_lets_the_next_one_try() {
    let (gates, order) = gates(LIMITS);
    for _ in 0..breaker::FAILURES_TO_OPEN {
        gates.report(&order.factory, &Answer::NotSent("refused".into()));
    }
    let later = clock::since_boot() + breaker::OPEN_FOR;
    drop(ask(&gates, &order, "a", born(0), later));
    assert_eq!(why(ask(&gates, &order, "b", born(1), later)), "");
    assert_eq!(
        why(ask(&gates, &order, "c", born(2), later)),
        "the circuit breaker is open"
    );
}

#[test]
fn a_product_has_no_more_than_its_places_whoever_asks_at_once() {
    let (gates, donut) = gates(Limits {
        max_open_per_product: Some(1),
        ..LIMITS
    });
    assert_eq!(why(ask(&gates, &donut, "a", born(0), at(0))), "");
    let second = why(ask(&gates, &donut, "b", born(1), at(0)));
    assert_eq!(second, "an order of its product is in flight");
    // Another product is not held up by those that wait for the first.
    assert_eq!(why(ask(&gates, &order("muffin"), "c", born(2), at(0))), "");
    gates.release("a");
    assert_eq!(why(ask(&gates, &donut, "b", born(1), at(5))), "");
}

#[test]
fn the_oldest_of_a_product_comes_first_whoever_asks_first() {
    let (gates, donut) = gates(LIMITS);
    let turn = |uid, created_at, now| {
        let asking = Asking {
            uid,
            created_at,
            now,
        };
        gates.product_is_free(&donut, asking, 1)
    };
    assert_eq!(why(ask(&gates, &donut, "a", born(0), at(0))), "");
    assert!(!turn("old", born(1), at(1)), "a is in flight");
    assert!(!turn("young", born(2), at(1)));
    gates.release("a");
    assert!(!turn("young", born(2), at(2)), "an older one waits");
    assert!(turn("old", born(1), at(3)));
    assert!(turn("young", born(2), at(100)), "the older one is gone");
}

#[test]
fn who_waits_is_told_whether_the_factory_answers() {
    let (gates, order) = gates(Limits {
        max_in_flight: 1,
        ..LIMITS
    });
    let now = clock::since_boot();
    let busy = |uid| ask(&gates, &order, uid, born(9), now).err().expect("busy");
    assert_eq!(why(ask(&gates, &order, "a", born(0), now)), "");
    assert!(busy("b").factory_answers);
    for _ in 0..breaker::FAILURES_TO_OPEN {
        gates.report(&order.factory, &Answer::NotSent("refused".into()));
    }
    assert!(!busy("b").factory_answers);
}
