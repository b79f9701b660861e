//! Needs nothing. Proves: the laws of the design hold in every reachable state of the real
//! `decide`, `settle`, `believe` and `placing::next`, and a good end stays reachable from
//! each; and each safeguard, taken out, breaks a law: so the model sees.

#[path = "model/effects.rs"]
mod effects;
#[path = "model/goods.rs"]
mod goods;
#[path = "model/laws.rs"]
mod laws;
#[path = "model/moves.rs"]
mod moves;
#[path = "model/outside.rs"]
mod outside;
#[path = "model/people.rs"]
mod people;
#[path = "model/search.rs"]
mod search;
#[path = "model/sight.rs"]
mod sight;
#[path = "model/world.rs"]
mod world;

use moves::Rules;
use restock_operator::domain::policy::Policy;
use search::{Broken, explore};
use std::time::Duration;
use world::{Budget, Removed, World, policy};

const NOTHING: Budget = Budget {
    crashes: 0,
    lost_answers: 0,
    stale_reads: 0,
    bad_orders: 0,
    throttled_orders: 0,
    lost_callbacks: 0,
    repeated_callbacks: 0,
    parked_callbacks: 0,
    recreations: 0,
    restores: 0,
    words: 0,
    suspensions: 0,
    takeovers: 0,
    ledger_away: 0,
    pauses: 0,
};

/// Worlds of one configuration: about ten seconds of one core.
const WORLDS_MAX: usize = 150_000;

fn run(controllers: usize, attempts: u32, left: Budget, removed: Removed) -> Result<usize, Broken> {
    run_under(policy(attempts), controllers, left, removed)
}

fn run_under(
    policy: Policy,
    controllers: usize,
    left: Budget,
    removed: Removed,
) -> Result<usize, Broken> {
    let rules = Rules { policy, removed };
    explore(World::new(controllers, left), &rules, WORLDS_MAX)
}

/// Every law holds in every world, and so does liveness; prints how much was seen.
fn holds(controllers: usize, attempts: u32, left: Budget) {
    holds_under(policy(attempts), controllers, left);
}

fn holds_under(policy: Policy, controllers: usize, left: Budget) {
    match run_under(policy, controllers, left, Removed::Nothing) {
        Ok(worlds) => {
            println!("{worlds} worlds");
            assert!(worlds < WORLDS_MAX, "too large to end: cut a budget");
        }
        Err(broken) => panic!("{}:\n  {}", broken.law, broken.trace.join("\n  ")),
    }
}

/// Every law of single moments holds in the worlds nearest to the start: two controllers
/// and faults of several kinds make more worlds than fit into a minute.
fn holds_near_the_start(controllers: usize, left: Budget) {
    match run(controllers, 1, left, Removed::Nothing) {
        Ok(worlds) => println!("{worlds} worlds"),
        Err(broken) => panic!("{}:\n  {}", broken.law, broken.trace.join("\n  ")),
    }
}

/// The model sees what this safeguard is for.
fn breaks(controllers: usize, attempts: u32, left: Budget, removed: Removed, law: &str) {
    let broken = run(controllers, attempts, left, removed)
        .expect_err("nothing broke: the safeguard is economy, or the model is too weak");
    assert!(
        broken.law.starts_with(law),
        "{}:\n  {}",
        broken.law,
        broken.trace.join("\n  ")
    );
}

#[test]
fn one_controller_that_dies_at_any_point() {
    holds(
        1,
        1,
        Budget {
            crashes: 2,
            bad_orders: 1,
            lost_callbacks: 1,
            pauses: 1,
            ..NOTHING
        },
    );
}

/// Whole, liveness included.
#[test]
fn two_controllers_and_one_fault_of_each_kind() {
    let faults: [fn(&mut Budget); 7] = [
        |left| left.takeovers = 1,
        |left| left.crashes = 1,
        |left| left.lost_answers = 1,
        |left| left.bad_orders = 1,
        |left| left.stale_reads = 1,
        |left| left.recreations = 1,
        |left| left.restores = 1,
    ];
    for fault in faults {
        let mut left = NOTHING;
        fault(&mut left);
        holds(2, 1, left);
    }
}

#[test]
fn two_controllers_with_stale_caches_of_which_one_dies() {
    let left = Budget {
        crashes: 1,
        stale_reads: 1,
        takeovers: 1,
        ..NOTHING
    };
    holds_near_the_start(2, left);
}

#[test]
fn answers_of_writes_get_lost() {
    holds(
        1,
        1,
        Budget {
            crashes: 1,
            lost_answers: 2,
            bad_orders: 1,
            ..NOTHING
        },
    );
}

#[test]
fn callbacks_that_are_late_repeated_or_parked() {
    let left = Budget {
        repeated_callbacks: 1,
        parked_callbacks: 2,
        crashes: 1,
        ..NOTHING
    };
    holds(1, 1, left);
}

