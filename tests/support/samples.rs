//! Objects that are right, and objects that are wrong in one place.

use restock_operator::domain::order::{
    EventId, FactoryKey, Nonce, Order, Quantity, RequestId, Sku,
};
use restock_operator::domain::progress::{
    Arrived, Delay, OrderOutcome, Phase, Progress, Reason, Resolution, Told, Verb,
};
use restock_operator::domain::time::Time;
use serde_json::{Value, json};

pub const NOW: Time = Time::from_micros(1_700_000_000_123_456);

const TOPIC: &str = "arn:aws:sns:eu-central-1:000000000000:restock-stock";

/// One object, and what the server says against it.
pub struct Case {
    pub name: &'static str,
    pub object: Value,
    pub refused_with: Option<&'static str>,
    /// Whether it is a CEL rule that decides, and not a length, a pattern or a type.
    pub by_rule: bool,
}

fn case(name: &'static str, object: Value, refused_with: Option<&'static str>) -> Case {
    Case {
        name,
        object,
        refused_with,
        by_rule: false,
    }
}

fn ruled(name: &'static str, object: Value, refused_with: Option<&'static str>) -> Case {
    Case {
        name,
        object,
        refused_with,
        by_rule: true,
    }
}

fn request(name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "restock.dev/v1alpha1",
        "kind": "RestockRequest",
        "metadata": { "name": name },
        "spec": spec,
    })
}

/// As a person types it, with nothing but the product.
pub fn by_person(name: &str) -> Value {
    request(name, json!({ "productId": "CP-502101" }))
}

/// As a message makes it, with every field.
pub fn by_message(event: &str, attempt: &str) -> Value {
    let id = RequestId::of_event(TOPIC, &EventId::parse(event).unwrap());
    request(
        &id.object_name(),
        json!({
            "productId": "CP-502101",
            "quantity": 7,
            "factoryId": "FF-500293",
            "requester": "재고 담당자",
            "source": {
                "kind": "Topic",
                "arn": TOPIC,
                "eventId": event,
                "identity": "EventId",
                "digest": "ab".repeat(32),
                "messageId": format!("message-{attempt}"),
                "sentAt": "2026-01-02T03:04:05.678901Z",
                "traceParent": format!("00-{}-{}-01", "1".repeat(32), "2".repeat(16)),
            },
        }),
    )
}

/// `base` with this spec merged into its own.
fn with(mut base: Value, spec: Value) -> Value {
    for (key, value) in spec.as_object().unwrap() {
        base["spec"][key] = value.clone();
    }
    base
}

fn with_source(event: &str, key: &str, value: Value) -> Value {
    let mut base = by_message(event, "1");
    base["spec"]["source"][key] = value;
    base
}

fn renamed(mut object: Value, name: &str) -> Value {
    object["metadata"]["name"] = json!(name);
    object
}

