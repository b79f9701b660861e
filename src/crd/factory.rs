//! Factory: one destination of orders, and every limit on them.

#![allow(
    clippy::duplicated_attributes,
    reason = "every wide column has its priority"
)]

use crate::crd::factory::payload::Payload;
use crate::crd::factory::status::FactoryStatus;
use crate::crd::schema::{OBJECT_NAME, OBJECT_NAME_CHARACTERS_MAX, WORD};
use crate::crd::span::Span;
use crate::crd::words::OnOverdue;
use crate::domain::order::{ID_CHARACTERS_MAX, QUANTITY_MAX};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod choice;
mod limits;
pub mod payload;
mod rules;
pub mod status;

/// Ids that one Factory may serve: the list is searched for each request.
const FACTORY_IDS_MAX: usize = 64;

/// Longest URL, with room for a path and a query.
const URL_CHARACTERS_MAX: usize = 1024;

/// Orders that one Factory may have under way, or one limiter may let go at once: as many
/// as the operator keeps live requests.
const IN_FLIGHT_MAX: u32 = 10_000;

/// Orders a second: beyond this a limiter no longer protects a legacy factory.
const ORDERS_PER_SECOND_MAX: u32 = 1_000;

/// Attempts: each may cost an order, so that many is never wanted by a policy.
const ATTEMPTS_MAX: u32 = 10;

/// The reason of its Ready condition while a person holds it.
pub const SUSPENDED: &str = "Suspended";

/// Where orders go, and every limit on them.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "restock.dev",
    version = "v1alpha1",
    kind = "Factory",
    plural = "factories",
    doc = "Factory is one destination of orders, and every limit on them.",
    namespaced,
    status = "FactoryStatus",
    derive = "PartialEq",
    category = "restock",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].status"#,
        description = "Whether orders can be sent to it"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].reason"#,
        description = "Why it is ready or not"
    ),
    printcolumn(
        name = "Default",
        type_ = "boolean",
        json_path = ".spec.default",
        description = "Whether it serves what no other Factory lists"
    ),
    printcolumn(
        name = "Suspended",
        type_ = "boolean",
        json_path = ".spec.suspend",
        description = "Whether new orders are held back"
    ),
    printcolumn(
        name = "In-Flight",
        type_ = "integer",
        json_path = ".status.inFlight",
        description = "Orders under way"
    ),
    printcolumn(
        name = "Breaker",
        type_ = "string",
        json_path = ".status.breaker",
        description = "Whether the circuit breaker lets orders through"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    ),
    printcolumn(
        name = "Ids",
        type_ = "string",
        priority = 1,
        json_path = ".spec.factoryIds",
        description = "The shop's ids that it serves"
    ),
    printcolumn(
        name = "Last-Success",
        type_ = "date",
        priority = 1,
        json_path = ".status.lastSuccess",
        description = "When it last accepted an order"
    ),
    printcolumn(
        name = "Last-Error",
        type_ = "string",
        priority = 1,
        json_path = ".status.lastError.message",
        description = "What last went wrong"
    ),
    printcolumn(name = "Url", type_ = "string", priority = 1, json_path = ".spec.url")
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules::spec()))]
pub struct FactorySpec {
    /// Where orders are POSTed. Its host must be on the operator's own list of allowed hosts.
    #[schemars(length(min = 1, max = URL_CHARACTERS_MAX))]
    pub url: String,

    /// The shop's own factory ids that this Factory serves, such as FF-500293.
    #[serde(default)]
    #[schemars(
        length(max = FACTORY_IDS_MAX),
        inner(length(min = 1, max = ID_CHARACTERS_MAX), regex(pattern = WORD)),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub factory_ids: Vec<String>,

    /// Serves every id that no other Factory lists, and requests without one.
    #[serde(default)]
    pub default: bool,

    /// How many to order when neither the message nor the product says. When absent, such
    /// a request is invalid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = QUANTITY_MAX))]
    pub default_quantity: Option<u32>,

    /// Largest quantity of one order. A request for more is invalid.
    #[serde(default = "FactorySpec::default_max_quantity")]
    #[schemars(range(min = 1, max = QUANTITY_MAX))]
    pub max_quantity: u32,

    /// Orders a second, at most, over any longer time.
    #[serde(default = "FactorySpec::default_orders_per_second")]
    #[schemars(range(min = 1, max = ORDERS_PER_SECOND_MAX))]
    pub orders_per_second: u32,

    /// Orders at once, at most, after a time without any.
    #[serde(default = "FactorySpec::default_burst")]
    #[schemars(range(min = 1, max = IN_FLIGHT_MAX))]
    pub burst: u32,

    /// Requests that may be in Placing or Awaiting at once; further ones wait.
    #[serde(default = "FactorySpec::default_max_in_flight")]
    #[schemars(range(min = 1, max = IN_FLIGHT_MAX))]
    pub max_in_flight: u32,

    /// Requests of one product that may be open at once; further ones wait. When absent,
    /// there is no such limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = IN_FLIGHT_MAX))]
    pub max_open_per_product: Option<u32>,

    /// While true, no new order is sent. Orders already sent go on.
    #[serde(default)]
    pub suspend: bool,

    /// How long a connection to the factory may take, from 100ms to 10s.
    #[serde(default = "FactorySpec::default_connect_timeout")]
    #[schemars(extend("x-kubernetes-validations" = rules::span("100ms", "10s")))]
    pub connect_timeout: Span,

    /// How long an order may take from connecting to the end of the answer, from 1s to 30s.
    #[serde(default = "FactorySpec::default_total_timeout")]
    #[schemars(extend("x-kubernetes-validations" = rules::span("1s", "30s")))]
    pub total_timeout: Span,

    /// How long after an order its callback is overdue, from 1s to 72h.
    #[serde(default = "FactorySpec::default_callback_deadline")]
    #[schemars(extend("x-kubernetes-validations" = rules::span("1s", "72h")))]
    pub callback_deadline: Span,

    /// Attempts that may have cost an order, over the whole life of a request.
    #[serde(default = "FactorySpec::default_max_attempts")]
    #[schemars(range(min = 1, max = ATTEMPTS_MAX))]
    pub max_attempts: u32,

    /// What follows when a callback is overdue: Fail ends the request and tells the
    /// operations team; Reorder orders again while attempts are left, at the risk of goods
    /// that come twice.
    #[serde(default = "FactorySpec::default_on_overdue")]
    pub on_overdue: OnOverdue,

    /// How long an order is tried again while the factory cannot be reached or asks to
    /// wait, from 1s to 168h.
    #[serde(default = "FactorySpec::default_retry_for")]
    #[schemars(extend("x-kubernetes-validations" = rules::span("1s", "168h")))]
    pub retry_for: Span,

    /// After how long in one phase a request counts as delayed, from 1s to 168h.
    #[serde(default = "FactorySpec::default_delayed_after")]
    #[schemars(extend("x-kubernetes-validations" = rules::span("1s", "168h")))]
    pub delayed_after: Span,

    /// Which JSON keys of an order carry what. The defaults are those of the legacy factory.
    #[serde(default)]
    pub payload: Payload,

    /// Request headers for the factory, such as its credentials, from a Secret that is
    /// mounted into the controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers_from: Option<HeadersFrom>,

    /// Allows a url that is not https.
    #[serde(default)]
    pub allow_insecure: bool,
}

/// Where request headers come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeadersFrom {
    /// Name of a Secret that is mounted into the controller: each key is the name of a
    /// header, each value its value. It is never read through the Kubernetes API.
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARACTERS_MAX), regex(pattern = OBJECT_NAME))]
    pub secret_name: String,
}
