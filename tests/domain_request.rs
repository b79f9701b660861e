//! Which objects are requests, by which id, and what the rules say without a server.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/case.rs"]
mod case;
#[path = "support/object.rs"]
mod object;
#[path = "support/request_cases.rs"]
mod request_cases;
#[path = "support/requests.rs"]
mod requests;

use request_cases::request_cases;
use requests::{by_message, by_person};
use restock_operator::crd::request::{RestockRequest, to_request};
use restock_operator::crd::validation::validate_request;
use restock_operator::domain::order::{EventId, RequestId};
use restock_operator::domain::progress::Request;
use restock_operator::domain::time::Time;
use restock_operator::domain::word::{Resolution, Verb};
use serde_json::{Value, json};

const UID: &str = "6f0c2b3a-0000-4000-8000-000000000001";

/// As the API server would hand it out.
fn stored(mut object: Value) -> RestockRequest {
    object["metadata"]["uid"] = json!(UID);
    object["metadata"]["creationTimestamp"] = json!("2026-01-02T03:04:05Z");
    serde_json::from_value(object).unwrap()
}

#[test]
fn an_object_made_by_hand_is_known_by_its_uid() {
    let request = to_request(&stored(by_person("any-name"))).unwrap();
    let expected = Request {
        unusable: None,
        id: RequestId::parse(UID).unwrap(),
        uid: UID.to_owned(),
        created_at: Time::from_micros(1_767_323_045_000_000),
        suspended: false,
        resolution: None,
    };
    assert_eq!(request, expected);
}

#[test]
fn an_object_made_from_a_message_is_known_by_its_event() {
    let mut object = by_message("event-1");
    object["spec"]["suspend"] = json!(true);
    object["spec"]["resolution"] =
        json!({ "verb": "NotPlaced", "attempt": 3, "reason": "no such order", "by": "me" });
    let request = to_request(&stored(object)).unwrap();
    let arn = "arn:aws:sns:eu-central-1:000000000000:restock-stock";
    assert_eq!(
        request.id,
        RequestId::of_event(arn, &EventId::parse("event-1").unwrap())
    );
    assert!(request.suspended);
    let word = Resolution {
        verb: Verb::NotPlaced,
        attempt: 3,
        reason: "no such order".into(),
        by: "me".into(),
    };
    assert_eq!(request.resolution, Some(word));
}

#[test]
fn what_is_no_request_is_refused_with_a_sentence() {
    let mut copied = by_message("event-1");
    let other = by_message("event-2")["metadata"]["name"].clone();
    copied["metadata"]["name"] = other;
    let copied = stored(copied);
    let request = to_request(&copied).unwrap();
    assert_eq!(request.id.as_str(), request.uid, "an id of its own");
    let why = request.unusable.unwrap();
    assert!(why.contains("its source makes the name"), "{why}");
    let mut hostile = by_message("event-1");
    hostile["spec"]["source"]["eventId"] = json!("a/b");
    let refusal = to_request(&stored(hostile)).unwrap().unusable.unwrap();
    assert_eq!(
        refusal,
        "event id may only have letters, digits and . _ : -, found '/'."
    );
    let unborn: RestockRequest = serde_json::from_value(by_person("a")).unwrap();
    assert_eq!(
        to_request(&unborn).unwrap_err().to_string(),
        "metadata.uid is missing"
    );
}

#[test]
fn what_a_rule_refuses_is_refused_without_a_server() {
    for case in request_cases().iter().filter(|case| case.by_rule) {
        let object = serde_json::from_value(case.object.clone()).unwrap();
        let errors = validate_request(&object)
            .err()
            .map(|errors| errors.to_string());
        case.check(errors.as_deref());
    }
}
