//! Whether a queue's access policy lets a topic send to it. AWS drops what it does not
//! allow without a word to anybody.

use serde_json::Value;

/// Whether a statement allows it. Says no where it cannot be sure.
pub(super) fn admits(policy: Option<&str>, topic_arn: &str) -> bool {
    let policy: Option<Value> = policy.and_then(|text| serde_json::from_str(text).ok());
    let Some(policy) = policy else { return false };
    let allows =
        |statement: &Value| statement["Effect"] == "Allow" && is_about(statement, topic_arn);
    let denies =
        |statement: &Value| statement["Effect"] == "Deny" && is_about(statement, topic_arn);
    let statements = one_or_many(&policy["Statement"]);
    statements.iter().copied().any(allows) && !statements.into_iter().any(denies)
}

fn is_about(statement: &Value, topic_arn: &str) -> bool {
    let actions = one_or_many(&statement["Action"]);
    let sends = |action: &Value| {
        let action = action.as_str().unwrap_or_default().to_ascii_lowercase();
        matches(&action, "sqs:sendmessage")
    };
    actions.into_iter().any(sends)
        && is_topic_service(&statement["Principal"])
        && is_from(&statement["Condition"], topic_arn)
}

fn is_topic_service(principal: &Value) -> bool {
    let anybody = |value: &Value| value == "*";
    anybody(principal)
        || one_or_many(&principal["AWS"]).into_iter().any(anybody)
        || one_or_many(&principal["Service"])
            .into_iter()
            .any(|service| service == "sns.amazonaws.com")
}

/// Every condition must hold; those about anything but the source may not.
fn is_from(condition: &Value, topic_arn: &str) -> bool {
    let Some(operators) = condition.as_object() else {
        return condition.is_null();
    };
    operators.iter().all(|(operator, keys)| {
        let like = matches!(operator.as_str(), "ArnLike" | "StringLike" | "ArnEquals");
        let known = like || operator == "StringEquals";
        let keys = keys.as_object().into_iter().flatten();
        known
            && keys.into_iter().all(|(key, values)| {
                let is = |value: &Value| {
                    let wanted = value.as_str().unwrap_or_default();
                    wanted == topic_arn || like && matches(wanted, topic_arn)
                };
                key.eq_ignore_ascii_case("aws:SourceArn") && one_or_many(values).into_iter().any(is)
            })
    })
}

/// Policies write a list of one without its brackets.
fn one_or_many(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(many) => many.iter().collect(),
        one => vec![one],
    }
}

/// `*` stands for any text, `?` for one character.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut from) = (0, 0);
    // Where the last star was, and how much of the text it stands for.
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at, from));
            at += 1;
        } else if pattern
            .get(at)
            .is_some_and(|byte| *byte == b'?' || *byte == text[from])
        {
            at += 1;
            from += 1;
        } else if let Some((place, taken)) = star {
            star = Some((place, taken + 1));
            at = place + 1;
            from = taken + 1;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:stock";

    fn policy(effect: &str, action: Value, principal: Value, condition: Value) -> String {
        let statement = json!({
            "Effect": effect, "Action": action, "Principal": principal,
            "Resource": "*", "Condition": condition,
        });
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    }

    fn sns() -> Value {
        json!({ "Service": "sns.amazonaws.com" })
    }

    fn source(operator: &str, arn: &str) -> Value {
        json!({ operator: { "aws:SourceArn": arn } })
    }

    #[test]
    fn the_usual_policies_admit_the_topic() {
        let send = || json!("sqs:SendMessage");
        for policy in [
            policy("Allow", send(), sns(), source("ArnEquals", TOPIC)),
            policy(
                "Allow",
                json!(["SQS:*"]),
                json!("*"),
                source("StringEquals", TOPIC),
            ),
            policy(
                "Allow",
                send(),
                json!({ "AWS": ["*"] }),
                source("ArnLike", "arn:aws:sns:*:123456789012:*"),
            ),
            policy("Allow", send(), sns(), Value::Null),
        ] {
            assert!(admits(Some(&policy), TOPIC), "{policy}");
        }
    }

    #[test]
    fn others_do_not() {
        let send = || json!("sqs:SendMessage");
        for policy in [
            policy("Deny", send(), sns(), source("ArnEquals", TOPIC)),
            policy(
                "Allow",
                json!("sqs:ReceiveMessage"),
                sns(),
                source("ArnEquals", TOPIC),
            ),
            policy(
                "Allow",
                send(),
                json!({ "AWS": "arn:aws:iam::1:root" }),
                Value::Null,
            ),
            policy(
                "Allow",
                send(),
                sns(),
                source("ArnEquals", "arn:aws:sns:eu-west-1:123456789012:ops"),
            ),
            policy(
                "Allow",
                send(),
                sns(),
                json!({ "Bool": { "aws:SecureTransport": "true" } }),
            ),
            "no json".to_owned(),
        ] {
            assert!(!admits(Some(&policy), TOPIC), "{policy}");
        }
        assert!(!admits(None, TOPIC));
    }

    #[test]
    fn stars_stand_for_any_text() {
        for (pattern, text, same) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c*", "acd", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a*d", "abc", false),
        ] {
            assert_eq!(matches(pattern, text), same, "{pattern} {text}");
        }
    }
}
