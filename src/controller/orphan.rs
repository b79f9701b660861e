//! An arrival whose attempt the ledger has lost (it was restored from a backup): the object
//! that ordered has its usual name, and is in one of the namespaces that are watched, or gone.

use crate::controller::context::Context;
use crate::crd::request::RestockRequest;
use crate::edge::cluster::{self, ClusterError};
use crate::edge::store::arrivals::UnrecordedArrival;
use crate::process::args::Area;
use kube::ResourceExt as _;

/// Objects of one name, by page: there is at most one in each namespace.
const PAGE: u32 = 500;

/// Pages that are looked through: two thousand namespaces with a request of one message. At
/// 10 s each they end before the worklist's turn counts as stuck.
const PAGES_MAX: u32 = 4;

/// The object of this arrival, looked for everywhere; none if it certainly is nowhere.
///
/// # Errors
/// [`ClusterError`] if an area may not be looked at, and no other has it: it may be there.
pub(super) async fn find(
    arrival: &UnrecordedArrival,
    context: &Context,
) -> Result<Option<RestockRequest>, ClusterError> {
    // One made by hand has any name; while it lives, its uid finds it.
    if let Some(live) = context.live.find(&arrival.uid) {
        return Ok(Some(live));
    }
    let mut refused = None;
    for area in context.areas() {
        match find_in(area, arrival, context).await {
            Ok(Some(object)) => return Ok(Some(object)),
            Ok(None) => {}
            Err(error @ ClusterError::Refused(_)) => refused = Some(error),
            // It is one server for all of them: each further question would wait as long.
            Err(error) => return Err(error),
        }
    }
    refused.map_or(Ok(None), Err)
}

async fn find_in(
    area: &Area,
    arrival: &UnrecordedArrival,
    context: &Context,
) -> Result<Option<RestockRequest>, ClusterError> {
    let name = arrival.request_id.object_name();
    let namespace = match area {
        Area::Namespace(namespace) => Some(namespace.clone()),
        Area::Cluster => namespace_of(&name, &arrival.uid, context).await?,
    };
    let Some(namespace) = namespace else {
        return Ok(None);
    };
    let object = cluster::get(&context.requests(&namespace), &name).await?;
    // Its name is not enough: one namespace may have a request of the same message, made
    // anew, and another the one that ordered.
    Ok(object.filter(|object| object.uid().as_deref() == Some(arrival.uid.as_str())))
}

/// In which namespace of the whole cluster the object of this name and uid is.
async fn namespace_of(
    name: &str,
    uid: &str,
    context: &Context,
) -> Result<Option<String>, ClusterError> {
    let everywhere = Area::Cluster.api::<RestockRequest>(&context.client);
    let fields = format!("metadata.name={name}");
    let mut next = None;
    for _ in 0..PAGES_MAX {
        let page = cluster::list_metadata(&everywhere, &fields, PAGE, next).await?;
        let mut found = page.items.into_iter();
        if let Some(object) = found.find(|object| object.uid().as_deref() == Some(uid)) {
            return Ok(object.namespace());
        }
        next = page.metadata.continue_.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(None);
        }
    }
    Err(ClusterError::Unavailable(format!(
        "too many objects are called {name}"
    )))
}
