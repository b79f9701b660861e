//! Whether a queue's access policy lets a topic send to it. AWS drops what it does not
//! allow without a word to anybody.

use super::arn::Arn;
use serde_json::{Value, json};

/// What a policy says of a topic that sends. The order is that of the certainty to arrive:
/// of several conditions the least holds, of several statements the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Admission {
    /// It may not, for certain.
    No,
    /// That depends on what is not judged here: other conditions, or a text that is no policy.
    Unclear,
    /// It may.
    Yes,
}

/// Whether this queue, with this policy, takes what this topic sends.
pub fn admission(policy: Option<&str>, queue_arn: &str, topic_arn: &str) -> Admission {
    let Some(policy) = policy else {
        return Admission::No;
    };
    let Ok(policy) = serde_json::from_str::<Value>(policy) else {
        return Admission::Unclear;
    };
    let statements = one_or_many(&policy["Statement"]);
    let by = |effect: &str| {
        let of_effect = statements.iter().filter(|one| one["Effect"] == effect);
        let applies = of_effect.map(|statement| applies(statement, queue_arn, topic_arn));
        applies.max().unwrap_or(Admission::No)
    };
    match (by("Allow"), by("Deny")) {
        (Admission::No, _) | (_, Admission::Yes) => Admission::No,
        (Admission::Yes, Admission::No) => Admission::Yes,
        _ => Admission::Unclear,
    }
}

/// The statement that a policy needs for [`Admission::Yes`], as JSON.
pub fn statement(topic_arn: &str, queue_arn: &str) -> String {
    json!({
        "Effect": "Allow",
        "Principal": { "Service": "sns.amazonaws.com" },
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": { "ArnEquals": { "aws:SourceArn": topic_arn } },
    })
    .to_string()
}

/// Whether a statement is about what the topic does to the queue. One that was copied from
/// another queue's policy is not.
fn applies(statement: &Value, queue_arn: &str, topic_arn: &str) -> Admission {
    // What is written as an exception is about nearly everything, or about nearly nothing.
    let inverse = ["NotAction", "NotPrincipal", "NotResource"];
    if inverse.iter().any(|key| !statement[*key].is_null()) {
        return Admission::Unclear;
    }
    let actions = one_or_many(&statement["Action"]);
    let sends = |action: &Value| {
        let action = action.as_str().unwrap_or_default().to_ascii_lowercase();
        matches(&action, "sqs:sendmessage")
    };
    let is_queue = |resource: &Value| matches(resource.as_str().unwrap_or_default(), queue_arn);
    let resources = one_or_many(&statement["Resource"]);
    // A queue's policy without one can only be about the queue.
    let of_queue = resources.is_empty() || resources.into_iter().any(is_queue);
    let sends = actions.into_iter().any(sends);
    if sends && of_queue && is_topic_service(&statement["Principal"]) {
        holds(&statement["Condition"], topic_arn)
    } else {
        Admission::No
    }
}

/// SNS, which has names of regions of its own where an account has to opt in to them.
fn is_topic_service(principal: &Value) -> bool {
    let anybody = |value: &Value| value == "*";
    let is_sns = |service: &Value| {
        let service = service.as_str().unwrap_or_default();
        service.starts_with("sns.") && service.ends_with(".amazonaws.com")
    };
    anybody(principal)
        || one_or_many(&principal["AWS"]).into_iter().any(anybody)
        || one_or_many(&principal["Service"]).into_iter().any(is_sns)
}

/// Every condition must hold.
fn holds(condition: &Value, topic_arn: &str) -> Admission {
    let operators = condition.as_object().into_iter().flatten();
    let conditions = operators.flat_map(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(move |(key, wanted)| (operator.as_str(), key.to_ascii_lowercase(), wanted))
    });
    let each = conditions.map(|(operator, key, wanted)| {
        let is = match key.as_str() {
            "aws:sourcearn" => topic_arn,
            "aws:sourceaccount" => Arn::of(topic_arn).map_or("", |arn| arn.account),
            // Of SNS for certain.
            "aws:securetransport" => "true",
            _ => return Admission::Unclear,
        };
        equals(operator, wanted, is)
    });
    each.min().unwrap_or(Admission::Yes)
}