pub fn request_cases() -> Vec<Case> {
    let word = |verb: &str, attempt: i64, by: &str| json!({ "resolution": { "verb": verb, "attempt": attempt, "reason": "asked", "by": by } });
    let misnamed = Some("a RestockRequest with a source is named rr- and its request id");
    let shape = Some("should match");
    vec![
        ruled("only a product", by_person("a"), None),
        ruled("every field", by_message("every-field", "1"), None),
        ruled(
            "a source under another name",
            renamed(by_message("b", "1"), "b"),
            misnamed,
        ),
        ruled(
            "a source under a short name",
            renamed(by_message("b", "1"), "rr-b"),
            misnamed,
        ),
        ruled("no source, any name", by_person("rr-b"), None),
        ruled(
            "a person's word",
            with(by_person("c"), word("placed", 1, "me")),
            None,
        ),
        case(
            "a word nobody knows",
            with(by_person("d"), word("lost", 1, "me")),
            Some("Unsupported value: \"lost\""),
        ),
        case(
            "a word on no attempt",
            with(by_person("d"), word("placed", 0, "me")),
            Some("greater than or equal to 1"),
        ),
        case(
            "a word by nobody",
            with(by_person("d"), word("placed", 1, "")),
            Some("at least 1 chars long"),
        ),
        case(
            "no product",
            request("d", json!({})),
            Some("spec.productId: Required value"),
        ),
        case(
            "a hostile product",
            with(by_person("d"), json!({ "productId": "CP'; --" })),
            shape,
        ),
        case(
            "a line break at the end",
            with(by_person("d"), json!({ "productId": "CP\n" })),
            shape,
        ),
        case(
            "a long product",
            with(by_person("d"), json!({ "productId": "x".repeat(129) })),
            Some("Too long: may not be more than 128"),
        ),
        case(
            "128 characters of Korean",
            with(by_person("e"), json!({ "requester": "도".repeat(128) })),
            None,
        ),
        case(
            "129 characters of Korean",
            with(by_person("d"), json!({ "requester": "도".repeat(129) })),
            Some("Too long: may not be more than 128"),
        ),
        case(
            "none of it",
            with(by_person("d"), json!({ "quantity": 0 })),
            Some("greater than or equal to 1"),
        ),
        case(
            "less than none",
            with(by_person("d"), json!({ "quantity": -1 })),
            Some("greater than or equal to 1"),
        ),
        case(
            "a million",
            with(by_person("f"), json!({ "quantity": 1_000_000 })),
            None,
        ),
        case(
            "more than a million",
            with(by_person("d"), json!({ "quantity": 1_000_001 })),
            Some("less than or equal to 1e+06"),
        ),
        case(
            "half a donut",
            with(by_person("d"), json!({ "quantity": 1.5 })),
            Some("must be of type integer"),
        ),
        case(
            "a count in words",
            with(by_person("d"), json!({ "quantity": "7" })),
            Some("must be of type integer"),
        ),
        case(
            "a null",
            with(by_person("d"), json!({ "factoryId": null })),
            Some("must be of type string: \"null\""),
        ),
        case(
            "a digest of nothing",
            with_source("g", "digest", json!("")),
            shape,
        ),
        case(
            "a trace of nothing",
            with_source("g", "traceParent", json!("00-1-2-3")),
            shape,
        ),
        case(
            "a kind nobody knows",
            with_source("g", "kind", json!("Fax")),
            Some("Unsupported value: \"Fax\""),
        ),
        case(
            "no time of sending",
            with_source("g", "sentAt", json!("yesterday")),
            Some("must be of type date-time"),
        ),
        case(
            "a hostile event id",
            with_source("g", "eventId", json!("../../x")),
            shape,
        ),
    ]
}

/// A Factory with this spec besides its URL.
pub fn factory(name: &str, spec: Value) -> Value {
    let base = json!({
        "apiVersion": "restock.dev/v1alpha1",
        "kind": "Factory",
        "metadata": { "name": name },
        "spec": { "url": "https://factory.example/api/manufactures" },
    });
    with(base, spec)
}

