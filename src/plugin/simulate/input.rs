//! The messages of a file, in each form in which people come by one.

use crate::domain::message::{BODY_BYTES_MAX, plain_text};
use crate::domain::order::ID_CHARACTERS_MAX;
use crate::domain::time::Time;
use crate::edge::sqs::Received;
use crate::plugin::failure::Failure;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, stdin};
use std::path::Path;

/// Largest file, in bytes: ten messages, as many as one receive answers, of the largest
/// bodies, with room for the escapes of JSON.
const FILE_BYTES_MAX: u64 = 2 * 10 * BODY_BYTES_MAX as u64;

/// What `aws sqs receive-message` prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Messages {
    messages: Vec<Message>,
}

/// One message of SQS.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    body: String,
    message_id: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    message_attributes: BTreeMap<String, Attribute>,
}

/// A message attribute; a binary one has no text.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    string_value: Option<String>,
}

/// The messages.
pub(super) fn read(path: &Path) -> Result<Vec<Received>, Failure> {
    let unreadable = |why: std::io::Error| {
        let what = format!("{} cannot be read: {why}", path.display());
        let next = "Give a file with one message, as text; or - for the standard input.";
        Failure::new(what, next)
    };
    let mut text = String::new();
    let read = match path == Path::new("-") {
        true => limited(stdin(), &mut text),
        false => File::open(path).and_then(|file| limited(file, &mut text)),
    };
    read.map_err(unreadable)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        let what = format!("{} has more than {FILE_BYTES_MAX} bytes", path.display());
        return Err(Failure::new(
            what,
            "No message is that large: is it the right file?",
        ));
    }
    Ok(messages(text))
}

/// One byte more than allowed, so that a cut file is not taken for a whole one.
fn limited(from: impl Read, text: &mut String) -> std::io::Result<()> {
    from.take(FILE_BYTES_MAX + 1).read_to_string(text).map(drop)
}

/// Whatever is no message of SQS is a body, an SNS notification too: ingest decides alike.
fn messages(text: String) -> Vec<Received> {
    if let Ok(Messages { messages }) = serde_json::from_str(&text) {
        return messages.into_iter().map(Received::from).collect();
    }
    // One, or one after the other, as `dlq discard` saves them.
    let several = serde_json::Deserializer::from_str(&text).into_iter::<Message>();
    let several = several.collect::<Result<Vec<_>, _>>().unwrap_or_default();
    if !several.is_empty() {
        return several.into_iter().map(Received::from).collect();
    }
    vec![Received {
        body: text,
        receive_count: 1,
        ..Received::default()
    }]
}

impl From<Message> for Received {
    fn from(message: Message) -> Self {
        let system = |name: &str| message.attributes.get(name).cloned();
        let sent = system("SentTimestamp").and_then(|millis| millis.parse::<i64>().ok());
        Self {
            message_id: plain_text(&message.message_id, ID_CHARACTERS_MAX),
            sent_at: sent
                .and_then(|millis| millis.checked_mul(1_000))
                .map(Time::from_micros),
            trace_header: system("AWSTraceHeader"),
            dead_letter_source_arn: system("DeadLetterQueueSourceArn"),
            receive_count: 1,
            receipt: String::new(),
            attributes: message
                .message_attributes
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.string_value?)))
                .collect(),
            body: message.body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_form_of_a_message_is_known() {
        let message = json!({
            "MessageId": "m-1",
            "Body": "{}",
            "Attributes": { "SentTimestamp": "1764000000000" },
            "MessageAttributes": {
                "EventId": { "StringValue": "e-1", "DataType": "String" },
                "Picture": { "BinaryValue": "AA==", "DataType": "Binary" },
            },
        });
        let many = json!({ "Messages": [message, message] });
        assert_eq!(messages(many.to_string()).len(), 2);
        let one = messages(message.to_string()).remove(0);
        assert_eq!((one.message_id.as_str(), one.body.as_str()), ("m-1", "{}"));
        assert_eq!(one.attributes.len(), 1);
        assert_eq!(one.sent_at, Some(Time::from_micros(1_764_000_000_000_000)));
        // As `dlq discard` saves them.
        let lines = format!("{message}\n{message}\n");
        assert_eq!(messages(lines).len(), 2);
        let body_of_lines = "{\"a\": 1}\n{\"a\": 2}";
        for body in [
            "{\"Message\": \"a\"}",
            "free text",
            "{\"Body\": 3}",
            body_of_lines,
            "",
        ] {
            assert_eq!(messages(body.to_owned()).remove(0).body, body);
        }
    }
}