/// `ArnEquals` and `ArnLike` are the same (IAM user guide: condition operators).
fn equals(operator: &str, wanted: &Value, is: &str) -> Admission {
    let like = matches!(operator, "ArnLike" | "StringLike" | "ArnEquals");
    if !like && !matches!(operator, "StringEquals" | "Bool") {
        return Admission::Unclear;
    }
    let same = one_or_many(wanted).into_iter().any(|value| match value {
        Value::Bool(value) => value.to_string() == is,
        value => {
            let value = value.as_str().unwrap_or_default();
            value == is || like && matches(value, is)
        }
    });
    if same { Admission::Yes } else { Admission::No }
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

    const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:stock";
    const QUEUE: &str = "arn:aws:sqs:eu-west-1:123456789012:stock";

    fn statement_alone(statement: &str) -> String {
        format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#)
    }

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
            policy(
                "Allow",
                send(),
                json!({ "Service": "sns.eu-south-2.amazonaws.com" }),
                json!({
                    "StringEquals": { "aws:SourceAccount": "123456789012" },
                    "Bool": { "aws:SecureTransport": "true" },
                }),
            ),
            statement_alone(&statement(TOPIC, QUEUE)),
        ] {
            assert_eq!(
                admission(Some(&policy), QUEUE, TOPIC),
                Admission::Yes,
                "{policy}"
            );
        }
    }

    #[test]
    fn what_denies_nothing_of_the_topic_is_in_nobodys_way() {
        let plain = json!({ "Bool": { "aws:SecureTransport": "false" } });
        let denied = json!({
            "Effect": "Deny", "Action": "sqs:*", "Principal": "*", "Condition": plain,
        });
        let allowed: Value = serde_json::from_str(&statement(TOPIC, QUEUE)).unwrap();
        let both = json!({ "Statement": [allowed.clone(), denied] }).to_string();
        assert_eq!(admission(Some(&both), QUEUE, TOPIC), Admission::Yes);
        let denied = json!({ "Effect": "Deny", "Action": "sqs:*", "Principal": "*" });
        let both = json!({ "Statement": [allowed, denied] }).to_string();
        assert_eq!(admission(Some(&both), QUEUE, TOPIC), Admission::No);
    }

    #[test]
    fn what_is_not_judged_here_is_not_called_a_no() {
        let known = json!("sqs:SendMessage");
        let network = json!({ "StringEquals": { "aws:PrincipalOrgID": "o-1" } });
        let inverse = json!({
            "Effect": "Allow", "NotAction": "sqs:DeleteQueue", "Principal": "*",
        });
        for policy in [
            policy("Allow", known.clone(), sns(), network),
            policy(
                "Allow",
                known,
                sns(),
                source("StringEqualsIgnoreCase", TOPIC),
            ),
            statement_alone(&inverse.to_string()),
            "no json".to_owned(),
        ] {
            let found = admission(Some(&policy), QUEUE, TOPIC);
            assert_eq!(found, Admission::Unclear, "{policy}");
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
        ] {
            assert_eq!(
                admission(Some(&policy), QUEUE, TOPIC),
                Admission::No,
                "{policy}"
            );
        }
        assert_eq!(admission(None, QUEUE, TOPIC), Admission::No);
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

    #[test]
    fn a_statement_of_another_queue_admits_nobody_here() {
        let other = statement(TOPIC, "arn:aws:sqs:eu-west-1:123456789012:other");
        let other = statement_alone(&format!("[{other}]"));
        assert_eq!(admission(Some(&other), QUEUE, TOPIC), Admission::No);
    }
}
