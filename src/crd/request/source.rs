//! Where a request came from.

use crate::crd::schema::WORD;
use crate::domain::order::ID_CHARACTERS_MAX;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Longest ARN that AWS gives, with room.
const ARN_CHARACTERS_MAX: u32 = 512;

/// The message that a request was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// Whether the event came through an SNS topic or straight into the SQS queue.
    pub kind: SourceKind,

    /// The ARN of the topic, or of the queue that the message was sent to.
    #[schemars(length(min = 1, max = ARN_CHARACTERS_MAX))]
    pub arn: String,

    /// The event's identity. Together with the ARN it makes the request id.
    #[schemars(length(min = 1, max = ID_CHARACTERS_MAX), regex(pattern = WORD))]
    pub event_id: String,

    /// What the identity is: the producer's EventId attribute, the SNS message id, or the
    /// SQS message id.
    pub identity: SourceIdentity,

    /// SHA-256, in hex, of the business content of the message: body and attributes without
    /// delivery ids, times, signature and trace.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub digest: String,

    /// The SQS message id of the delivery that made this request.
    #[schemars(length(min = 1, max = ID_CHARACTERS_MAX))]
    pub message_id: String,

    /// When that message was sent.
    pub sent_at: MicroTime,

    /// The W3C trace parent of the message, if it carried one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"))]
    pub trace_parent: Option<String>,
}

/// Where the identity of an event is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SourceKind {
    /// Through an SNS topic.
    Topic,
    /// Straight into the SQS queue.
    Queue,
}

/// Which id is the event's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SourceIdentity {
    /// The producer's own `EventId` message attribute.
    EventId,
    /// The SNS message id.
    Sns,
    /// The SQS message id.
    Sqs,
}
