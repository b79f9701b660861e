//! Sees new arrivals in the ledger and wakes their requests.
//!
//! Level-triggered: the worklist is whatever the ledger has not marked as recorded, read
//! from its start every time. Nothing is lost with a wake that nobody heard.

use crate::controller::context::Context;
use crate::controller::live::Kept;
use crate::controller::observe::Subject;
use crate::controller::{orphan, pass};
use crate::crd::request::RestockRequest;
use crate::domain::notice::{self, Kind, Subject as NoticeSubject};
use crate::domain::progress::Phase;
use crate::edge::cluster::{self, ClusterError};
use crate::edge::store::arrivals::{Ordered, UnrecordedArrival, Whose};
use crate::process::args::Area;
use crate::process::clock;
use crate::process::health::Pulse;
use crate::process::recent::Recent;
use futures::channel::mpsc::Sender;
use kube::ResourceExt as _;
use kube::runtime::reflector::ObjectRef;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Pause between two looks at the worklist: what an arrival waits for at most, and an
/// indexed read for each watched namespace a second.
const PAUSE: Duration = Duration::from_secs(1);

/// Arrivals read at a time.
const PAGE: u32 = 100;

/// Pages of one look; what is behind them is seen once the first ones are recorded.
const PAGES_MAX: u32 = 100;

/// Deadline of one turn for the liveness probe: a page is one read and at most `PAGE`
/// reads of objects; most of them answer in milliseconds.
pub(super) const TURN_DEADLINE: Duration = Duration::from_secs(60);

/// Looks until shutdown.
pub(super) async fn run(
    context: Arc<Context>,
    mut wake: Sender<ObjectRef<Kept<RestockRequest>>>,
    pulse: Pulse,
    shutdown: CancellationToken,
) {
    let said = Recent::default();
    let mut fits = false;
    while !shutdown.is_cancelled() {
        // A standby asks the ledger nothing else, and must know whether it could take over.
        if !fits || !context.leads() {
            let asking = context.ledger.store.require_schema().await;
            fits = context.ledger.note(asking).is_some();
        }
        if fits && context.leads() {
            turn(&context, &mut wake, &said, &pulse, &shutdown).await;
        }
        pulse.beat();
        shutdown
            .run_until_cancelled(tokio::time::sleep(PAUSE))
            .await;
    }
}

async fn turn(
    context: &Arc<Context>,
    wake: &mut Sender<ObjectRef<Kept<RestockRequest>>>,
    said: &Recent,
    pulse: &Pulse,
    shutdown: &CancellationToken,
) {
    // Each area by itself: one that is full of what cannot be recorded hides no other.
    let areas = context.areas().iter().map(|area| match area {
        Area::Namespace(namespace) => Whose::Namespace(namespace),
        Area::Cluster => Whose::Everybody,
    });
    for whose in areas.chain([Whose::Unknown]) {
        if !look(whose, context, wake, said, pulse, shutdown).await {
            return;
        }
    }
}

/// Whether the turn goes on.
async fn look(
    whose: Whose<'_>,
    context: &Arc<Context>,
    wake: &mut Sender<ObjectRef<Kept<RestockRequest>>>,
    said: &Recent,
    pulse: &Pulse,
    shutdown: &CancellationToken,
) -> bool {
    let mut after = None;
    for _ in 0..PAGES_MAX {
        let reading = context
            .ledger
            .store
            .unrecorded_arrivals(whose, key(&after), PAGE)
            .await;
        let Some(page) = context.ledger.note(reading) else {
            return false;
        };
        for arrival in &page {
            if shutdown.is_cancelled() {
                return false;
            }
            let looked_at = handle(arrival, context, wake).await;
            pulse.beat();
            let Err(error) = looked_at else { continue };
            let id = &arrival.request_id;
            let is_refused = matches!(error, ClusterError::Refused(_));
            // Once: it is refused at each turn, until a person allows it.
            if !is_refused || said.is_new(id.as_str()) {
                tracing::warn!(request_id = %id, %error, "cannot look at the request of an arrival");
            }
            // No right to look at one is none to look at the others there.
            if is_refused && whose != Whose::Unknown {
                return true;
            }
        }
        pulse.beat();
        after = page.into_iter().last();
        if after.is_none() {
            break;
        }
    }
    true
}

fn key(after: &Option<UnrecordedArrival>) -> Option<(&crate::domain::order::RequestId, u32)> {
    after
        .as_ref()
        .map(|arrival| (&arrival.request_id, arrival.attempt))
}

