//! RestockRequest: one out-of-stock message, or one wish typed by a person.

#![allow(
    clippy::duplicated_attributes,
    reason = "every wide column has its priority"
)]

use crate::crd::resolution::{NoQuantity, Resolution};
use crate::crd::schema::{WORD, rules};
use crate::crd::status::RestockRequestStatus;
use crate::crd::time::from_second_time;
use crate::domain::order::{EventId, ID_CHARACTERS_MAX, QUANTITY_MAX, RequestId, WordError};
use crate::domain::progress::{Progress, Request};
use crate::domain::time::Time;
use kube::{CustomResource, ResourceExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod source;

pub use source::{Source, SourceIdentity, SourceKind};

/// What cannot change once the request exists: it names what was asked for, and an order
/// may already be under way for it. A field that is compared only with itself could still
/// be added or removed, so the rule looks at the presence of each on both sides.
const IMMUTABLE: (&str, &str) = (
    "self.productId == oldSelf.productId \
     && has(self.quantity) == has(oldSelf.quantity) \
     && (!has(self.quantity) || self.quantity == oldSelf.quantity) \
     && has(self.factoryId) == has(oldSelf.factoryId) \
     && (!has(self.factoryId) || self.factoryId == oldSelf.factoryId) \
     && has(self.requester) == has(oldSelf.requester) \
     && (!has(self.requester) || self.requester == oldSelf.requester) \
     && has(self.source) == has(oldSelf.source) \
     && (!has(self.source) || self.source == oldSelf.source)",
    "only suspend and resolution can be changed; create another RestockRequest instead",
);

/// What is asked for, and where the wish came from. Only `suspend` and `resolution` can be
/// changed later.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "restock.dev",
    version = "v1alpha1",
    kind = "RestockRequest",
    doc = "RestockRequest asks a factory for more of one product, and shows what became of it.",
    namespaced,
    status = "RestockRequestStatus",
    derive = "PartialEq",
    shortname = "rr",
    category = "restock",
    selectable = ".spec.productId",
    selectable = ".status.phase",
    selectable = ".status.finished",
    printcolumn(name = "Product", type_ = "string", json_path = ".spec.productId",
        description = "The product asked for, as the message names it"),
    printcolumn(name = "Qty", type_ = "integer", json_path = ".status.quantity",
        description = "How many are ordered"),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase",
        description = "Where the request stands"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.reason",
        description = "Why it stands there"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Ready", type_ = "string", priority = 1,
        json_path = r#".status.conditions[?(@.type=="Ready")].status"#,
        description = "True when the goods arrived, False when the request failed"),
    printcolumn(name = "Factory", type_ = "string", priority = 1,
        json_path = ".status.factory.name", description = "The Factory that serves it"),
    printcolumn(name = "Attempt", type_ = "integer", priority = 1,
        json_path = ".status.attempt", description = "Number of the latest order"),
    printcolumn(name = "Order-Id", type_ = "string", priority = 1,
        json_path = ".status.factoryOrderId", description = "The factory's own id of the order"),
    printcolumn(name = "Notified", type_ = "string", priority = 1,
        json_path = r#".status.conditions[?(@.type=="Notified")].status"#,
        description = "Whether the operations team was told of the failure"),
    printcolumn(name = "Message", type_ = "string", priority = 1,
        json_path = ".status.message", description = "What happened, in a sentence"),
    validation = Rule::new(
        "!has(self.spec.source) || self.metadata.name.matches('^rr-[a-z2-7]{20}$')"
    ).message("a RestockRequest with a source is named rr- and its request id"),
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[IMMUTABLE])))]
pub struct RestockRequestSpec {
    /// The product asked for: its SKU in the ledger, or one of its aliases.
    #[schemars(length(min = 1, max = ID_CHARACTERS_MAX), regex(pattern = WORD))]
    pub product_id: String,

    /// How many to order. When absent: the product's reorder quantity, else the Factory's
    /// default quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = QUANTITY_MAX))]
    pub quantity: Option<u32>,

    /// The shop's own id of the factory to order from, such as FF-500293. When absent: the
    /// product's factory, else the default Factory.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = ID_CHARACTERS_MAX), regex(pattern = WORD))]
    pub factory_id: Option<String>,

    /// Who asks, in free text. Handed on to the factory.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = ID_CHARACTERS_MAX))]
    pub requester: Option<String>,

    /// The message that this request was made from. Absent in a request made by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,

    /// While true, no new order is sent for this request. An order already sent goes on.
    #[serde(default)]
    pub suspend: bool,

    /// A person's word on the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
}

/// Why an object cannot be taken for a request, or not for the one of its message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotARequest {
    /// The API server sets it, so the object does not come from one.
    #[error("metadata.{0} is missing")]
    Metadata(&'static str),
    /// The event id, or the uid, is no word.
    #[error(transparent)]
    Word(#[from] WordError),
    /// The person's word says that goods came, and not how many.
    #[error("spec.resolution: {0}")]
    Resolution(#[from] NoQuantity),
    /// Somebody copied a message's object under another name: its order would be a second.
    #[error("the object is named {found}, but its source makes the name {expected}")]
    Name {
        /// What its source asks for.
        expected: String,
        /// Its name.
        found: String,
    },
}

/// What the object's metadata and spec say. One that stands for no message says so, and is
/// known by its own uid: it must end, and be told of, like any other.
///
/// # Errors
/// [`NotARequest::Metadata`] if the object does not come from an API server,
/// [`NotARequest::Resolution`] if not from one with our definition.
pub fn to_request(object: &RestockRequest) -> Result<Request, NotARequest> {
    let uid = object.uid().ok_or(NotARequest::Metadata("uid"))?;
    let (id, unusable) = match request_id(object, &uid) {
        Ok(id) => (id, None),
        Err(why) => (RequestId::parse(&uid)?, Some(format!("{why}."))),
    };
    let resolution = object.spec.resolution.as_ref();
    Ok(Request {
        id,
        unusable,
        created_at: created_at(object)?,
        suspended: object.spec.suspend,
        resolution: resolution.map(TryInto::try_into).transpose()?,
        uid,
    })
}

/// Where the object stands. One that the controller has not met yet stands at the start.
///
/// # Errors
/// As the conversion of [`RestockRequestStatus`].
pub fn to_progress(object: &RestockRequest) -> Result<Progress, crate::crd::progress::StatusError> {
    object
        .status
        .as_ref()
        .map_or_else(|| Ok(Progress::default()), Progress::try_from)
}

fn request_id(object: &RestockRequest, uid: &str) -> Result<RequestId, NotARequest> {
    let Some(source) = &object.spec.source else {
        return Ok(RequestId::parse(uid)?);
    };
    let id = RequestId::of_event(&source.arn, &EventId::parse(&source.event_id)?);
    let (expected, found) = (id.object_name(), object.name_any());
    if expected == found {
        Ok(id)
    } else {
        Err(NotARequest::Name { expected, found })
    }
}

fn created_at(object: &RestockRequest) -> Result<Time, NotARequest> {
    let created = object.metadata.creation_timestamp.as_ref();
    created
        .map(from_second_time)
        .ok_or(NotARequest::Metadata("creationTimestamp"))
}
