//! A progress that is written into a status is read back as it was; what cannot be read
//! is refused with a sentence; conditions move only when they change.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use proptest::option;
use proptest::prelude::*;
use restock_operator::crd::progress::StatusError;
use restock_operator::crd::status::{FactoryReference, RestockRequestStatus};
use restock_operator::crd::time::second_time;
use restock_operator::crd::words;
use restock_operator::domain::order::{FactoryKey, Nonce, Order, Quantity, Sku};
use restock_operator::domain::progress::{
    Arrived, Delay, OrderOutcome, Phase, Progress, Reason, Told,
};
use restock_operator::domain::time::Time;
use restock_operator::domain::word::{Handled, Resolution, Verb};
use serde_json::json;

const START: Time = Time::from_micros(1_700_000_000_123_456);
const LATER: Time = Time::from_micros(1_700_000_060_654_321);

fn recorded(progress: &Progress) -> RestockRequestStatus {
    RestockRequestStatus::record(progress, 1, START, &RestockRequestStatus::default())
}

fn status_of<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a str> {
    conditions
        .iter()
        .find(|c| c.type_ == type_)
        .map(|c| c.status.as_str())
}

fn time() -> impl Strategy<Value = Time> {
    // From 1970 to the end of 9998: all that a status can hold.
    (0_i64..253_370_764_800_000_000).prop_map(Time::from_micros)
}

fn quantity() -> impl Strategy<Value = Quantity> {
    (1_u32..=1_000_000).prop_map(|count| Quantity::new(count).unwrap())
}

fn order() -> impl Strategy<Value = Order> {
    (
        "[A-Za-z0-9._:-]{1,128}",
        quantity(),
        "[a-z]{1,63}",
        "[0-9a-f-]{36}",
    )
        .prop_map(|(sku, quantity, name, uid)| Order {
            sku: Sku::parse(&sku).unwrap(),
            quantity,
            factory: FactoryKey { name, uid },
        })
}

fn told() -> impl Strategy<Value = Told> {
    (
        any::<[char; 8]>(),
        "[0-9a-f-]{36}",
        prop::collection::vec("sns|ses", 0..3),
        time(),
    )
        .prop_map(|(id, publish_id, channels, at)| Told {
            notice_id: id.iter().collect(),
            publish_id,
            channels,
            at,
        })
}

fn handled() -> impl Strategy<Value = Handled> {
    let verb = prop_oneof![
        Just(Verb::Placed),
        Just(Verb::NotPlaced),
        quantity().prop_map(Verb::Arrived),
        Just(Verb::Retry),
        Just(Verb::Cancel),
    ];
    let word = (verb, any::<u32>(), ".{1,512}", ".{1,128}");
    (word, option::of(".{0,1024}"), time()).prop_map(|(word, refusal, at)| {
        let (verb, attempt, reason, by) = word;
        let word = Resolution {
            verb,
            attempt,
            reason,
            by,
        };
        Handled { word, refusal, at }
    })
}

fn phase() -> impl Strategy<Value = Phase> {
    use Phase::{Awaiting, Failed, Pending, Placing, Succeeded};
    prop::sample::select(vec![Pending, Placing, Awaiting, Succeeded, Failed])
}

fn reason() -> impl Strategy<Value = Reason> {
    prop::sample::select(vec![
        Reason::New,
        Reason::BackingOff,
        Reason::Throttled,
        Reason::Reordering,
        Reason::Retrying,
        Reason::Suspended,
        Reason::ProductBusy,
        Reason::FactoryClosed,
        Reason::NoFactory,
        Reason::Queued,
        Reason::Ordering,
        Reason::OrderPlaced,
        Reason::OrderUnknown,
        Reason::Arrived,
        Reason::LateArrival,
        Reason::Invalid,
        Reason::Duplicate,
        Reason::Cancelled,
        Reason::AttemptsExhausted,
        Reason::FactoryUnreachable,
        Reason::FactoryThrottled,
        Reason::Refused,
        Reason::CallbackOverdue,
        Reason::OrderOutcomeUnknown,
    ])
}

fn outcome() -> impl Strategy<Value = OrderOutcome> {
    use OrderOutcome::{NotPlaced, Placed, Refused, Unknown};
    prop::sample::select(vec![NotPlaced, Placed, Refused, Unknown])
}

