//! Where a request stands when a word is said: what the word is about.

use crate::crd::request::{RestockRequest, to_progress, to_request};
use crate::domain::progress::{Progress, Request};
use crate::plugin::failure::Failure;
use crate::plugin::requests;
use crate::plugin::target::Place;
use crate::plugin::view::View;
use kube::core::DynamicObject;

/// One request, as it was read.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) namespace: String,
    pub(super) name: String,
    /// As it is stored.
    pub(super) object: DynamicObject,
    pub(super) request: Request,
    pub(super) progress: Progress,
}

impl Standing {
    pub(super) async fn read(place: &Place, namespace: &str, name: &str) -> Result<Self, Failure> {
        let view = requests::one(&place.narrowed(namespace), namespace, name).await?;
        Self::of(view)
    }

    /// Nobody decides over a request that cannot be read to its end.
    pub(super) fn of(view: View) -> Result<Self, Failure> {
        let (namespace, name) = (view.namespace(), view.name());
        let typed = view.object.clone().try_parse::<RestockRequest>();
        let read = typed.map_err(|why| why.to_string()).and_then(|object| {
            let request = to_request(&object).map_err(|why| why.to_string())?;
            let progress = to_progress(&object).map_err(|why| why.to_string())?;
            Ok((request, progress))
        });
        let (request, progress) = read.map_err(|why| {
            Failure::new(
                format!("request {name} cannot be read by this version: {why}"),
                "Take the kubectl-restock of the operator's own version.",
            )
        })?;
        Ok(Self {
            namespace,
            name,
            object: view.object,
            request,
            progress,
        })
    }
}