pub fn factory_cases() -> Vec<Case> {
    let at = |name: &str, url: &str| factory(name, json!({ "url": url }));
    let shape = Some("url must be an absolute http or https URL without a fragment");
    let secret = Some("url must not hold a user name or password; use headersFrom");
    let insecure = Some("url must be https, unless allowInsecure is true");
    vec![
        ruled("only a url", factory("a", json!({})), None),
        ruled(
            "a port and a query",
            at("b", "https://[2001:db8::1]:8443/a?b=c%20d"),
            None,
        ),
        ruled("a host alone", at("c", "https://factory.example"), None),
        ruled("plain http", at("d", "http://factory.example/"), insecure),
        ruled(
            "plain http, allowed",
            with(
                at("e", "http://factory.example/"),
                json!({ "allowInsecure": true }),
            ),
            None,
        ),
        ruled(
            "a password",
            at("d", "https://user:secret@factory.example/"),
            secret,
        ),
        ruled("a user", at("d", "https://user@factory.example/"), secret),
        ruled(
            "an @ in the path",
            at("f", "https://factory.example/@home"),
            None,
        ),
        ruled("a fragment", at("d", "https://factory.example/#a"), shape),
        ruled(
            "a backslash",
            at("d", "https://factory.example\\@other.example/"),
            secret,
        ),
        ruled(
            "another backslash",
            at("d", "https:\\\\factory.example/"),
            shape,
        ),
        ruled("a blank", at("d", "https://factory.example/a b"), shape),
        ruled("a line break", at("d", "https://factory.example/\n"), shape),
        ruled("another scheme", at("d", "file:///etc/passwd"), shape),
        ruled("no scheme", at("d", "factory.example"), shape),
        ruled(
            "Reorder without attempts",
            factory("d", json!({ "onOverdue": "Reorder" })),
            Some("onOverdue: Reorder needs maxAttempts of 2 or more"),
        ),
        ruled(
            "Reorder",
            factory("g", json!({ "onOverdue": "Reorder", "maxAttempts": 2 })),
            None,
        ),
        ruled(
            "a default above the limit",
            factory("d", json!({ "defaultQuantity": 11, "maxQuantity": 10 })),
            Some("defaultQuantity must not be above maxQuantity"),
        ),
        ruled(
            "connecting longer than all",
            factory("d", json!({ "connectTimeout": "5s", "totalTimeout": "2s" })),
            Some("connectTimeout must not be above totalTimeout"),
        ),
        ruled(
            "overdue before the answer",
            factory("d", json!({ "callbackDeadline": "9s" })),
            Some("callbackDeadline must not be below totalTimeout"),
        ),
        ruled(
            "a long wait for an answer",
            factory("d", json!({ "totalTimeout": "31s" })),
            Some("must be from 1s to 30s"),
        ),
        ruled(
            "one key twice",
            factory("d", json!({ "payload": { "groupId": "CallbackUrl" } })),
            Some("each key of payload may be used once"),
        ),
        ruled(
            "keys left out",
            factory(
                "h",
                json!({ "payload": { "groupId": "", "requester": "" } }),
            ),
            None,
        ),
        case(
            "no span",
            factory("d", json!({ "retryFor": "6 hours" })),
            Some("should match"),
        ),
        case(
            "a negative span",
            factory("d", json!({ "retryFor": "-6h" })),
            Some("should match"),
        ),
        case(
            "no url",
            json!({ "apiVersion": "restock.dev/v1alpha1", "kind": "Factory", "metadata": { "name": "d" }, "spec": {} }),
            Some("spec.url: Required value"),
        ),
        case(
            "an id twice",
            factory("d", json!({ "factoryIds": ["FF-1", "FF-1"] })),
            Some("Duplicate value"),
        ),
        case(
            "65 ids",
            factory(
                "d",
                json!({ "factoryIds": (0..65).map(|i| format!("FF-{i}")).collect::<Vec<_>>() }),
            ),
            Some("must have at most 64 items"),
        ),
        case(
            "no attempt",
            factory("d", json!({ "maxAttempts": 0 })),
            Some("greater than or equal to 1"),
        ),
        case(
            "a path for a Secret",
            factory("d", json!({ "headersFrom": { "secretName": "../x" } })),
            Some("should match"),
        ),
    ]
}

/// Every field set.
pub fn full_progress() -> Progress {
    let quantity = Quantity::new(7).unwrap();
    let factory = FactoryKey {
        name: "legacy".into(),
        uid: "f-1".into(),
    };
    Progress {
        phase: Phase::Failed,
        reason: Reason::CallbackOverdue,
        message: "No callback came.".into(),
        finished: true,
        outcome: OrderOutcome::Placed,
        order: Some(Order {
            sku: Sku::parse("CP-502101").unwrap(),
            quantity,
            factory,
        }),
        attempt: 2,
        nonce: Some(Nonce::new("0123456789abcdef0123456789abcdef")),
        placing_since: Some(NOW),
        factory_order_id: Some("order-1".into()),
        deadline: Some(NOW),
        next_attempt_at: Some(NOW),
        retry_since: Some(NOW),
        arrival: Some(Arrived { quantity, at: NOW }),
        delay: Delay::Told,
        told: Some(Told {
            notice_id: "notice-1".into(),
            publish_id: "publish-1".into(),
            channels: vec!["sns".into(), "ses".into()],
            at: NOW,
        }),
        handled_resolution: Some(Resolution {
            verb: Verb::NotPlaced,
            attempt: 1,
            reason: "they said so".into(),
            by: "me".into(),
        }),
    }
}
