//! What the cluster knows of a message's request, and which Factory would get the order.
//! It is only read.

use super::outcome::{Outcome, Sent};
use crate::crd::factory::Factory;
use crate::crd::request::RestockRequest;
use crate::domain::order::{FactoryId, Quantity, RequestId, Sku};
use crate::domain::progress::{Progress, Unresolved};
use crate::domain::resolve::{Candidate, KnownProduct, Wanted, resolve};
use crate::edge::cluster;
use crate::intake;
use crate::plugin::failure::Failure;
use crate::plugin::target::Place;
use kube::core::DeserializeGuard;
use kube::{Api, ResourceExt as _};

/// Factories read: more than any installation has.
const FACTORIES_MAX: u32 = 500;

/// Stands for the URL that only the controller can sign.
const CALLBACK_URL: &str = "(signed by the controller when it orders)";

/// Adds to each outcome what the cluster says.
pub(super) async fn cluster(
    place: Result<Place, Failure>,
    outcomes: &mut [Outcome],
) -> Result<(), Failure> {
    if outcomes.iter().all(|outcome| outcome.request.is_none()) {
        return Ok(());
    }
    let offline = |failure: Failure| failure.or_else("do not ask the cluster, with --offline");
    let (place, namespace) = place.and_then(Place::of_names).map_err(offline)?;
    let factories = factories(&place, &namespace).await.map_err(offline)?;
    for outcome in outcomes {
        let Some(request) = outcome.request.clone() else {
            continue;
        };
        if outcome.has_its_name() {
            exists(&place, &request, outcome).await.map_err(offline)?;
        }
        if outcome.refusal.is_none() {
            order(&request, &factories, outcome);
        }
    }
    Ok(())
}

async fn factories(place: &Place, namespace: &str) -> Result<Vec<Factory>, Failure> {
    let api: Api<DeserializeGuard<Factory>> = Api::namespaced(place.client.clone(), namespace);
    let found = cluster::list(&api, FACTORIES_MAX, None).await;
    let doing = format!("list factories in namespace {namespace}");
    let found = found.map_err(|why| Failure::of_cluster(&doing, &why))?;
    // One that a newer version wrote is left out: it says nothing that this one could tell.
    Ok(found
        .items
        .into_iter()
        .filter_map(|one| one.0.ok())
        .collect())
}

async fn exists(
    place: &Place,
    request: &RestockRequest,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let name = request.name_any();
    let found = cluster::get(&place.requests(), &name).await;
    let found = found.map_err(|why| Failure::of_cluster(&format!("read request {name}"), &why))?;
    outcome.exists = Some(found.is_some());
    if let Some(existing) = found
        && let Err(conflict) = intake::compare(&existing, request)
    {
        outcome.refusal = Some(conflict);
    }
    Ok(())
}

fn order(request: &RestockRequest, factories: &[Factory], outcome: &mut Outcome) {
    let spec = &request.spec;
    let Ok(sku) = Sku::parse(&spec.product_id) else {
        return;
    };
    let wanted = Wanted {
        product: spec.product_id.clone(),
        quantity: spec.quantity.and_then(|count| Quantity::new(count).ok()),
        factory_id: spec
            .factory_id
            .as_deref()
            .and_then(|id| FactoryId::parse(id).ok()),
    };
    // The ledger, which knows the product, is out of a person's reach.
    let product = KnownProduct {
        sku,
        reorder_quantity: None,
        factory_id: None,
    };
    outcome.notes.push(ledger_note(&wanted));
    let candidates: Vec<Candidate> = factories.iter().map(candidate).collect();
    let order = match resolve(&wanted, &Progress::default(), Some(&product), &candidates) {
        Ok(order) => order,
        Err(unresolved) => {
            outcome
                .notes
                .push(format!("No order now: {}", sentence(unresolved)));
            return;
        }
    };
    let Some(factory) = factories.iter().find(|one| one.key() == order.factory) else {
        return;
    };
    let id = RequestId::parse(&outcome.known_as).expect("the name of a request is made from it");
    let payload = factory.spec.payload.clone();
    outcome.order = Some(Sent {
        factory: factory.name_any(),
        url: factory.spec.url.clone(),
        body: intake::order_body(payload, spec, &id, &order, CALLBACK_URL.to_owned()),
    });
}

fn candidate(factory: &Factory) -> Candidate {
    let suspended = || "it is suspended".to_owned();
    factory.candidate(factory.spec.suspend.then(suspended))
}

/// What the ledger has the last word on, beside what the message says.
fn ledger_note(wanted: &Wanted) -> String {
    let mut own = "its SKU".to_owned();
    if wanted.quantity.is_none() {
        own.push_str(", its reorder quantity");
    }
    if wanted.factory_id.is_none() {
        own.push_str(", its factory");
    }
    format!(
        "The ledger was not asked. What it has of {} goes first ({own}); a product that it \
         does not know is not ordered, nor what was ordered as this request before.",
        wanted.product
    )
}

fn sentence(unresolved: Unresolved) -> String {
    match unresolved {
        Unresolved::Never(why)
        | Unresolved::Misconfigured(why)
        | Unresolved::Closed(_, why)
        | Unresolved::ProductBusy(_, why)
        | Unresolved::NotNow(why) => why,
    }
}