#[test]
fn an_overdue_order_is_made_again() {
    holds(
        1,
        2,
        Budget {
            bad_orders: 1,
            lost_callbacks: 1,
            crashes: 1,
            ..NOTHING
        },
    );
}

#[test]
fn the_object_is_deleted_and_made_again() {
    holds(
        1,
        1,
        Budget {
            recreations: 1,
            bad_orders: 1,
            crashes: 1,
            lost_callbacks: 1,
            ..NOTHING
        },
    );
}

#[test]
fn the_cluster_is_restored_from_a_backup() {
    holds(
        1,
        1,
        Budget {
            restores: 1,
            bad_orders: 1,
            crashes: 1,
            lost_callbacks: 1,
            ..NOTHING
        },
    );
}

#[test]
fn a_person_stops_and_resumes_at_any_moment() {
    holds(
        1,
        2,
        Budget {
            suspensions: 1,
            bad_orders: 1,
            lost_callbacks: 1,
            ..NOTHING
        },
    );
}

#[test]
fn the_ledger_is_away_at_any_moment() {
    let left = Budget {
        ledger_away: 1,
        bad_orders: 1,
        lost_callbacks: 1,
        crashes: 1,
        ..NOTHING
    };
    holds(1, 1, left);
}

#[test]
fn the_factory_asks_to_wait() {
    let left = Budget {
        throttled_orders: 2,
        lost_answers: 1,
        crashes: 1,
        ..NOTHING
    };
    holds(1, 1, left);
}

#[test]
fn a_request_that_is_late_is_told_of_whatever_becomes_of_it() {
    let late = Policy {
        delayed_after: Duration::from_secs(1),
        ..policy(1)
    };
    let left = Budget {
        bad_orders: 1,
        lost_callbacks: 1,
        crashes: 1,
        ..NOTHING
    };
    holds_under(late, 1, left);
}

#[test]
fn without_a_look_at_the_inbox_goods_that_are_here_are_ordered_again() {
    let left = Budget {
        parked_callbacks: 1,
        ..NOTHING
    };
    breaks(1, 2, left, Removed::InboxSeenEmpty, "S3");
}

#[test]
fn without_compare_and_set_two_order() {
    let left = Budget {
        stale_reads: 1,
        bad_orders: 1,
        ..NOTHING
    };
    breaks(2, 1, left, Removed::CompareAndSet, "S");
}

#[test]
fn without_the_row_before_the_post_an_order_is_repeated() {
    let left = Budget {
        crashes: 1,
        ..NOTHING
    };
    breaks(1, 1, left, Removed::RowBeforePost, "S2");
}

#[test]
fn without_the_fence_row_a_late_owner_orders_too() {
    let left = Budget {
        takeovers: 1,
        ..NOTHING
    };
    breaks(2, 1, left, Removed::FenceRow, "S2");
}

#[test]
fn without_the_unique_arrival_stock_rises_twice() {
    let left = Budget {
        repeated_callbacks: 1,
        ..NOTHING
    };
    breaks(1, 1, left, Removed::UniqueArrival, "S4");
}

#[test]
fn without_the_nonce_check_an_answer_of_another_attempt_is_recorded() {
    let left = Budget {
        bad_orders: 1,
        ..NOTHING
    };
    breaks(2, 1, left, Removed::NonceCheck, "S");
}

#[test]
fn without_the_fresh_read_goods_count_as_overdue() {
    breaks(1, 1, Budget { ..NOTHING }, Removed::FreshRead, "S9");
}

#[test]
fn without_the_look_for_arrivals_goods_are_ordered_that_are_here() {
    breaks(1, 2, NOTHING, Removed::LookForArrivals, "S11");
}

/// Economy: the rows put a number right that fell back, for a newer row is believed. What
/// the rule saves is the detour.
#[test]
fn attempt_numbers_that_fall_back_are_put_right_by_the_ledger() {
    let left = Budget {
        bad_orders: 1,
        crashes: 1,
        ..NOTHING
    };
    let seen = run(1, 1, left, Removed::RisingAttempts);
    assert!(seen.is_ok_and(|worlds| worlds < WORLDS_MAX));
}

#[test]
fn marked_before_it_is_published_a_failure_stays_untold() {
    let left = Budget {
        crashes: 1,
        bad_orders: 1,
        ..NOTHING
    };
    breaks(1, 1, left, Removed::PublishBeforeMark, "S6");
}

#[test]
fn recorded_before_it_is_written_an_arrival_is_forgotten() {
    let left = Budget {
        crashes: 1,
        ..NOTHING
    };
    breaks(1, 1, left, Removed::RecordedAfterWrite, "liveness");
}

#[test]
fn with_wakes_that_are_heard_once_an_arrival_is_forgotten() {
    let left = Budget {
        crashes: 1,
        ..NOTHING
    };
    breaks(1, 1, left, Removed::LevelTriggeredWake, "liveness");
}
