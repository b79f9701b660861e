//! What becomes of one message.

use crate::crd::request::{RestockRequest, SourceKind};
use crate::domain::time::Time;
use crate::edge::mapping::Mapping;
use crate::edge::sqs::Received;
use crate::intake;
use kube::ResourceExt as _;
use serde::Serialize;
use serde_json::Value;

/// Stands for the queue where nobody names it.
const UNKNOWN_QUEUE: &str = "unknown-queue";

/// Stands for the id that SQS gives to a message.
const UNKNOWN_MESSAGE: &str = "unknown-message";

/// A message's request and order, or why there is none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outcome {
    /// The message, as SQS calls it.
    pub(super) message: String,
    /// What it is known by: its request id, or a name made from its content.
    pub(super) known_as: String,
    /// Why it becomes no request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refusal: Option<String>,
    /// The request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request: Option<RestockRequest>,
    /// Whether that request is there already; unknown where nobody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exists: Option<bool>,
    /// What the factory would get.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) order: Option<Sent>,
    /// What is to be known beside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<String>,
}

/// An order, as it would be sent.
#[derive(Debug, Serialize)]
pub(super) struct Sent {
    /// The Factory's name.
    pub(super) factory: String,
    /// Where it is POSTed.
    pub(super) url: String,
    /// What is POSTed.
    pub(super) body: Value,
}

impl Outcome {
    pub(super) fn of(
        message: &Received,
        queue_arn: Option<&str>,
        mapping: &Mapping,
        now: Time,
    ) -> Self {
        let mut message = message.clone();
        if message.message_id.is_empty() {
            UNKNOWN_MESSAGE.clone_into(&mut message.message_id);
        }
        let died_in = message.dead_letter_source_arn.clone();
        let queue_arn = queue_arn.map(str::to_owned).or(died_in);
        let queue_arn = queue_arn.unwrap_or_else(|| UNKNOWN_QUEUE.to_owned());
        let mut outcome = Self {
            message: message.message_id.clone(),
            known_as: String::new(),
            refusal: None,
            request: None,
            exists: None,
            order: None,
            notes: Vec::new(),
        };
        match intake::read(&message, &queue_arn, mapping, now) {
            Ok(request) => {
                outcome.known_as = request.name_any().trim_start_matches("rr-").to_owned();
                outcome.notes.extend(unknown(&request));
                outcome.request = Some(request);
            }
            Err(refusal) => {
                outcome.known_as = refusal.known_as;
                outcome.refusal = Some(refusal.why.to_string());
            }
        }
        outcome
    }

    /// The name of its request, if it becomes one.
    pub(super) fn name(&self) -> Option<String> {
        self.request.as_ref().map(|request| request.name_any())
    }

    /// Whether its name is that which it will have: it is made from what is known.
    pub(super) fn has_its_name(&self) -> bool {
        self.request
            .as_ref()
            .is_some_and(|request| unknown(request).is_none())
    }
}

/// What is not known of the identity of a message.
fn unknown(request: &RestockRequest) -> Option<String> {
    let source = request.spec.source.as_ref()?;
    let queue = source.kind == SourceKind::Queue && source.arn == UNKNOWN_QUEUE;
    let message = source.event_id == UNKNOWN_MESSAGE;
    let (what, how) = match (queue, message) {
        (false, false) => return None,
        (true, false) => ("its queue", "give it with --queue-arn"),
        (_, true) => (
            "the id that SQS gives to it",
            "give what `aws sqs receive-message` prints",
        ),
    };
    Some(format!(
        "Its name will be another one, for {what} is part of it: {how}."
    ))
}
