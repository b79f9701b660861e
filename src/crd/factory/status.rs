//! How a Factory is.

use crate::crd::schema::{self, MESSAGE_CHARACTERS_MAX};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, MicroTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the Factory is. Written by the controller, on change of a condition or the breaker,
/// else at most every 30 s.
///
/// An absent field is serialised as null on purpose: this is the body of a merge patch,
/// where null removes the field and absence would leave what was there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(
    description = "How the Factory is. Written by the controller alone.",
    transform = schema::without_property_defaults
)]
pub struct FactoryStatus {
    /// Ready says whether orders can be sent, and why not.
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,

    /// Requests in Placing or Awaiting.
    pub in_flight: Option<u32>,

    /// Whether the circuit breaker lets orders through.
    pub breaker: Option<Breaker>,

    /// When the factory last accepted an order.
    pub last_success: Option<MicroTime>,

    /// What last went wrong with an order.
    pub last_error: Option<LastError>,

    /// The metadata.generation that this status was decided from.
    pub observed_generation: Option<i64>,
}

/// A circuit breaker's state. Closed: orders go through. Open: none does. HalfOpen: one
/// order goes through to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Breaker {
    /// Orders go through.
    Closed,
    /// No order goes through.
    Open,
    /// One order goes through to try.
    HalfOpen,
}

/// What went wrong with an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LastError {
    /// When.
    pub at: MicroTime,

    /// What, without any part of the factory's answer.
    #[schemars(length(max = MESSAGE_CHARACTERS_MAX))]
    pub message: String,
}
