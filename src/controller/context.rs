//! What every pass of one controller process shares.

use crate::controller::begin::Begun;
use crate::controller::book::Unbooked;
use crate::controller::destinations::Destinations;
use crate::controller::gates::{Asking, Busy, Gates, Limits, Permit};
use crate::controller::ledger::Ledger;
use crate::controller::live::Live;
use crate::controller::memory::Memory;
use crate::controller::metrics::Metrics;
use crate::controller::settings::Args;
use crate::controller::tell::Notifier;
use crate::controller::turning::Turning;
use crate::crd::factory::Factory;
use crate::crd::request::RestockRequest;
use crate::domain::order::{Nonce, Order};
use crate::domain::progress::{Request, Unresolved};
use crate::edge::cluster::ClusterError;
use crate::process::args::Area;
use crate::process::callback_keys::CallbackKeys;
use crate::process::clock;
use crate::process::health::Condition;
use data_encoding::HEXLOWER;
use kube::Client;
use kube::api::{Api, ObjectMeta};
use kube::runtime::controller::Action;
use kube::runtime::events::Recorder;
use ring::rand::{SecureRandom as _, SystemRandom};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How soon an object that cannot be read is looked at again: only a person mends it.
const UNREADABLE_PAUSE: Duration = Duration::from_secs(60);

/// Shared by all passes.
pub(super) struct Context {
    /// What a person set.
    pub(super) settings: Args,
    /// The cluster.
    pub(super) client: Client,
    /// The requests that are not finished, from the watch.
    pub(super) live: Live<RestockRequest>,
    /// Where their list was complete once.
    pub(super) begun: Begun,
    /// The ledger.
    pub(super) ledger: Ledger,
    /// The Factories, as destinations of orders.
    pub(super) destinations: Destinations,
    /// Permits in front of the POST.
    pub(super) gates: Gates,
    /// Tells the operations team.
    pub(super) notifier: Notifier,
    /// The keys that sign callbacks.
    pub(super) keys: Arc<CallbackKeys>,
    /// Whether passes come to their ends.
    pub(super) turning: Turning,
    /// What this process remembers between passes.
    pub(super) memory: Memory,
    /// Whose goods no receiver took just now.
    pub(super) unbooked: Unbooked,
    /// Counts.
    pub(super) metrics: Metrics,
    /// Files Events, on failures only.
    pub(super) events: Recorder,
    /// Whether the cluster answers our writes.
    pub(super) cluster: Condition,
    /// Whether this process leads; none without an election.
    pub(super) leadership: Option<watch::Receiver<bool>>,
}

impl Context {
    /// Whether this process may work.
    pub(super) fn leads(&self) -> bool {
        self.leadership.as_ref().is_none_or(|leads| *leads.borrow())
    }

    /// What is watched.
    pub(super) fn areas(&self) -> &[Area] {
        self.settings.namespaces.watched.areas()
    }

    /// The requests of this namespace.
    pub(super) fn requests(&self, namespace: &str) -> Api<RestockRequest> {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// The Factory objects of this namespace.
    pub(super) fn factories(&self, namespace: &str) -> Api<Factory> {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// An object that this version cannot read: said once a minute, never guessed at.
    pub(super) fn unreadable(&self, metadata: &ObjectMeta, why: &str) -> Action {
        let name = metadata.name.as_deref().unwrap_or_default();
        let namespace = metadata.namespace.as_deref().unwrap_or_default();
        tracing::error!(
            namespace,
            name,
            why,
            "this object cannot be read; mend or delete it"
        );
        self.metrics.unreadable.inc();
        Action::requeue(UNREADABLE_PAUSE)
    }

    /// Whether the API server answers our writes. A refusal is an answer too, but not that of
    /// a right: only a person can give it.
    pub(super) fn cluster_answered(&self, answer: Result<(), &ClusterError>) {
        match answer {
            Err(error @ ClusterError::Unavailable(_)) => self.cluster.not_ready(error.to_string()),
            Err(error) if error.is_forbidden() => self.cluster.not_ready(error.to_string()),
            _ => self.cluster.ready(),
        }
    }

    /// Whether the Factory allows one more open request of this product, and it is this
    /// request's turn.
    ///
    /// # Errors
    /// [`Unresolved::ProductBusy`] with the limit.
    pub(super) fn product_is_free(
        &self,
        order: &Order,
        request: &Request,
    ) -> Result<(), Unresolved> {
        let factory = self.destinations.find(&order.factory);
        let Some(limit) = factory.and_then(|factory| factory.spec.max_open_per_product) else {
            return Ok(());
        };
        if self.gates.product_is_free(order, asking(request), limit) {
            return Ok(());
        }
        // The limit, not the count: what changes by the second is not for a status.
        let name = &order.factory.name;
        let why = format!(
            "Factory {name} takes at most {limit} open requests of {}; others go first.",
            order.sku
        );
        Err(Unresolved::ProductBusy(order.factory.clone(), why))
    }

    /// The request does not ask for an order now.
    pub(super) fn leave_line(&self, order: &Order, request: &Request) {
        self.gates.leave(order, asking(request));
    }

    /// Permission to send one order now.
    ///
    /// # Errors
    /// [`Busy`] says why not, and when to ask again.
    pub(super) fn permit(&self, order: &Order, request: &Request) -> Result<Permit, Busy> {
        if let Some(factory) = self.destinations.find(&order.factory) {
            let spec = &factory.spec;
            self.gates.configure(
                &order.factory,
                Limits {
                    per_second: spec.orders_per_second,
                    burst: spec.burst,
                    max_in_flight: spec.max_in_flight,
                    max_open_per_product: spec.max_open_per_product,
                },
            );
        }
        self.gates.take(order, asking(request))
    }

    /// Frees the places of requests that were deleted in flight, and what is remembered of
    /// them: nobody passes over them again.
    pub(super) fn forget_deleted(&self) {
        // Before the look at what lives: who takes a place after it is not judged by it.
        let mut known = self.gates.occupants();
        known.extend(self.memory.remembered());
        if known.is_empty() {
            return;
        }
        let live = self.live.uids();
        for gone in known.iter().filter(|uid| !live.contains(*uid)) {
            self.gates.release(gone);
            self.memory.forget(gone);
        }
    }

    /// 128 random bits.
    pub(super) fn draw_nonce(&self) -> Nonce {
        let mut bits = [0_u8; 16];
        SystemRandom::new()
            .fill(&mut bits)
            .expect("an operating system without randomness cannot run TLS either");
        Nonce::new(HEXLOWER.encode(&bits))
    }
}

fn asking(request: &Request) -> Asking<'_> {
    Asking {
        uid: &request.uid,
        created_at: request.created_at,
        now: clock::since_boot(),
    }
}
