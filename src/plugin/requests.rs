//! Reading requests, with words for what goes wrong.

use super::failure::Failure;
use super::target::Place;
use super::view::View;
use crate::crd::request::RestockRequest;
use crate::edge::cluster::{self, ClusterError};
use kube::CustomResourceExt as _;
use kube::api::ListParams;

/// Requests listed at a time.
const PAGE: u32 = 500;

/// Requests read at most: ten times what the operator keeps live.
const REQUESTS_MAX: usize = 100_000;

/// Lists that may begin anew because a page's token was too old.
const RESTARTS_MAX: usize = 3;

/// Which requests of a place; the selectors are those of kubectl.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Selection {
    /// Only requests with these labels, such as shop=korea
    #[arg(short = 'l', long, value_name = "LABELS")]
    pub(super) selector: Option<String>,
    /// Only requests with these fields: spec.productId, status.phase, status.finished,
    /// metadata.name
    #[arg(long, value_name = "FIELDS")]
    pub(super) field_selector: Option<String>,
}

impl Selection {
    /// Whether it selects at all.
    pub(super) const fn is_given(&self) -> bool {
        self.selector.is_some() || self.field_selector.is_some()
    }
}

/// What `keep` makes of each selected request: a whole one is not kept, for there may be
/// many.
pub(super) async fn all<T>(
    place: &Place,
    selection: &Selection,
    keep: impl Fn(View) -> T,
) -> Result<Vec<T>, Failure> {
    let mut restarts = 0;
    loop {
        match pages(place, selection, &keep).await? {
            Some(kept) => return Ok(kept),
            None if restarts < RESTARTS_MAX => restarts += 1,
            None => {
                return Err(Failure::new(
                    "the list of requests is too slow to be read to its end",
                    "Ask for less, with -n or --field-selector.",
                ));
            }
        }
    }
}

/// None if the list went out of date half-way.
async fn pages<T>(
    place: &Place,
    selection: &Selection,
    keep: impl Fn(View) -> T,
) -> Result<Option<Vec<T>>, Failure> {
    let requests = place.requests();
    let (mut kept, mut next) = (Vec::new(), None);
    loop {
        let parameters = ListParams {
            label_selector: selection.selector.clone(),
            field_selector: selection.field_selector.clone(),
            continue_token: next,
            ..ListParams::default().limit(PAGE)
        };
        let page = match cluster::select(&requests, &parameters).await {
            Ok(page) => page,
            Err(ClusterError::Gone(_)) if !kept.is_empty() => return Ok(None),
            Err(why) => {
                let doing = format!("list requests {}", place.words());
                return Err(Failure::of_cluster(&doing, &why));
            }
        };
        let views = page.items.into_iter().map(|object| View { object });
        kept.extend(views.map(&keep));
        next = page.metadata.continue_.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(Some(kept));
        }
        if kept.len() >= REQUESTS_MAX {
            return Err(Failure::new(
                format!(
                    "there are more than {REQUESTS_MAX} requests {}",
                    place.words()
                ),
                "Ask for less, with -n or --field-selector.",
            ));
        }
    }
}

/// The request of this name in the place's namespace.
pub(super) async fn one(place: &Place, namespace: &str, name: &str) -> Result<View, Failure> {
    let doing = || format!("read request {name} in namespace {namespace}");
    let found = cluster::get(&place.requests(), name).await;
    if let Some(object) = found.map_err(|why| Failure::of_cluster(&doing(), &why))? {
        return Ok(View { object });
    }
    // Without the definition every name is missing: that is another trouble.
    let served = cluster::serves(&place.client, &RestockRequest::crd()).await;
    if matches!(served, Ok(false)) {
        let why = ClusterError::Gone("the cluster serves no RestockRequest".to_owned());
        return Err(Failure::of_cluster(&doing(), &why));
    }
    Err(Failure::no_such_request(
        format!("there is no request {name} in namespace {namespace}"),
        format!(
            "`kubectl restock status -n {namespace}` lists those that are there. One that is \
             finished is deleted after a while: `kubectl restock history --request {name}` tells \
             its end."
        ),
    ))
}
