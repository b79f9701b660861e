//! Collects everything one pass decides by. Reads; writes nothing.

use crate::controller::context::Context;
use crate::crd::request::{NotARequest, RestockRequest, to_progress, to_request};
use crate::domain::arrival::{Claims, TOKEN_LIFETIME};
use crate::domain::notice::{self, Kind};
use crate::domain::order::{FactoryId, Order, ProductId, Quantity};
use crate::domain::policy::Policy;
use crate::domain::progress::{
    Delay, LedgerView, Observed, Phase, Progress, Request, Told, Unresolved,
};
use crate::domain::resolve::{KnownProduct, Wanted, resolve};
use crate::edge::store::StoreError;
use crate::process::clock;
use std::time::Duration;

/// One request as its object has it: parsed once, trusted afterwards.
pub(super) struct Subject {
    /// The object that every write is compared with.
    pub(super) object: RestockRequest,
    /// What its metadata and spec say.
    pub(super) request: Request,
    /// What its status says.
    pub(super) progress: Progress,
    product: ProductId,
    wanted: Wanted,
}

impl Subject {
    /// Reads the object.
    ///
    /// # Errors
    /// In words for the log: only another writer than ours makes such an object.
    pub(super) fn parse(object: &RestockRequest) -> Result<Self, String> {
        let words = |error: NotARequest| error.to_string();
        let spec = &object.spec;
        let invalid = |error: crate::domain::order::WordError| error.to_string();
        Ok(Self {
            request: to_request(object).map_err(words)?,
            progress: to_progress(object).map_err(|error| error.to_string())?,
            product: ProductId::parse(&spec.product_id).map_err(invalid)?,
            wanted: Wanted {
                product: spec.product_id.clone(),
                quantity: spec
                    .quantity
                    .map(Quantity::new)
                    .transpose()
                    .map_err(invalid)?,
                factory_id: spec
                    .factory_id
                    .as_deref()
                    .map(FactoryId::parse)
                    .transpose()
                    .map_err(invalid)?,
            },
            object: object.clone(),
        })
    }

    /// The namespace of the object: its Factories are there too.
    pub(super) fn namespace(&self) -> &str {
        let namespace = self.object.metadata.namespace.as_deref();
        namespace.unwrap_or_default()
    }

    /// The W3C trace parent of its message.
    pub(super) fn trace_parent(&self) -> Option<&str> {
        let source = self.object.spec.source.as_ref()?;
        source.trace_parent.as_deref()
    }

    /// What a callback of the attempt of `progress` must bring back, signed now; none
    /// before there is one.
    pub(super) fn claims(&self, progress: &Progress, quantity: Quantity) -> Option<Claims> {
        let order = progress.order.as_ref()?;
        Some(Claims {
            request_id: self.request.id.clone(),
            uid: self.request.uid.clone(),
            attempt: progress.attempt,
            nonce: progress.nonce.clone()?,
            sku: order.sku.clone(),
            quantity,
            factory: order.factory.name.clone(),
            not_after: clock::now() + TOKEN_LIFETIME,
            trace_parent: self.trace_parent().map(str::to_owned),
        })
    }
}

/// What the pass knows, and the limits it decides by.
pub(super) async fn observe(subject: &Subject, context: &Context) -> (Observed, Policy) {
    let progress = &subject.progress;
    let order = order(subject, context).await;
    let factory = progress.factory().or(match &order {
        Ok(order) => Some(&order.factory),
        Err(unresolved) => unresolved.factory(),
    });
    let policy = context
        .settings
        .policy(context.destinations.policy(factory));
    let uid = &subject.request.uid;
    let nonce = progress
        .nonce
        .as_ref()
        .filter(|_| progress.phase == Phase::Placing);
    let seen = Observed {
        // Last, so that what the verdict rests on is as fresh as can be.
        ledger: ledger(subject, context).await,
        order,
        placing_seen_for: nonce.map_or(Duration::ZERO, |nonce| {
            context.memory.placing_seen_for(uid, nonce)
        }),
        factories_known_for: context.destinations.known_for(subject.namespace()),
        held_answer: progress
            .nonce
            .as_ref()
            .and_then(|nonce| context.memory.answer(uid, nonce)),
        acknowledged: acknowledged(subject, context),
        unbooked: context.unbooked.why(uid),
        request: subject.request.clone(),
        progress: progress.clone(),
    };
    (seen, policy)
}

async fn ledger(subject: &Subject, context: &Context) -> Option<LedgerView> {
    // A request that ended well asks the ledger nothing any more.
    if subject.progress.phase == Phase::Succeeded {
        return None;
    }
    context.ledger.view(&subject.request.id).await
}

/// The order that the request asks for. Only a Pending one may order.
async fn order(subject: &Subject, context: &Context) -> Result<Order, Unresolved> {
    if subject.progress.phase != Phase::Pending {
        return Err(Unresolved::NotNow("nothing is to be ordered".into()));
    }
    if let Some(why) = &subject.request.unusable {
        return Err(Unresolved::Never(why.clone()));
    }
    let product = match &subject.progress.order {
        Some(_) => None,
        None => {
            let found = context.ledger.store.product(&subject.product).await;
            if let Err(why @ StoreError::Unusable(_)) = &found {
                let product = &subject.wanted.product;
                return Err(Unresolved::Never(format!("Product {product}: {why}.")));
            }
            let found = context.ledger.note(found);
            let found = found.ok_or(Unresolved::NotNow("the ledger does not answer".into()))?;
            found.map(|product| KnownProduct {
                sku: product.sku,
                reorder_quantity: product.reorder_quantity,
                factory_id: product.factory_id,
            })
        }
    };
    let candidates = context.destinations.candidates(subject.namespace());
    let order = resolve(
        &subject.wanted,
        &subject.progress,
        product.as_ref(),
        &candidates,
    )?;
    let due = subject.progress.next_attempt_at;
    if subject.request.suspended || due.is_some_and(|at| at > clock::now()) {
        // It orders nothing now: others of its product must not wait behind it.
        context.leave_line(&order, &subject.request);
        return Ok(order);
    }
    context.product_is_free(&order, &subject.request)?;
    Ok(order)
}

/// An acknowledged publish of the notice that is due now.
pub(super) fn acknowledged(subject: &Subject, context: &Context) -> Option<Told> {
    let progress = &subject.progress;
    let delayed = (progress.delay == Delay::Marked).then_some(Kind::Delayed);
    let ended = matches!(progress.phase, Phase::Failed | Phase::Succeeded);
    let kind = if ended {
        notice::due(progress)
    } else {
        delayed
    }?;
    let id = notice::id_of(&subject.request.id, kind, progress);
    context.notifier.acknowledged(&id)
}
