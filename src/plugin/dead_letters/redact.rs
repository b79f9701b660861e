//! What of a letter is shown to whoever did not ask for all of it: ids, and what the order is
//! made of. Whatever else a stranger wrote may be personal, the names of fields too.

use crate::domain::message::EVENT_ID;
use crate::edge::mapping::{Mapping, Part, Reads, Step};
use crate::intake::Death;
use serde_json::Value;

/// Names at the top, of ids and times, which are nobody's, in the spelling of producers and AWS.
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

/// Names at the top that say nothing of anybody, and have free text below them.
const FAMILIAR: [&str; 2] = ["Message", "Subject"];

/// What may be shown.
pub(super) struct Redaction {
    /// None: all of it.
    reads: Option<Reads>,
}

impl Redaction {
    /// By what this mapping reads; `none` shows all.
    pub(super) fn by(mapping: &Mapping, none: bool) -> Self {
        Self {
            reads: (!none).then(|| mapping.reads()),
        }
    }

    /// Why it died, as it may be said.
    pub(super) fn reason(&self, death: &Death) -> String {
        let said = match self.reads {
            Some(_) => &death.impersonal,
            None => &death.reason,
        };
        said.clone()
    }

    /// The name of the attribute at this place, and what it says.
    pub(super) fn attribute(&self, place: usize, name: &str, text: &str) -> (String, String) {
        let way = [Step::Name(name.to_owned())];
        let text = match self.shows(Part::Attributes, &way) {
            true => text.to_owned(),
            false => length_of(text),
        };
        (self.attribute_name(place, name), text)
    }

    /// The name of the attribute at this place.
    pub(super) fn attribute_name(&self, place: usize, name: &str) -> String {
        let way = [Step::Name(name.to_owned())];
        self.name(Part::Attributes, &way, place, name)
    }

    /// The body.
    pub(super) fn body(&self, body: &Value) -> Value {
        self.json(&mut Vec::new(), body)
    }

    fn json(&self, way: &mut Vec<Step>, value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let shown = map.iter().enumerate().map(|(place, (name, value))| {
                    way.push(Step::Name(name.clone()));
                    let shown = self.name(Part::Body, way, place, name);
                    let value = self.json(way, value);
                    way.pop();
                    (shown, value)
                });
                Value::Object(shown.collect())
            }
            Value::Array(all) => {
                let shown = all.iter().enumerate().map(|(place, one)| {
                    way.push(Step::Place(place));
                    let one = self.json(way, one);
                    way.pop();
                    one
                });
                shown.collect()
            }
            Value::Null | Value::Bool(_) => value.clone(),
            _ if self.shows(Part::Body, way) => value.clone(),
            Value::String(text) => length_of(text).into(),
            Value::Number(_) => "(a number)".into(),
        }
    }

    fn shows(&self, part: Part, way: &[Step]) -> bool {
        let Some(reads) = &self.reads else {
            return true;
        };
        let common = is_one_of(&IMPERSONAL, way) && !reads.personal(part, way);
        common || reads.impersonal(part, way)
    }

    /// By its place, so that no two of one object are the same.
    fn name(&self, part: Part, way: &[Step], place: usize, name: &str) -> String {
        let common = is_one_of(&IMPERSONAL, way) || is_one_of(&FAMILIAR, way);
        let reads = self.reads.as_ref();
        if common || reads.is_none_or(|reads| reads.names(part, way)) {
            return name.to_owned();
        }
        format!("(name {}, {})", place + 1, characters(name))
    }
}

fn is_one_of(names: &[&str], way: &[Step]) -> bool {
    matches!(way, [Step::Name(name)] if names.contains(&name.as_str()))
}

fn length_of(text: &str) -> String {
    format!("({})", characters(text))
}

