//! Needs nothing but the program. Proves that `kubectl restock` says what a message would
//! become, in whatever form it is given, that its exit codes are those that its help names,
//! and that no text of a message steers a terminal.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/plugin.rs"]
mod support;

use serde_json::{Value, json};
use std::process::Command;
use support::{Said, is_harmless, plugin};

const TOPIC: &str = "arn:aws:sns:eu-central-1:000000000000:restock-stock";
const QUEUE: &str = "arn:aws:sqs:eu-central-1:000000000000:stock_queue";

fn simulate(message: &str, more: &[&str]) -> Said {
    let arguments = [&["simulate", "--offline", "-f", "-"], more].concat();
    plugin(&arguments, message, &[])
}

fn order() -> String {
    json!({ "MessageAttributeProductId": "CP-502101", "MessageAttributeProductCnt": "10" })
        .to_string()
}

fn notification() -> String {
    let message = json!({
        "Type": "Notification",
        "MessageId": "51c9dd0e-0000-4000-8000-000000000001",
        "TopicArn": TOPIC,
        "Message": order(),
    });
    message.to_string()
}

#[test]
fn a_message_is_the_same_request_in_every_form_in_which_it_can_be_had() {
    let body = json!({ "MessageId": "m-1", "Body": notification() });
    let forms = [
        notification(),
        body.to_string(),
        json!({ "Messages": [body] }).to_string(),
    ];
    for form in forms {
        let said = simulate(&form, &["-o", "name"]);
        assert_eq!(
            said.out, "restockrequest.restock.dev/rr-j3m74bqgzdx6olllkjrc\n",
            "{form}"
        );
        assert_eq!(said.code, 0);
    }
}

#[test]
fn what_a_message_becomes_is_shown_as_the_object_itself() {
    let attributes = json!({ "EventId": { "StringValue": "order-7", "DataType": "String" } });
    let message = json!({
        "MessageId": "m-1",
        "Body": order(),
        "Attributes": { "SentTimestamp": "1764000000000" },
        "MessageAttributes": attributes,
    });
    let said = simulate(&message.to_string(), &["--queue-arn", QUEUE, "-o", "json"]);
    let outcomes: Value = serde_json::from_str(&said.out).unwrap();
    let spec = &outcomes[0]["request"]["spec"];
    assert_eq!(spec["productId"], "CP-502101");
    assert_eq!(spec["quantity"], 10);
    assert_eq!(spec["source"]["eventId"], "order-7");
    assert_eq!(spec["source"]["arn"], QUEUE);
    assert_eq!(spec["source"]["sentAt"], "2025-11-24T16:00:00.000000Z");
    assert_eq!(outcomes[0]["notes"], Value::Null);
}

#[test]
fn a_name_that_is_not_final_is_called_so() {
    for (message, more, lacks) in [
        (order(), &[][..], "the id that SQS gives to it"),
        (
            json!({ "MessageId": "m-1", "Body": order() }).to_string(),
            &[][..],
            "its queue",
        ),
    ] {
        let said = simulate(&message, more);
        assert!(said.out.contains(lacks), "{}", said.out);
    }
}

#[test]
fn the_reason_of_a_refusal_is_that_of_ingest() {
    let said = simulate("{\"sku\": \"CP-502101\"}", &[]);
    said.expect(
        4,
        &["the message would become no request", "docs/mapping.md"],
    );
    let reason = "no product id: expected fields.MessageAttributeProductId, found sku";
    assert!(said.out.contains(reason), "{}", said.out);

    let mapping = std::env::temp_dir().join(format!("plugin-mapping-{}", std::process::id()));
    std::fs::write(&mapping, "productId: body.sku\n").unwrap();
    let path = mapping.to_str().unwrap();
    let mapped = simulate("{\"sku\": \"CP-502101\"}", &["--mapping", path]);
    assert_eq!(mapped.code, 0, "{mapped:?}");
    std::fs::write(&mapping, "productId: body.\n").unwrap();
    simulate("{}", &["--mapping", path]).expect(1, &["expression for productId is not valid"]);
    std::fs::remove_file(&mapping).unwrap();
    simulate("{}", &["--mapping", path]).expect(1, &["cannot be read", "docs/mapping.md"]);
}

#[test]
fn no_text_of_a_message_steers_a_terminal() {
    let escape = "\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}\r\n";
    let bodies = [
        escape.to_owned(),
        json!({ "MessageAttributeProductId": escape }).to_string(),
        json!({ escape: 1 }).to_string(),
        json!({ "MessageAttributeProductId": "CP-1", "MessageAttributeRequester": escape })
            .to_string(),
        json!({ "MessageId": escape, "Body": order() }).to_string(),
        json!({ "Type": "Notification", "Message": escape, "TopicArn": escape }).to_string(),
    ];
    for body in &bodies {
        for form in [&[][..], &["-o", "json"], &["-o", "yaml"], &["-o", "name"]] {
            let said = simulate(body, form);
            assert!(
                is_harmless(&said.out) && is_harmless(&said.err),
                "{body:?} {said:?}"
            );
        }
    }
}

#[test]
fn wrong_usage_has_its_own_exit_code() {
    for arguments in [
        &[][..],
        &["status", "--no-such-flag"],
        &["suspend", "--reason", "b"],
        &["suspend", "a"],
        &["resume", "a", "--reason", " "],
        &["suspend", "a", "-l", "b=c", "--reason", "d"],
        &["status", "-A", "-n", "shop"],
        &["retry", "a"],
        &["cancel", "a", "--reason", " "],
        &["resolve", "a", "--reason", "b"],
        &["resolve", "placed", "--reason", "b"],
        &["resolve", "a", "placed", "-l", "c=d", "--reason", "b"],
        &["resolve", "a", "placed", "--quantity", "1", "--reason", "b"],
        &["resolve", "a", "arrived", "--reason", "b"],
        &[
            "resolve",
            "a",
            "arrived",
            "--quantity",
            "0",
            "--reason",
            "b",
        ],
        &[
            "resolve",
            "a",
            "b",
            "arrived",
            "--quantity",
            "1",
            "--reason",
            "c",
        ],
        &[
            "resolve",
            "-l",
            "c=d",
            "arrived",
            "--quantity",
            "1",
            "--reason",
            "b",
        ],
        &["simulate"],
    ] {
        assert_eq!(plugin(arguments, "", &[]).code, 2, "{arguments:?}");
    }
    let missing = plugin(&["simulate", "--offline", "-f", "/nowhere"], "", &[]);
    missing.expect(1, &["/nowhere cannot be read", "standard input"]);
}

#[test]
fn shells_and_kubectl_can_complete() {
    for (shell, words) in [
        ("zsh", "#compdef kubectl-restock"),
        ("fish", "complete -c kubectl-restock"),
        ("kubectl", "exec kubectl-restock __complete"),
    ] {
        let said = plugin(&["completion", shell], "", &[]);
        assert_eq!(said.code, 0);
        assert!(said.out.contains(words), "{shell}: {}", said.out);
    }
    let said = plugin(&["__complete", "sus"], "", &[]);
    assert_eq!(said.out, "suspend\n:4\n");

    let script = plugin(&["completion", "bash"], "", &[]).out;
    let complete = "COMP_WORDS=(kubectl-restock sus) COMP_CWORD=1
        _kubectl__restock kubectl-restock sus kubectl-restock
        echo \"${COMPREPLY[@]}\"";
    let bash = Command::new("bash")
        .args(["-c", &format!("{script}\n{complete}")])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&bash.stdout),
        "suspend\n",
        "{bash:?}"
    );
}
