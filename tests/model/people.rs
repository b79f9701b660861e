//! A person's word at any moment, over every fault there is.

use crate::world::{Budget, Removed};
use crate::{NOTHING, breaks, holds, holds_near_the_start};

/// Whole, liveness included: any word, in any phase, and one fault of each kind.
#[test]
fn a_person_says_anything_at_any_moment() {
    let faults: [fn(&mut Budget); 8] = [
        |left| left.bad_orders = 1,
        |left| left.crashes = 1,
        |left| left.lost_answers = 1,
        |left| left.lost_callbacks = 1,
        |left| left.repeated_callbacks = 1,
        |left| left.parked_callbacks = 1,
        |left| left.ledger_away = 1,
        |left| left.throttled_orders = 1,
    ];
    for fault in faults {
        let mut left = Budget {
            words: 1,
            ..NOTHING
        };
        fault(&mut left);
        holds(1, 1, left);
    }
}

/// Whole: what a person settles, and a callback that is late or never comes.
#[test]
fn a_person_settles_the_doubt() {
    let left = Budget {
        words: 1,
        bad_orders: 1,
        lost_callbacks: 1,
        ..NOTHING
    };
    holds(1, 1, left);
}

#[test]
fn a_controller_dies_over_a_word_about_an_order_in_doubt() {
    let left = Budget {
        words: 1,
        bad_orders: 1,
        crashes: 1,
        ..NOTHING
    };
    holds_near_the_start(1, left);
}

#[test]
fn a_person_says_something_and_then_something_else() {
    let left = Budget {
        words: 2,
        bad_orders: 1,
        ..NOTHING
    };
    holds_near_the_start(1, left);
}

#[test]
fn a_person_says_something_under_a_policy_that_orders_again() {
    let left = Budget {
        words: 1,
        lost_callbacks: 1,
        ..NOTHING
    };
    holds(1, 2, left);
}

#[test]
fn a_person_says_something_of_what_was_suspended_or_restored() {
    let faults: [fn(&mut Budget); 2] = [|left| left.suspensions = 1, |left| left.restores = 1];
    for fault in faults {
        let mut left = Budget {
            words: 1,
            ..NOTHING
        };
        fault(&mut left);
        holds(1, 1, left);
    }
}

#[test]
fn a_person_says_something_while_two_controllers_work() {
    let left = Budget {
        words: 1,
        bad_orders: 1,
        takeovers: 1,
        ..NOTHING
    };
    holds_near_the_start(2, left);
}

/// Whoever speaks of the attempt before may not know that another order is under way.
#[test]
fn without_the_attempt_in_a_word_an_order_is_repeated_that_nobody_spoke_of() {
    let left = Budget {
        words: 1,
        bad_orders: 1,
        crashes: 1,
        ..NOTHING
    };
    breaks(1, 1, left, Removed::AttemptOfTheWord, "S3");
}
