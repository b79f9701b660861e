//! The resources of group `restock.dev`, and their conversions to and from the domain.
//!
//! Enums and strings here are what the API server stores; nothing of it is believed until
//! a conversion has parsed it into the domain's types.

pub mod conditions;
pub mod factory;
pub mod progress;
pub mod request;
pub mod resolution;
pub mod schema;
pub mod span;
pub mod status;
pub mod time;
pub mod validation;
pub mod words;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

/// Every resource definition of this software, as it is installed. Not the bare
/// [`CustomResourceExt::crd`]: that one lacks the last touch of [`schema::finish`].
pub fn definitions() -> [CustomResourceDefinition; 2] {
    [factory::Factory::crd(), request::RestockRequest::crd()].map(schema::finish)
}
