//! What of a letter is shown to whoever did not ask for all of it: ids, and what the order is
//! made of. Whatever else a stranger wrote may be personal.

use crate::domain::message::EVENT_ID;
use crate::edge::mapping::Mapping;
use serde_json::Value;
use std::collections::BTreeSet;

/// Keys of ids and times, which are nobody's, in the spelling of producers and of AWS.
const IMPERSONAL: [&str; 10] = [
    EVENT_ID,
    "AWSTraceHeader",
    "MessageGroupId",
    "MessageId",
    "SignatureVersion",
    "Timestamp",
    "TopicArn",
    "Type",
    "traceparent",
    "tracestate",
];

/// What may be shown.
pub(super) struct Redaction<'a> {
    /// None: all of it.
    impersonal: Option<BTreeSet<&'a str>>,
}

impl<'a> Redaction<'a> {
    /// By what this mapping reads; `none` shows all.
    pub(super) fn by(mapping: &'a Mapping, none: bool) -> Self {
        let impersonal = || {
            let mut names = mapping.impersonal_names();
            names.extend(IMPERSONAL);
            names
        };
        Self {
            impersonal: (!none).then(impersonal),
        }
    }

    /// The value under this key, as it may be shown.
    pub(super) fn text(&self, key: &str, value: &str) -> String {
        if self.shows(key) {
            return value.to_owned();
        }
        length_of(value)
    }

    /// The same of JSON: a list, and what is in it, is under the key of the list.
    pub(super) fn json(&self, key: &str, value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let shown = map
                    .iter()
                    .map(|(key, value)| (key.clone(), self.json(key, value)));
                Value::Object(shown.collect())
            }
            Value::Array(all) => all.iter().map(|one| self.json(key, one)).collect(),
            Value::Null | Value::Bool(_) => value.clone(),
            _ if self.shows(key) => value.clone(),
            Value::String(text) => length_of(text).into(),
            Value::Number(_) => "(a number)".into(),
        }
    }

    fn shows(&self, key: &str) -> bool {
        self.impersonal
            .as_ref()
            .is_none_or(|names| names.contains(key))
    }
}

fn length_of(text: &str) -> String {
    format!("({} characters)", text.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_an_order_is_made_of_is_shown() {
        let mapping = Mapping::common_shop();
        let body = json!({
            "MessageAttributeProductId": "CP-1",
            "MessageAttributeProductCnt": 3,
            "MessageAttributeRequester": "김민지",
            "Subject": "부족 재고",
            "phone": 821_012_345,
            "nested": { "MessageGroupId": "g", "mail": ["a@b.example"], "urgent": true },
        });
        let shown = Redaction::by(&mapping, false).json("", &body);
        let expected = json!({
            "MessageAttributeProductId": "CP-1",
            "MessageAttributeProductCnt": 3,
            "MessageAttributeRequester": "(3 characters)",
            "Subject": "(5 characters)",
            "phone": "(a number)",
            "nested": { "MessageGroupId": "g", "mail": ["(11 characters)"], "urgent": true },
        });
        assert_eq!(shown, expected);
        assert_eq!(Redaction::by(&mapping, true).json("", &body), body);
    }

    #[test]
    fn what_names_the_requester_is_personal_whatever_else_it_names() {
        let mapping = "productId: body.who.sku\nrequester: body.who\n";
        let mapping = Mapping::parse(mapping).unwrap();
        let redaction = Redaction::by(&mapping, false);
        assert_eq!(redaction.text("sku", "CP-1"), "CP-1");
        assert_eq!(redaction.text("who", "minji"), "(5 characters)");
        assert_eq!(redaction.text("EventId", "e-1"), "e-1");
    }
}
