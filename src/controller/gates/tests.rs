//! The gates, with time as an argument.

use super::{Breaker, Busy, Gates, Limits, Permit, breaker};
use crate::domain::order::FactoryKey;
use crate::domain::progress::Answer;
use crate::domain::time::Time;
use crate::process::clock;
use std::time::Duration;

const LIMITS: Limits = Limits {
    per_second: 1,
    burst: 2,
    max_in_flight: 3,
};

fn gates(limits: Limits) -> (Gates, FactoryKey) {
    let key = FactoryKey {
        name: "a".into(),
        uid: "1".into(),
    };
    let gates = Gates::default();
    gates.configure(&key, limits);
    gates.open();
    (gates, key)
}

fn born(second: i64) -> Time {
    Time::from_micros(second * 1_000_000)
}

fn at(second: u64) -> Duration {
    Duration::from_secs(1_000 + second)
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
    let (_, key) = gates(LIMITS);
    assert!(closed.take(&key, "a", born(0), at(0)).is_err());
}

#[test]
fn the_burst_goes_at_once_and_then_the_rate_holds() {
    let (gates, key) = gates(LIMITS);
    for uid in ["a", "b"] {
        assert_eq!(why(gates.take(&key, uid, born(0), at(0))), "");
    }
    assert_eq!(why(gates.take(&key, "c", born(0), at(0))), "the rate limit");
    assert_eq!(why(gates.take(&key, "c", born(0), at(1))), "");
}

#[test]
fn the_places_are_bounded_until_one_is_free() {
    let (gates, key) = gates(Limits {
        per_second: 9,
        burst: 9,
        max_in_flight: 1,
    });
    assert_eq!(why(gates.take(&key, "a", born(0), at(0))), "");
    assert_eq!(
        why(gates.take(&key, "b", born(1), at(0))),
        "1 orders are in flight"
    );
    gates.release("a");
    assert_eq!(why(gates.take(&key, "b", born(1), at(0))), "");
}

#[test]
fn the_oldest_comes_first_and_who_is_gone_is_not_waited_for() {
    let (gates, key) = gates(Limits {
        per_second: 1,
        burst: 1,
        max_in_flight: 9,
    });
    assert_eq!(why(gates.take(&key, "first", born(0), at(0))), "");
    assert_eq!(
        why(gates.take(&key, "old", born(1), at(0))),
        "the rate limit"
    );
    assert_eq!(
        why(gates.take(&key, "young", born(2), at(5))),
        "1 older requests come first"
    );
    assert_eq!(why(gates.take(&key, "young", born(2), at(95))), "");
}

#[test]
fn an_unused_permit_gives_everything_back() {
    let (gates, key) = gates(Limits {
        per_second: 1,
        burst: 1,
        max_in_flight: 1,
    });
    drop(gates.take(&key, "a", born(0), at(0)));
    assert_eq!(gates.state(&key).in_flight, 0);
    assert_eq!(why(gates.take(&key, "b", born(0), at(0))), "");
}

#[test]
fn a_run_of_failures_opens_the_breaker_and_one_probe_closes_it() {
    let (gates, key) = gates(Limits {
        per_second: 99,
        burst: 99,
        max_in_flight: 99,
    });
    for _ in 0..breaker::FAILURES_TO_OPEN {
        gates.report(&key, &Answer::NotSent("refused".into()));
    }
    assert_eq!(gates.state(&key).breaker, Breaker::Open);
    let now = clock::since_boot();
    assert_eq!(
        why(gates.take(&key, "a", born(0), now)),
        "the circuit breaker is open"
    );
    let later = now + breaker::OPEN_FOR;
    assert_eq!(why(gates.take(&key, "a", born(0), later)), "");
    assert_eq!(
        why(gates.take(&key, "b", born(1), later)),
        "the circuit breaker is open"
    );
    gates.report(&key, &Answer::Placed { order_id: None });
    assert_eq!(why(gates.take(&key, "b", born(1), later)), "");
}
