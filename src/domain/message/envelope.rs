//! The three ways a message is wrapped, opened to one form.

use super::{BODY_BYTES_MAX, MessageError, json, trace};
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Longest TopicArn we take: a name has at most 256 characters (SNS quotas), what is
/// before it stays far below the rest.
const ARN_BYTES_MAX: usize = 512;

/// A message without its wrapping: from SNS, delivered raw, or sent straight to SQS.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// The topic it came through; none without an SNS envelope.
    pub topic_arn: Option<String>,
    /// What SNS calls the publication; none without an SNS envelope.
    pub sns_message_id: Option<String>,
    /// What the producer sent: JSON, or a string if it is free text.
    pub body: Value,
    /// Why the body was not read as JSON, if it was not.
    pub not_json: Option<String>,
    /// The producer's attributes. They win over the body.
    pub attributes: BTreeMap<String, String>,
    /// W3C trace parent.
    pub trace_parent: Option<String>,
}

impl Envelope {
    /// Opens the body and attributes of an SQS message. `aws_trace_header` is the
    /// system attribute of that name.
    ///
    /// # Errors
    /// [`MessageError::TooLarge`], [`MessageError::TooManyValues`],
    /// [`MessageError::Source`].
    pub fn open(
        body: &str,
        attributes: &BTreeMap<String, String>,
        aws_trace_header: Option<&str>,
    ) -> Result<Self, MessageError> {
        if body.len() > BODY_BYTES_MAX {
            return Err(MessageError::TooLarge { bytes: body.len() });
        }
        let (body, not_json) = json::read(body)?;
        let mut envelope = match body {
            Value::Object(map) if is_sns(&map) => Self::of_sns(map)?,
            body => Self {
                topic_arn: None,
                sns_message_id: None,
                body,
                not_json,
                attributes: BTreeMap::new(),
                trace_parent: None,
            },
        };
        for (key, value) in attributes {
            envelope
                .attributes
                .entry(key.clone())
                .or_insert_with(|| value.clone());
        }
        envelope.trace_parent = trace::parent(&envelope.attributes, aws_trace_header);
        Ok(envelope)
    }

    fn of_sns(mut map: Map<String, Value>) -> Result<Self, MessageError> {
        let topic_arn = take_text(&mut map, "TopicArn");
        if topic_arn.as_deref().is_some_and(|arn| !is_arn(arn)) {
            return Err(MessageError::Source);
        }
        let (body, not_json) = json::read(&take_text(&mut map, "Message").unwrap_or_default())?;
        Ok(Self {
            topic_arn,
            sns_message_id: take_text(&mut map, "MessageId"),
            body,
            not_json,
            attributes: sns_attributes(map.remove("MessageAttributes")),
            trace_parent: None,
        })
    }

    /// The body's own fields with the attributes laid over them.
    pub fn fields(&self) -> Map<String, Value> {
        let mut fields = self.body.as_object().cloned().unwrap_or_default();
        for (key, value) in &self.attributes {
            fields.insert(key.clone(), Value::from(value.as_str()));
        }
        fields
    }

    /// SHA-256, in hex, of all that an order can be mapped from: the same for every
    /// delivery of one message, whatever ids, times, signatures and traces it had.
    pub fn digest(&self) -> String {
        let mut input = String::new();
        json::canonical(&self.body, &mut input);
        for (key, value) in self
            .attributes
            .iter()
            .filter(|(key, _)| !trace::is_carrier(key))
        {
            // Both as JSON strings: no key can imitate the end of a value.
            input.push_str(&Value::from(key.as_str()).to_string());
            input.push_str(&Value::from(value.as_str()).to_string());
        }
        let hash = digest(&SHA256, input.as_bytes());
        data_encoding::HEXLOWER.encode(hash.as_ref())
    }
}

/// An SNS envelope, and not a producer's JSON that has a `Message` of its own.
fn is_sns(map: &Map<String, Value>) -> bool {
    map.get("Type").and_then(Value::as_str) == Some("Notification")
        && map.get("Message").is_some_and(Value::is_string)
}

fn is_arn(text: &str) -> bool {
    text.starts_with("arn:")
        && text.len() <= ARN_BYTES_MAX
        && text.bytes().all(|b| b.is_ascii_graphic())
}

fn take_text(map: &mut Map<String, Value>, key: &str) -> Option<String> {
    match map.remove(key) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// `{name: {"Type": …, "Value": …}}`. Binary values mean nothing to us.
fn sns_attributes(attributes: Option<Value>) -> BTreeMap<String, String> {
    let Some(Value::Object(map)) = attributes else {
        return BTreeMap::new();
    };
    let text = |(name, mut attribute): (String, Value)| {
        let binary = attribute.get("Type").and_then(Value::as_str) == Some("Binary");
        match attribute.get_mut("Value").map(Value::take) {
            Some(Value::String(text)) if !binary => Some((name, text)),
            // SNS itself quotes numbers; bridges that imitate it do not always.
            Some(number @ Value::Number(_)) => Some((name, number.to_string())),
            _ => None,
        }
    };
    map.into_iter().filter_map(text).collect()
}
