//! The status of a RestockRequest, as it is stored.

use crate::crd::resolution::HandledResolution;
use crate::crd::schema::{self, MESSAGE_CHARACTERS_MAX, WORD};
use crate::crd::words::{Delay, OrderOutcome, Phase, Reason};
use crate::domain::order::{ID_CHARACTERS_MAX, QUANTITY_MAX};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, MicroTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Longest id from outside (factory, SNS, SES) or of our own making that is stored.
pub(crate) const FOREIGN_ID_CHARACTERS_MAX: usize = 256;

/// More channels than there are.
const CHANNELS_MAX: usize = 4;

/// `observedGeneration` of an object that the controller has never met.
pub const NEVER_OBSERVED: i64 = -1;

/// What became of the request. Written by the controller alone.
///
/// An absent field is serialised as null on purpose: this is the body of a merge patch,
/// where null removes the field and absence would leave what was there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(
    description = "What became of the request. Written by the controller alone.",
    transform = schema::without_property_defaults,
    extend("default" = json!({ "phase": "Pending", "observedGeneration": NEVER_OBSERVED }))
)]
pub struct RestockRequestStatus {
    /// Where the request stands. Pending: nothing is under way at the factory. Placing: an
    /// order is being sent. Awaiting: the factory has the order, or may have it. Succeeded:
    /// the goods arrived. Failed: ended without goods; a late arrival still mends it.
    pub phase: Phase,

    /// Why it stands there.
    pub reason: Option<Reason>,

    /// What happened, in a sentence.
    #[schemars(length(max = MESSAGE_CHARACTERS_MAX))]
    pub message: Option<String>,

    /// Nothing is left to do or to tell.
    pub finished: bool,

    /// What is known of the latest attempt's order. Absent before the first one.
    pub order_outcome: Option<OrderOutcome>,

    /// The SKU that is ordered, fixed by the first attempt for all attempts.
    #[schemars(length(min = 1, max = ID_CHARACTERS_MAX), regex(pattern = WORD))]
    pub product: Option<String>,

    /// How many are ordered, fixed by the first attempt for all attempts.
    #[schemars(range(min = 1, max = QUANTITY_MAX))]
    pub quantity: Option<u32>,

    /// The Factory that serves the request, fixed by the first attempt for all attempts.
    pub factory: Option<FactoryReference>,

    /// Number of the latest attempt to order. Only rises.
    pub attempt: Option<u32>,

    /// How often a person had it ordered again. Each time raises maxAttempts by one.
    pub retries: Option<u32>,

    /// How often a person's word opened it again after it had failed.
    pub reopened: Option<u32>,

    /// Marks which process's intent the latest attempt is.
    #[schemars(length(min = 1, max = ID_CHARACTERS_MAX))]
    pub nonce: Option<String>,

    /// When the latest attempt was announced, by the ledger's clock.
    pub placing_since: Option<MicroTime>,

    /// The factory's own id of the order.
    #[schemars(length(max = FOREIGN_ID_CHARACTERS_MAX))]
    pub factory_order_id: Option<String>,

    /// When the callback is overdue, by the ledger's clock.
    pub deadline: Option<MicroTime>,

    /// No attempt is made before this time.
    pub next_attempt_at: Option<MicroTime>,

    /// When the running series of back-offs began.
    pub retry_since: Option<MicroTime>,

    /// The goods, once they are here.
    pub arrival: Option<Arrival>,

    /// Whether the request took too long in one phase: Marked, then Told when the operations
    /// team knows. Absent while it is in time.
    pub delay: Option<Delay>,

    /// The latest acknowledged notice about how the request ended.
    pub notice: Option<Notice>,

    /// When the controller first recorded something.
    pub start_time: Option<MicroTime>,

    /// When the request reached the end it stands at.
    pub completion_time: Option<MicroTime>,

    /// The spec.resolution that was handled last, and what became of it.
    pub handled_resolution: Option<HandledResolution>,

    /// The metadata.generation that this status was decided from; -1 before the first.
    pub observed_generation: i64,

    /// What is true of the request now, one entry per type.
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
}

impl Default for RestockRequestStatus {
    /// What the API server fills in: read back and selectable before the first write.
    fn default() -> Self {
        Self {
            phase: Phase::Pending,
            reason: None,
            message: None,
            finished: false,
            order_outcome: None,
            product: None,
            quantity: None,
            factory: None,
            attempt: None,
            retries: None,
            reopened: None,
            nonce: None,
            placing_since: None,
            factory_order_id: None,
            deadline: None,
            next_attempt_at: None,
            retry_since: None,
            arrival: None,
            delay: None,
            notice: None,
            start_time: None,
            completion_time: None,
            handled_resolution: None,
            observed_generation: NEVER_OBSERVED,
            conditions: Vec::new(),
        }
    }
}

/// One Factory object; the uid keeps a re-created one apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FactoryReference {
    /// Name of the Factory.
    #[schemars(length(min = 1, max = schema::OBJECT_NAME_CHARACTERS_MAX))]
    pub name: String,

    /// Its uid.
    #[schemars(length(min = 1, max = ID_CHARACTERS_MAX))]
    pub uid: String,
}

/// Goods that arrived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Arrival {
    /// How many.
    #[schemars(range(min = 1, max = QUANTITY_MAX))]
    pub quantity: u32,

    /// When the ledger had them.
    pub at: MicroTime,
}

/// An acknowledged notice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// The notice's stable id: the same in every repetition.
    #[schemars(length(max = FOREIGN_ID_CHARACTERS_MAX))]
    pub id: String,

    /// The id that the channel gave to it.
    #[schemars(length(max = FOREIGN_ID_CHARACTERS_MAX))]
    pub publish_id: String,

    /// Which channels acknowledged it.
    #[schemars(length(max = CHANNELS_MAX), inner(length(max = 32)))]
    pub channels: Vec<String>,

    /// When it was acknowledged.
    pub at: MicroTime,
}