fn characters(text: &str) -> String {
    format!("{} characters", text.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(mapping: &str, body: &Value) -> Value {
        Redaction::by(&Mapping::parse(mapping).unwrap(), false).body(body)
    }

    #[test]
    fn only_what_an_order_is_made_of_is_shown() {
        let mapping = Mapping::common_shop();
        let body = json!({
            "MessageAttributeProductId": "CP-1",
            "MessageAttributeProductCnt": 3,
            "MessageAttributeRequester": "김민지",
            "Subject": "부족 재고",
            "minji@example.com": 1,
            "nested": { "MessageGroupId": "g", "mail": ["a@b.example"], "urgent": true },
        });
        let shown = Redaction::by(&mapping, false).body(&body);
        let expected = json!({
            "MessageAttributeProductId": "CP-1",
            "MessageAttributeProductCnt": 3,
            "MessageAttributeRequester": "(3 characters)",
            "Subject": "(5 characters)",
            "(name 5, 17 characters)": "(a number)",
            "(name 6, 6 characters)": {
                "(name 1, 14 characters)": "(1 characters)",
                "(name 2, 4 characters)": ["(11 characters)"],
                "(name 3, 6 characters)": true,
            },
        });
        assert_eq!(shown, expected);
        assert_eq!(Redaction::by(&mapping, true).body(&body), body);
    }

    #[test]
    fn a_name_that_the_mapping_reads_is_shown_where_it_reads_it_and_nowhere_else() {
        let body = json!({
            "order": { "lines": [{ "sku": "CP-1" }, { "sku": "CP-2" }], "kind": "x" },
            "sku": "Minji", "lines": "Minji", "x": { "order": { "kind": "Minji" } },
        });
        let expected = json!({
            "order": {
                "lines": [{ "sku": "CP-1" }, { "(name 1, 3 characters)": "(4 characters)" }],
                "kind": "x",
            },
            "(name 3, 3 characters)": "(5 characters)",
            "(name 1, 5 characters)": "(5 characters)",
            "(name 4, 1 characters)": {
                "(name 1, 5 characters)": { "(name 1, 4 characters)": "(5 characters)" },
            },
        });
        for product in [
            "body.order.kind == 'x' ? body.order.lines[0].sku : ''",
            "body['order']['kind'].lowerAscii() + body.order[\"lines\"][0]['sku'].trim()",
            "fields.order.kind + string(fields.order.lines[0].sku) + fields.order.lines[1].missing",
        ] {
            let mapping = format!("productId: {}\n", json!(product));
            assert_eq!(shown(&mapping, &body), expected, "{product}");
        }
    }

    #[test]
    fn what_is_only_looked_for_or_walked_over_is_not_shown() {
        let body = json!({ "who": "Minji", "all": [{ "sku": "Minji" }], "at": "all" });
        let mapping = "productId: \"has(body.who) ? body.all.filter(fields, fields.sku == \
            body.at)[0].sku : body[body.at]\"\n";
        let expected = json!({
            "who": "(5 characters)",
            "all": [{ "(name 1, 3 characters)": "(5 characters)" }],
            "at": "all",
        });
        assert_eq!(shown(mapping, &body), expected);
    }

    #[test]
    fn what_names_the_requester_is_personal_whatever_else_it_names() {
        let mapping = "productId: fields.who.sku\nquantity: body.count\n\
                       requester: fields.who + body.EventId\n";
        let body = json!({ "who": { "sku": "CP-1" }, "count": 3, "EventId": "Minji" });
        let expected = json!({
            "who": { "sku": "(4 characters)" }, "count": 3, "EventId": "(5 characters)",
        });
        assert_eq!(shown(mapping, &body), expected);
        let redaction = Redaction::by(&Mapping::parse(mapping).unwrap(), false);
        let attribute = |name| redaction.attribute(0, name, "e-1");
        let said = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        assert_eq!(attribute("EventId"), said("EventId", "e-1"));
        assert_eq!(attribute("who"), said("who", "(3 characters)"));
        assert_eq!(
            attribute("count").0,
            "(name 1, 5 characters)",
            "of the body only"
        );
    }
}