prop_compose! {
    fn progress()(
        (phase, reason, outcome) in (phase(), reason(), outcome()),
        message in ".{0,1024}",
        finished in any::<bool>(),
        order in option::of(order()),
        (attempt, retries, reopened) in any::<(u32, u32, u32)>(),
        nonce in option::of("[0-9a-f]{32}"),
        (placing_since, deadline) in (option::of(time()), option::of(time())),
        (next_attempt_at, retry_since) in (option::of(time()), option::of(time())),
        factory_order_id in option::of(".{0,256}"),
        arrival in option::of((quantity(), time())),
        delay in prop::sample::select(vec![Delay::None, Delay::Marked, Delay::Told]),
        told in option::of(told()),
        handled_resolution in option::of(handled()),
    ) -> Progress {
        Progress {
            phase, reason, message, finished, outcome, order, attempt, retries, reopened, placing_since,
            factory_order_id, deadline, next_attempt_at, retry_since, delay, told,
            nonce: nonce.map(Nonce::new),
            arrival: arrival.map(|(quantity, at)| Arrived { quantity, at }),
            handled_resolution,
        }
    }
}

proptest! {
    #[test]
    fn every_progress_survives_the_cluster(progress in progress()) {
        // Through JSON: the precision that counts is that of the stored text.
        let stored = serde_json::to_string(&recorded(&progress)).unwrap();
        let status: RestockRequestStatus = serde_json::from_str(&stored).unwrap();
        prop_assert_eq!(Progress::try_from(&status).unwrap(), progress);
    }
}

#[test]
fn the_default_status_is_the_default_progress() {
    let status = RestockRequestStatus::default();
    assert_eq!(Progress::try_from(&status).unwrap(), Progress::default());
    let stored: RestockRequestStatus =
        serde_json::from_value(json!({ "phase": "Pending", "observedGeneration": -1 })).unwrap();
    assert_eq!(stored, status);
}

#[test]
fn what_is_gone_is_null_so_that_a_merge_patch_removes_it() {
    let waiting = Progress {
        next_attempt_at: Some(LATER),
        ..Progress::default()
    };
    let patch = |progress: &Progress| serde_json::to_value(recorded(progress)).unwrap();
    assert_eq!(
        patch(&waiting)["nextAttemptAt"],
        "2023-11-14T22:14:20.654321Z"
    );
    let gone = patch(&Progress::default());
    assert!(gone.as_object().unwrap().contains_key("nextAttemptAt"));
    assert!(gone["nextAttemptAt"].is_null());
}

#[test]
fn a_status_that_makes_no_sense_is_refused_with_a_sentence() {
    let half = RestockRequestStatus {
        product: Some("CP-1".into()),
        ..Default::default()
    };
    let nowhere = RestockRequestStatus {
        phase: words::Phase::Failed,
        ..Default::default()
    };
    let hostile = RestockRequestStatus {
        product: Some("CP 1".into()),
        quantity: Some(1),
        factory: Some(FactoryReference {
            name: "a".into(),
            uid: "b".into(),
        }),
        ..Default::default()
    };
    let refusal = |status: &RestockRequestStatus| Progress::try_from(status).unwrap_err();
    assert_eq!(refusal(&half), StatusError::HalfAnOrder);
    assert_eq!(
        refusal(&nowhere).to_string(),
        "status.reason is missing while status.phase is Failed"
    );
    assert_eq!(
        refusal(&hostile).to_string(),
        "status.product: SKU may only have letters, digits and . _ : -, found ' '"
    );
}

#[test]
fn texts_from_outside_are_cut_to_what_the_server_takes() {
    let progress = Progress {
        message: "도".repeat(5_000),
        factory_order_id: Some("x".repeat(5_000)),
        ..Progress::default()
    };
    let status = recorded(&progress);
    assert_eq!(status.message.unwrap().chars().count(), 1024);
    assert_eq!(status.factory_order_id.unwrap().chars().count(), 256);
    assert_eq!(status.conditions[0].message.chars().count(), 1024);
}

#[test]
fn a_time_that_the_cluster_cannot_write_becomes_the_nearest_one() {
    let at = |micros| Progress {
        deadline: Some(Time::from_micros(micros)),
        ..Progress::default()
    };
    let written = |micros| serde_json::to_value(recorded(&at(micros))).unwrap()["deadline"].clone();
    assert_eq!(written(i64::MIN), "1970-01-01T00:00:00.000000Z");
    assert_eq!(written(i64::MAX), "9999-12-30T22:00:00.999999Z");
}