async fn handle(
    arrival: &UnrecordedArrival,
    context: &Arc<Context>,
    wake: &mut Sender<ObjectRef<Kept<RestockRequest>>>,
) -> Result<(), ClusterError> {
    let found = match &arrival.ordered {
        Some(Ordered {
            namespace, name, ..
        }) => {
            if woken(namespace, name, arrival, context, wake) {
                return Ok(());
            }
            let object = cluster::get(&context.requests(namespace), name).await?;
            let same = |object: &RestockRequest| object.uid().as_ref() == Some(&arrival.uid);
            object.filter(same)
        }
        None => orphan::find(arrival, context).await?,
    };
    match found {
        Some(object) => {
            let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
            if !woken(&namespace, &name, arrival, context, wake) {
                shown(arrival, object, context).await;
            }
        }
        None => {
            let usual = arrival.request_id.object_name();
            let (namespace, name) = match &arrival.ordered {
                Some(ordered) => (ordered.namespace.as_str(), ordered.name.as_str()),
                None => ("", usual.as_str()),
            };
            told(arrival, (namespace, name), Kind::Unclaimed, context).await;
        }
    }
    Ok(())
}

/// Whether the object lives and lacks its goods: then it is woken, and its pass reads the
/// arrival and marks it.
fn woken(
    namespace: &str,
    name: &str,
    arrival: &UnrecordedArrival,
    context: &Context,
    wake: &mut Sender<ObjectRef<Kept<RestockRequest>>>,
) -> bool {
    let live = context.live.get(namespace, name, &arrival.uid);
    let lacks = live.is_some_and(|live| lacks_its_goods(&live));
    if lacks {
        // A full channel is a busy controller: the next look wakes it again.
        drop(wake.try_send(ObjectRef::new(name).within(namespace)));
    }
    lacks
}

/// One that cannot be read does not show them either; its passes say so.
fn lacks_its_goods(live: &Kept<RestockRequest>) -> bool {
    let read = live.read().ok();
    read.is_none_or(|object| {
        Subject::parse(&object).is_ok_and(|subject| subject.progress.arrival.is_none())
    })
}

/// The object lives outside the watch, or shows goods already.
async fn shown(arrival: &UnrecordedArrival, object: RestockRequest, context: &Arc<Context>) {
    let Ok(subject) = Subject::parse(&object) else {
        return;
    };
    let name = object.name_any();
    let object_name = (subject.namespace(), name.as_str());
    match (subject.progress.phase, arrival.surplus) {
        // What the callback said beside is told before it is out of sight.
        (Phase::Succeeded, false) if arrival.note.is_some() => {
            told(arrival, object_name, Kind::Differs, context).await;
        }
        (Phase::Succeeded, false) => mark(arrival, context).await,
        // Goods of a further attempt: in stock, and somebody should know.
        (Phase::Succeeded, true) => told(arrival, object_name, Kind::Surplus, context).await,
        // It ended, and the goods came after all: the watch no longer has it.
        _ => {
            let _ = pass(&object, context).await;
        }
    }
}

/// Publish, then mark: a crash in between tells twice, never not at all.
async fn told(arrival: &UnrecordedArrival, object: (&str, &str), kind: Kind, context: &Context) {
    let id = notice::id(&arrival.request_id, kind, arrival.attempt);
    if context.notifier.acknowledged(&id).is_some() {
        mark(arrival, context).await;
        context.notifier.forget(&id);
        return;
    }
    let mut what = match kind {
        Kind::Surplus => "Goods of a further attempt arrived too and are in stock.",
        Kind::Differs => "Goods arrived and are in stock as ordered.",
        _ => "Goods arrived and are in stock; the object of their request is gone.",
    }
    .to_owned();
    if let Some(note) = &arrival.note {
        what = format!("{what} Of the callback: {note}.");
    }
    let ordered = arrival.ordered.as_ref();
    context.notifier.tell(NoticeSubject {
        notice_id: id,
        kind,
        request_id: arrival.request_id.clone(),
        namespace: object.0.to_owned(),
        name: object.1.to_owned(),
        factory: ordered.map(|ordered| ordered.factory.clone()),
        cause: "Arrived",
        product: arrival.sku.to_string(),
        quantity: Some(arrival.quantity.get()),
        ordered_at: ordered.map(|ordered| ordered.at),
        // The ledger does not keep it.
        order_id: None,
        message: what,
        at: clock::now(),
    });
}

async fn mark(arrival: &UnrecordedArrival, context: &Context) {
    let marking = context
        .ledger
        .store
        .mark_recorded(&arrival.request_id, arrival.attempt);
    context.ledger.note(marking.await);
}
