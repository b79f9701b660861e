//! Goods that a person says have come while no receiver books them: all else goes on, but for
//! another order, and the word is done once a receiver does.

use crate::{NOW, at, failed, id, in_doubt, pieces, recorded, row, seen, word};
use restock_operator::domain::decide::{LOOK_AGAIN, Step, decide};
use restock_operator::domain::notice::{self, Kind};
use restock_operator::domain::policy::{OnOverdue, Policy};
use restock_operator::domain::progress::{
    Delay, Observed, OrderOutcome, Phase, Progress, Reason, Request, RowOutcome, Told,
};
use restock_operator::domain::time::Time;
use restock_operator::domain::word::{Handled, Verb};
use std::time::Duration;

fn unbooked(progress: &Progress) -> Observed {
    let said = word(Verb::Arrived(pieces(3)), 1);
    Observed {
        unbooked: Some("it cannot be reached".into()),
        ..seen(progress, &said, &[row(RowOutcome::Placed)])
    }
}

const WHY: &str =
    "The goods are here, says kim, and the receiver does not book them: it cannot be reached.";

fn awaiting() -> Progress {
    at(Phase::Awaiting, Reason::OrderPlaced, OrderOutcome::Placed)
}

/// After every deadline.
fn late(mut seen: Observed) -> (Observed, Time) {
    let now = NOW + Duration::from_secs(3_600);
    if let Some(ledger) = &mut seen.ledger {
        ledger.now = now;
    }
    (seen, now)
}

#[test]
fn the_word_is_tried_again_as_soon_as_it_may_be() {
    let meanwhile = decide(&unbooked(&awaiting()), &Policy::default(), NOW);
    assert!(
        matches!(meanwhile, Step::Wait { time, .. } if time <= LOOK_AGAIN),
        "the callback is due in five minutes: {meanwhile:?}"
    );
    let free = Observed {
        unbooked: None,
        ..unbooked(&awaiting())
    };
    let booked = decide(&free, &Policy::default(), NOW);
    assert!(matches!(booked, Step::Book(..)), "{booked:?}");
}

#[test]
fn a_callback_that_is_overdue_is_a_failure_and_never_another_order() {
    for on_overdue in [OnOverdue::Fail, OnOverdue::Reorder] {
        let policy = Policy {
            on_overdue,
            max_attempts: 3,
            ..Policy::default()
        };
        let delayed = Progress {
            delay: Delay::Told,
            ..awaiting()
        };
        let (seen, now) = late(unbooked(&delayed));
        let verdict = recorded(decide(&seen, &policy, now));
        assert_eq!(
            (verdict.phase, verdict.reason),
            (Phase::Failed, Reason::CallbackOverdue)
        );
        assert_eq!(verdict.handled_resolution, None, "the word is still there");
        assert!(verdict.message.ends_with(WHY), "{}", verdict.message);
    }
}

#[test]
fn goods_whose_callback_is_parked_are_not_ordered_again_either() {
    let said = word(Verb::Arrived(pieces(3)), 1);
    let parked = Progress {
        handled_resolution: Some(Handled::done(&said, NOW)),
        delay: Delay::Told,
        ..awaiting()
    };
    let policy = Policy {
        on_overdue: OnOverdue::Reorder,
        max_attempts: 3,
        ..Policy::default()
    };
    let (seen, now) = late(seen(&parked, &said, &[row(RowOutcome::Placed)]));
    let verdict = recorded(decide(&seen, &policy, now));
    assert_eq!(verdict.phase, Phase::Failed);
    // Without a word the policy has it ordered once more.
    let silent = Observed {
        progress: Progress {
            handled_resolution: None,
            ..parked
        },
        request: Request {
            resolution: None,
            ..seen.request.clone()
        },
        ..seen
    };
    assert_eq!(
        recorded(decide(&silent, &policy, now)).phase,
        Phase::Pending
    );
}

#[test]
fn what_takes_too_long_is_marked_as_ever() {
    let (seen, now) = late(unbooked(&awaiting()));
    let policy = Policy {
        delayed_after: Duration::from_secs(60),
        ..Policy::default()
    };
    let marked = recorded(decide(&seen, &policy, now));
    assert_eq!(marked.message, WHY);
    assert_eq!(marked.delay, Delay::Marked);
}

#[test]
fn what_is_to_be_ordered_again_waits() {
    let pending = at(Phase::Pending, Reason::Retrying, OrderOutcome::NotPlaced);
    let step = decide(&unbooked(&pending), &Policy::default(), NOW);
    assert!(matches!(step, Step::Wait { .. }), "{step:?}");
}

#[test]
fn a_failure_is_told_and_stays_in_the_watch() {
    let untold = Progress {
        told: None,
        finished: false,
        ..failed()
    };
    let policy = Policy::default();
    let telling = decide(&unbooked(&untold), &policy, NOW);
    let failure = Some(Kind::Failed);
    assert!(
        matches!(telling, Step::Wait { tell, .. } if tell == failure),
        "{telling:?}"
    );
    let acknowledged = Observed {
        acknowledged: Some(Told {
            notice_id: notice::id_of(&id(), Kind::Failed, &untold),
            publish_id: "p".into(),
            channels: Vec::new(),
            at: NOW,
        }),
        ..unbooked(&untold)
    };
    let told = recorded(decide(&acknowledged, &policy, NOW));
    assert!(told.told.is_some() && !told.finished, "{told:?}");
    let after = decide(&unbooked(&told), &policy, NOW);
    assert!(
        matches!(after, Step::Wait { tell: None, .. }),
        "nothing is written twice: {after:?}"
    );
}

#[test]
fn other_words_wait_for_no_receiver() {
    let said = word(Verb::Placed, 1);
    let seen = Observed {
        unbooked: Some("it cannot be reached".into()),
        ..seen(&in_doubt(), &said, &[row(RowOutcome::Unknown)])
    };
    let step = decide(&seen, &Policy::default(), NOW);
    assert!(matches!(step, Step::Settle(..)), "{step:?}");
}
