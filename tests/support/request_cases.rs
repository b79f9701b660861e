//! Requests that are right, and requests that are wrong in one place.

use crate::case::{Case, with};
use crate::requests::{by_message, by_person};
use serde_json::{Value, json};

/// What the server says of a text that does not match its pattern.
const SHAPE: &str = "should match";

const LEAST: &str = "greater than or equal to 1";

/// Fields of a request made by hand that are refused, and the words for it.
const REFUSED_FIELDS: [(&str, &str); 17] = [
    (r#"{"productId": null}"#, "spec.productId: Required value"),
    (r#"{"productId": "CP'; --"}"#, SHAPE),
    (r#"{"productId": "../CP"}"#, SHAPE),
    (r#"{"productId": "CP\n"}"#, SHAPE),
    (r#"{"quantity": 0}"#, LEAST),
    (r#"{"quantity": -1}"#, LEAST),
    (r#"{"quantity": 1000001}"#, "less than or equal to 1000000"),
    (r#"{"quantity": 1.5}"#, "must be of type integer"),
    (r#"{"quantity": "7"}"#, "must be of type integer"),
    (r#"{"source": {}}"#, "spec.source.arn: Required value"),
    (
        r#"{"resolution": {"verb": "placed"}}"#,
        "Unsupported value: \"placed\"",
    ),
    (
        r#"{"resolution": {"attempt": -1}}"#,
        "greater than or equal to 0",
    ),
    (
        r#"{"resolution": {"verb": "Retry", "attempt": 1, "by": "me"}}"#,
        "spec.resolution.reason: Required value",
    ),
    (r#"{"resolution": {"by": ""}}"#, "at least 1 chars long"),
    (r#"{"resolution": {"reason": "  "}}"#, SHAPE),
    (r#"{"resolution": {"by": "me\u001b[2J"}}"#, SHAPE),
    (r#"{"suspend": "yes"}"#, "must be of type boolean"),
];

/// Fields of a source that are refused, and the words for it.
const REFUSED_SOURCES: [(&str, &str, &str); 5] = [
    ("digest", "", SHAPE),
    ("traceParent", "00-1-2-3", SHAPE),
    ("kind", "Fax", "Unsupported value: \"Fax\""),
    ("sentAt", "yesterday", "must be of type date-time"),
    ("eventId", "../../x", SHAPE),
];

fn renamed(mut object: Value, name: &str) -> Value {
    object["metadata"]["name"] = json!(name);
    object
}

fn long(name: &str, field: &str, length: usize) -> Value {
    let text = "도".repeat(length);
    let text = if field == "requester" {
        text
    } else {
        "x".repeat(length)
    };
    with(by_person(name), &json!({ field: text }).to_string())
}

/// A person's word with everything that each verb needs, and some more.
fn word(verb: &str, attempt: u32, more: &str) -> Value {
    let word = format!(
        r#"{{"resolution": {{"verb": "{verb}", "attempt": {attempt}, "reason": "asked", "by": "me"{more}}}}}"#
    );
    let name = format!("{}-{attempt}", verb.to_lowercase());
    with(by_person(&name), &word)
}

fn word_cases() -> [Case; 9] {
    const NEEDED: Option<&str> = Some("Arrived needs a quantity, and no other verb has one");
    const TOO_EARLY: Option<&str> =
        Some("only Retry and Cancel can be said before the first attempt");
    let six = r#", "quantity": 6"#;
    [
        Case::new("it was placed", word("Placed", 1, ""), None),
        Case::new("goods came", word("Arrived", 1, six), None),
        Case::new("goods came, not how many", word("Arrived", 1, ""), NEEDED),
        Case::new("cancel so many", word("Cancel", 1, six), NEEDED),
        Case::new("cancel what never began", word("Cancel", 0, ""), None),
        Case::new("retry what never began", word("Retry", 0, ""), None),
        Case::new("placed before it began", word("Placed", 0, ""), TOO_EARLY),
        Case::new("not placed before", word("NotPlaced", 0, ""), TOO_EARLY),
        Case::new("goods of nothing", word("Arrived", 0, six), TOO_EARLY),
    ]
    .map(Case::ruled)
}

fn rule_cases() -> [Case; 5] {
    const NAME: Option<&str> =
        Some("a RestockRequest with a source is named rr- and its request id");
    [
        Case::new("only a product", by_person("a"), None),
        Case::new("every field", by_message("every-field"), None),
        Case::new(
            "a source under another name",
            renamed(by_message("b"), "b"),
            NAME,
        ),
        Case::new(
            "a source under a short name",
            renamed(by_message("b"), "rr-b"),
            NAME,
        ),
        Case::new("no source, any name", by_person("rr-b"), None),
    ]
    .map(Case::ruled)
}

/// Every case, those by rule first.
pub(crate) fn request_cases() -> Vec<Case> {
    const LONG: Option<&str> = Some("may not be more than 128");
    let mut cases = Vec::from(rule_cases());
    cases.extend(word_cases());
    cases.extend([
        Case::new("a long product", long("d", "productId", 129), LONG),
        Case::new(
            "128 characters of Korean",
            long("e", "requester", 128),
            None,
        ),
        Case::new(
            "129 characters of Korean",
            long("f", "requester", 129),
            LONG,
        ),
        Case::new(
            "a million",
            with(by_person("g"), r#"{"quantity": 1000000}"#),
            None,
        ),
    ]);
    cases.extend(
        REFUSED_FIELDS
            .map(|(fields, words)| Case::new(fields, with(by_person("h"), fields), Some(words))),
    );
    cases.extend(REFUSED_SOURCES.map(|(key, value, words)| {
        let mut object = by_message("i");
        object["spec"]["source"][key] = json!(value);
        Case::new(key, object, Some(words))
    }));
    cases
}
