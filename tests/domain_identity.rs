//! Needs nothing. Proves that the identity, the digest and the trace of a message are the
//! same however often and wherever it is met.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/messages.rs"]
mod messages;

use messages::{QUEUE, TOPIC, attributes, common_shop, sns};
use restock_operator::domain::message::{Envelope, Identity, IdentityKind, MessageError};
use std::collections::BTreeMap;

fn identity(body: &str, attributes: &BTreeMap<String, String>, sqs_id: &str) -> Identity {
    let envelope = Envelope::open(body, attributes, None).unwrap();
    Identity::of(&envelope, QUEUE, sqs_id).unwrap()
}

#[test]
fn identity_is_the_producers_then_that_of_sns_then_that_of_sqs() {
    let none = BTreeMap::new();
    let event = attributes(&[("EventId", "order-1"), ("MessageDeduplicationId", "d")]);
    let by_event = identity(&sns("x", &event), &none, "sqs-1");
    assert_eq!(
        (by_event.kind, by_event.event.as_str()),
        (IdentityKind::EventId, "order-1")
    );
    assert_eq!(by_event.source_arn, TOPIC);
    let raw = identity("x", &event, "sqs-1");
    assert_eq!(
        (raw.kind, raw.source_arn.as_str()),
        (IdentityKind::EventId, QUEUE)
    );
    // A second delivery by SNS and a redrive have other SQS ids.
    let first = identity(&sns("x", &none), &none, "sqs-1");
    assert_eq!(first.kind, IdentityKind::Sns);
    assert_eq!(first, identity(&sns("x", &none), &none, "sqs-2"));
    assert_ne!(first.request_id(), by_event.request_id());
    let plain = identity("{}", &none, "sqs-1");
    assert_eq!(
        (plain.kind, plain.event.as_str()),
        (IdentityKind::Sqs, "sqs-1")
    );
    assert_ne!(
        plain.request_id(),
        identity("{}", &none, "sqs-2").request_id()
    );
}

#[test]
fn a_malformed_event_id_or_source_is_refused_and_never_replaced() {
    let event = attributes(&[("EventId", "a b")]);
    let envelope = Envelope::open(&sns("x", &event), &BTreeMap::new(), None).unwrap();
    assert!(Identity::of(&envelope, QUEUE, "sqs-1").is_err());
    let forged = sns("x", &BTreeMap::new()).replace(TOPIC, "no arn");
    assert_eq!(
        Envelope::open(&forged, &BTreeMap::new(), None),
        Err(MessageError::Source)
    );
    // A dead letter that nobody named is known by its content, which a redrive keeps.
    let plain = Envelope::open("junk", &BTreeMap::new(), None).unwrap();
    assert_eq!(
        plain.dead_letter_id(QUEUE, "sqs-1"),
        plain.dead_letter_id(QUEUE, "sqs-2")
    );
    assert_eq!(
        envelope.dead_letter_id(QUEUE, "sqs-1"),
        envelope.dead_letter_id(QUEUE, "sqs-2")
    );
}

#[test]
fn a_raw_message_that_is_sent_again_under_its_old_id_is_the_same_request() {
    let none = BTreeMap::new();
    let order = r#"{"MessageAttributeProductId": "CP-502101"}"#;
    let plain = Envelope::open(order, &none, None).unwrap();
    let carried = Envelope::open(order, &attributes(&[("EventId", "sqs-1")]), None).unwrap();
    let before = Identity::of(&plain, QUEUE, "sqs-1").unwrap();
    let after = Identity::of(&carried, QUEUE, "sqs-2").unwrap();
    assert_eq!(before.request_id(), after.request_id());
    // And as a dead letter it is known to be the one that died before.
    assert_eq!(plain.former_dead_letter_id(), None);
    assert_eq!(
        carried.former_dead_letter_id(),
        Some(plain.dead_letter_id(QUEUE, "sqs-1"))
    );
}

#[test]
fn the_digest_is_that_of_the_content() {
    let digest = |body: &str, attributes: &BTreeMap<String, String>| {
        Envelope::open(body, attributes, None).unwrap().digest()
    };
    let base = digest(&sns(r#"{"a":1,"b":[2]}"#, &common_shop()), &BTreeMap::new());
    assert_eq!(base.len(), 64);
    // Raw or wrapped, keys in any order, with other delivery ids, times and traces.
    let mut traced = common_shop();
    traced.insert("traceparent".to_owned(), "00-x".to_owned());
    assert_eq!(base, digest(r#"{"b": [2], "a": 1}"#, &traced));
    let later = sns(r#"{"a":1,"b":[2]}"#, &common_shop()).replace("10:00:00", "10:00:07");
    assert_eq!(base, digest(&later, &BTreeMap::new()));
    assert_ne!(base, digest(r#"{"b": [2], "a": 2}"#, &common_shop()));
    assert_ne!(base, digest(r#"{"b": [2], "a": 1}"#, &BTreeMap::new()));
}

#[test]
fn a_trace_is_carried_only_if_it_is_well_formed() {
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let open = |pairs: &[(&str, &str)], header: Option<&str>| {
        Envelope::open("{}", &attributes(pairs), header)
            .unwrap()
            .trace_parent
    };
    assert_eq!(
        open(&[("traceparent", parent)], None).as_deref(),
        Some(parent)
    );
    let aws = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    let from_aws = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01";
    assert_eq!(open(&[], Some(aws)).as_deref(), Some(from_aws));
    assert_eq!(
        open(&[("traceparent", "junk")], Some(aws)).as_deref(),
        Some(from_aws)
    );
    let zero = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
    for junk in [
        "",
        "00",
        zero,
        "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
    ] {
        assert_eq!(
            open(&[("traceparent", junk)], Some("Root=1-x;Parent=y")),
            None,
            "{junk}"
        );
    }
}
