//! Factories that are right, and Factories that are wrong in one place.

use crate::case::{Case, with};
use crate::object::object;
use serde_json::{Value, json};

const SHAPE: Option<&str> = Some("url must be an absolute http or https URL without a fragment");
const SECRET: Option<&str> = Some("url must not hold a user name or password; use headersFrom");
const INSECURE: Option<&str> = Some("url must be https, unless allowInsecure is true");

/// A Factory with these fields besides its URL.
pub(crate) fn factory(name: &str, fields: &str) -> Value {
    let url = json!({ "url": "https://factory.example/api/manufactures" });
    with(object("Factory", name, url), fields)
}

const URLS: [(&str, Option<&str>); 16] = [
    ("https://factory.example", None),
    ("https://factory.example?a=b", None),
    ("https://factory.example/@home", None),
    ("https://[2001:db8::1]:8443/a?b=c%20d", None),
    ("http://factory.example/", INSECURE),
    ("https://user:secret@factory.example/", SECRET),
    ("https://user@factory.example/", SECRET),
    ("http://user:secret@factory.example/", SECRET),
    ("https://factory.example\\@other.example/", SECRET),
    ("https://factory.example/#a", SHAPE),
    ("https:\\\\factory.example/", SHAPE),
    ("https://factory.example/a b", SHAPE),
    ("https://factory.example/\n", SHAPE),
    ("file:///etc/passwd", SHAPE),
    ("factory.example", SHAPE),
    ("https://", SHAPE),
];

/// Fields that a CEL rule decides on.
const RULED: [(&str, Option<&str>); 12] = [
    ("{}", None),
    (
        r#"{"url": "http://factory.example/", "allowInsecure": true}"#,
        None,
    ),
    (
        r#"{"onOverdue": "Reorder"}"#,
        Some("onOverdue: Reorder needs maxAttempts of 2 or more"),
    ),
    (r#"{"onOverdue": "Reorder", "maxAttempts": 2}"#, None),
    (
        r#"{"defaultQuantity": 11, "maxQuantity": 10}"#,
        Some("defaultQuantity must not be above maxQuantity"),
    ),
    (
        r#"{"connectTimeout": "5s", "totalTimeout": "2s"}"#,
        Some("connectTimeout must not be above totalTimeout"),
    ),
    (
        r#"{"callbackDeadline": "9s"}"#,
        Some("callbackDeadline must not be below totalTimeout"),
    ),
    (r#"{"callbackDeadline": "71h59m60s"}"#, None),
    (r#"{"totalTimeout": "31s"}"#, Some("must be from 1s to 30s")),
    (
        r#"{"connectTimeout": "99ms"}"#,
        Some("must be from 100ms to 10s"),
    ),
    (
        r#"{"payload": {"groupId": "CallbackUrl"}}"#,
        Some("each key of payload may be used once"),
    ),
    (r#"{"payload": {"groupId": "", "requester": ""}}"#, None),
];

/// Fields that a length, a pattern or a type decides on.
const REFUSED: [(&str, &str); 7] = [
    (r#"{"url": null}"#, "spec.url: Required value"),
    (r#"{"retryFor": "6 hours"}"#, "should match"),
    (r#"{"retryFor": "-6h"}"#, "should match"),
    (r#"{"factoryIds": ["FF-1", "FF-1"]}"#, "Duplicate value"),
    (r#"{"maxAttempts": 0}"#, "greater than or equal to 1"),
    (r#"{"headersFrom": {"secretName": "../x"}}"#, "should match"),
    (
        r#"{"payload": {"callbackUrl": ""}}"#,
        "at least 1 chars long",
    ),
];

/// Every case, those by rule first.
pub(crate) fn factory_cases() -> Vec<Case> {
    let ids: Vec<String> = (0..65).map(|i| format!("FF-{i}")).collect();
    let many = json!({ "factoryIds": ids }).to_string();
    let urls = URLS.map(|(url, words)| (url, json!({ "url": url }).to_string(), words));
    let ruled = RULED.map(|(fields, words)| (fields, fields.to_owned(), words));
    let by_rule = urls
        .into_iter()
        .chain(ruled)
        .enumerate()
        .map(|(i, (name, fields, words))| {
            Case::new(name, factory(&format!("ruled-{i}"), &fields), words).ruled()
        });
    let refused =
        REFUSED.map(|(fields, words)| Case::new(fields, factory("refused", fields), Some(words)));
    let mut cases: Vec<Case> = by_rule.chain(refused).collect();
    let words = Some("must have at most 64 items");
    cases.push(Case::new("65 ids", factory("refused", &many), words));
    cases
}