#[test]
fn a_transition_time_moves_only_when_the_status_flips() {
    let placing = Progress {
        phase: Phase::Placing,
        reason: Reason::Ordering,
        ..accepted()
    };
    let awaiting = Progress {
        phase: Phase::Awaiting,
        reason: Reason::OrderPlaced,
        outcome: OrderOutcome::Placed,
        ..accepted()
    };
    let first = recorded(&placing);
    let second = RestockRequestStatus::record(&awaiting, 2, LATER, &first);
    let moved = |type_: &str| {
        let condition = second.conditions.iter().find(|c| c.type_ == type_).unwrap();
        assert_eq!(condition.observed_generation, Some(2));
        condition.last_transition_time == second_time(LATER)
    };
    assert!(moved("Ordered"), "Unknown became True");
    assert!(!moved("Accepted") && !moved("Ready") && !moved("Reconciling"));
    assert_eq!(second.start_time, first.start_time);
    assert_eq!(second.completion_time, None);
}

fn accepted() -> Progress {
    let factory = FactoryKey {
        name: "legacy".into(),
        uid: "f-1".into(),
    };
    let order = Order {
        sku: Sku::parse("CP-1").unwrap(),
        quantity: Quantity::new(3).unwrap(),
        factory,
    };
    Progress {
        order: Some(order),
        attempt: 1,
        ..Progress::default()
    }
}

#[test]
fn each_end_says_what_kubectl_wait_and_kstatus_look_for() {
    let failed = Progress {
        phase: Phase::Failed,
        reason: Reason::CallbackOverdue,
        outcome: OrderOutcome::Placed,
        ..accepted()
    };
    let before = recorded(&failed);
    for (type_, status) in [
        ("Accepted", Some("True")),
        ("Ordered", Some("True")),
        ("Arrived", Some("False")),
        ("Ready", Some("False")),
        ("Notified", Some("False")),
        ("Failed", Some("True")),
        ("Stalled", Some("True")),
        ("Complete", None),
        ("Reconciling", None),
    ] {
        assert_eq!(status_of(&before.conditions, type_), status, "{type_}");
    }
    let mended = Progress {
        phase: Phase::Succeeded,
        reason: Reason::LateArrival,
        arrival: Some(Arrived {
            quantity: Quantity::new(3).unwrap(),
            at: LATER,
        }),
        ..failed
    };
    let after = RestockRequestStatus::record(&mended, 1, LATER, &before);
    for (type_, status) in [
        ("Arrived", Some("True")),
        ("Ready", Some("True")),
        ("Complete", Some("True")),
        ("Failed", None),
        ("Stalled", None),
    ] {
        assert_eq!(status_of(&after.conditions, type_), status, "{type_}");
    }
    assert_ne!(
        after.completion_time, before.completion_time,
        "it ended anew"
    );
}

#[test]
fn each_condition_says_its_own_part_of_the_story() {
    let failed = Progress {
        phase: Phase::Failed,
        reason: Reason::CallbackOverdue,
        message: "The factory has the order but never called back.".to_owned(),
        outcome: OrderOutcome::Placed,
        ..accepted()
    };
    let conditions = recorded(&failed).conditions;
    let said: Vec<_> = conditions
        .iter()
        .map(|condition| (&*condition.type_, &*condition.message))
        .collect();
    let end = "The factory has the order but never called back.";
    assert_eq!(
        said,
        [
            ("Accepted", "3 of CP-1, from Factory legacy."),
            ("Ordered", "The factory has the order."),
            ("Arrived", "No goods arrived."),
            ("Ready", end),
            ("Notified", "The operations team is to be told."),
            ("Failed", end),
            ("Stalled", end),
        ]
    );
}

#[test]
fn a_condition_says_unknown_only_where_nobody_knows() {
    let conditions = |progress: &Progress| recorded(progress).conditions;
    let fresh = conditions(&Progress::default());
    assert_eq!(status_of(&fresh, "Accepted"), Some("Unknown"));
    assert_eq!(status_of(&fresh, "Ordered"), Some("False"));
    let placing = Progress {
        phase: Phase::Placing,
        reason: Reason::Ordering,
        ..accepted()
    };
    assert_eq!(status_of(&conditions(&placing), "Ordered"), Some("Unknown"));
    let refused = Progress {
        phase: Phase::Failed,
        reason: Reason::Refused,
        outcome: OrderOutcome::Refused,
        ..accepted()
    };
    assert_eq!(status_of(&conditions(&refused), "Ordered"), Some("False"));
    let duplicate = Progress {
        phase: Phase::Failed,
        reason: Reason::Duplicate,
        ..accepted()
    };
    assert_eq!(
        status_of(&conditions(&duplicate), "Accepted"),
        Some("False")
    );
}
