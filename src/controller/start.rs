//! Puts the controller together and runs it until shutdown.

use crate::controller::begin::{self, Begun};
use crate::controller::book::Unbooked;
use crate::controller::context::Context;
use crate::controller::destinations::Destinations;
use crate::controller::drain::drain;
use crate::controller::expire::{self, Expiry};
use crate::controller::gates::Gates;
use crate::controller::ledger::Ledger;
use crate::controller::live::{Kept, Live};
use crate::controller::memory::Memory;
use crate::controller::metrics::Metrics;
use crate::controller::purge::{self, Purge};
use crate::controller::settings::Args;
use crate::controller::sweep::{self, Sweeper};
use crate::controller::tell::Notifier;
use crate::controller::turning::{self, Turning};
use crate::controller::words::{self, Edits};
use crate::controller::{factories, pages, reconcile, wake};
use crate::crd::factory::Factory;
use crate::crd::request::RestockRequest;
use crate::edge::factory::AllowList;
use crate::edge::store::{CONNECTIONS_DEFAULT, Store};
use crate::edge::{aws, channels::Channels, cluster};
use crate::ledger;
use crate::process::Process;
use crate::process::args::Area;
use crate::process::callback_keys::CallbackKeys;
use crate::process::lease::Lease;
use futures::StreamExt as _;
use futures::channel::mpsc;
use kube::runtime::controller::{Action, Config};
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{Controller, WatchStreamExt as _};
use kube::{Client, Resource as _, ResourceExt as _};
use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// Wakes that wait for a free pass; more are dropped and come again with the next look.
const WAKES_MAX: usize = 1_024;

/// Name of the lease.
const LEASE: &str = "restock-operator-controller";

/// Runs until shutdown.
///
/// # Errors
/// What a person has to mend before it can begin: no cluster, no channel.
pub async fn run(args: Args, process: Process) -> anyhow::Result<()> {
    // Before anything that takes time: a person has to mend it.
    args.election()?;
    let client = cluster::client().await?;
    // First: nothing is watched by one that could not order.
    let Some(given) = Given::wait(&args, &process).await? else {
        return Ok(());
    };
    process.pages.open(pages::of(given.store.clone()));
    let (wake, wakes) = mpsc::channel(WAKES_MAX);
    let (edited, edits) = mpsc::channel(1);
    let assembling = assemble(args, given, &client, &process, wake.clone(), edited);
    let (controller, context) = assembling.await?;
    spawn_loops(&context, wake, &process);
    let shutdown = process.shutdown.clone();
    spawn_beginning(&context, &process);
    let concurrency = context.settings.concurrency;
    controller
        .with_config(Config::default().concurrency(concurrency))
        .reconcile_on(wakes)
        .reconcile_all_on(edits)
        .graceful_shutdown_on(async move { shutdown.cancelled().await })
        .run(
            reconcile,
            |_, never, _| -> Action { match *never {} },
            Arc::clone(&context),
        )
        .for_each(|ended| async move {
            if let Err(error) = ended {
                tracing::debug!(%error, "pass not run");
            }
        })
        .await;
    drain(&context).await;
    Ok(())
}

/// What people give, which may come later than this process: Secrets and a region.
struct Given {
    keys: Arc<CallbackKeys>,
    store: Store,
    channels: Channels,
}

impl Given {
    /// None at shutdown.
    async fn wait(args: &Args, process: &Process) -> anyhow::Result<Option<Self>> {
        let keys = CallbackKeys::wait(args.callback_keys_file.clone(), process).await?;
        let Some(keys) = keys else { return Ok(None) };
        let connections = CONNECTIONS_DEFAULT.max(u32::from(args.concurrency) / 2);
        let store = ledger::follow(&args.database, process, connections).await?;
        let Some(store) = store else { return Ok(None) };
        let recipients = args.ops.recipients()?;
        let Some(config) = process.wait_for(aws::REGION, aws::config).await else {
            return Ok(None);
        };
        let channels = Channels::new(&recipients, &config);
        Ok(Some(Self {
            keys,
            store,
            channels,
        }))
    }
}

fn spawn_beginning(context: &Arc<Context>, process: &Process) {
    let watching = begin::watch(Arc::clone(context), process.health.condition("watch"));
    let leading = begin::lead(Arc::clone(context));
    let stopped = process.shutdown.clone();
    let both = async move { tokio::join!(watching, leading) };
    process
        .tasks
        .spawn(async move { stopped.run_until_cancelled(both).await });
}

async fn assemble(
    args: Args,
    Given {
        keys,
        store,
        channels,
    }: Given,
    client: &Client,
    process: &Process,
    wake: mpsc::Sender<ObjectRef<Kept<RestockRequest>>>,
    edited: mpsc::Sender<()>,
) -> anyhow::Result<(Controller<Kept<RestockRequest>>, Arc<Context>)> {
    let areas = args.namespaces.watched.areas();
    // A request that becomes finished leaves this watch: memory follows only live work.
    let (live, changed) = Live::watch(client, areas, "status.finished!=true");
    let changed = changed.map(Ok::<_, watcher::Error>);
    let controller = Controller::for_stream(changed.applied_objects(), live.store());
    process
        .tasks
        .spawn(Arc::clone(&keys).watch(process.shutdown.clone()));
    let allow = AllowList::parse(&args.factory_allow)?;
    let factories = watch_factories(client, areas, edited, process);
    let reporter = Reporter {
        controller: "restock-operator".to_owned(),
        instance: args.lease_identity.clone(),
    };
    let leadership = args.election()?.map(|(namespace, identity)| {
        Lease::spawn(client.clone(), namespace, LEASE, identity, process)
    });
    let interval = Duration::from_secs(args.notice_interval_seconds);
    let nudge = move |namespace: &str, name: &str| {
        // A full channel is a busy controller: the pass looks again by itself.
        drop(
            wake.clone()
                .try_send(ObjectRef::new(name).within(namespace)),
        );
    };
    let context = Arc::new(Context {
        client: client.clone(),
        live,
        begun: Begun::default(),
        ledger: Ledger::new(store, process.health.condition("ledger")),
        destinations: Destinations::new(factories, allow, args.factory_headers.clone()),
        gates: Gates::default(),
        notifier: Notifier::spawn(channels, interval, nudge, process),
        keys,
        turning: Turning::default(),
        memory: Memory::default(),
        unbooked: Unbooked::default(),
        metrics: Metrics::register(&process.registry),
        events: Recorder::new(client.clone(), reporter),
        cluster: process.health.condition("cluster"),
        leadership,
        settings: args,
    });
    Ok((controller, context))
}

/// Watches the Factories into a store, and tells of each edit: requests that a Factory
/// held up must not wait for their next look.
fn watch_factories(
    client: &Client,
    areas: &[Area],
    mut edited: mpsc::Sender<()>,
    process: &Process,
) -> Live<Factory> {
    let (factories, changed) = Live::watch(client, areas, "");
    let shutdown = process.shutdown.clone();
    process.tasks.spawn(async move {
        let mut changed = pin!(changed);
        let mut generations = HashMap::new();
        while let Some(Some(change)) = shutdown.run_until_cancelled(changed.next()).await {
            let is_edit = match change {
                Event::Apply(factory) | Event::InitApply(factory) => {
                    complain_if_unreadable(&factory);
                    // Its status is written by this very process, and is no edit.
                    let generation = factory.meta().generation;
                    generations.insert(factory.uid(), generation) != Some(generation)
                }
                // Another may serve alone now what both of them served before.
                Event::Delete(factory) => generations.remove(&factory.uid()).is_some(),
                Event::Init | Event::InitDone => false,
            };
            if is_edit {
                // A full channel holds a word of an edit already.
                drop(edited.try_send(()));
            }
        }
    });
    factories
}

fn complain_if_unreadable(factory: &Kept<Factory>) {
    if let Err(why) = factory.read() {
        let (namespace, name) = (factory.namespace(), factory.name_any());
        tracing::error!(namespace, name, why, "this Factory cannot be read");
    }
}

fn spawn_loops(
    context: &Arc<Context>,
    wake: mpsc::Sender<ObjectRef<Kept<RestockRequest>>>,
    process: &Process,
) {
    let shutdown = || process.shutdown.clone();
    let pulse = process.health.pulse("passes", turning::TURN_DEADLINE);
    let passes = (Arc::clone(context), shutdown());
    process
        .tasks
        .spawn(async move { passes.0.turning.watch(pulse, passes.1).await });
    let pulse = process.health.pulse("wake", wake::TURN_DEADLINE);
    process
        .tasks
        .spawn(wake::run(Arc::clone(context), wake, pulse, shutdown()));
    let pulse = process.health.pulse("factories", factories::TURN_DEADLINE);
    process
        .tasks
        .spawn(factories::run(Arc::clone(context), pulse, shutdown()));
    let leads = |context: &Arc<Context>| {
        let context = Arc::clone(context);
        move || context.leads()
    };
    let sweeper = Sweeper {
        store: context.ledger.store.clone(),
        client: context.client.clone(),
        areas: context.areas().to_vec(),
        live: context.live.clone(),
        notifier: context.notifier.clone(),
    };
    let pulse = process.health.pulse("sweep", sweep::TURN_DEADLINE);
    process
        .tasks
        .spawn(sweep::run(sweeper, leads(context), pulse, shutdown()));
    spawn_expiry(context, process);
    let purge = Purge {
        store: context.ledger.store.clone(),
        client: context.client.clone(),
        areas: context.areas().to_vec(),
    };
    let pulse = process.health.pulse("purge", purge::TURN_DEADLINE);
    process
        .tasks
        .spawn(purge::run(purge, leads(context), pulse, shutdown()));
}

/// What becomes of finished requests: they are deleted some time after, or a person says
/// something of them.
fn spawn_expiry(context: &Arc<Context>, process: &Process) {
    let (edits, waiting) = Edits::new();
    let shutdown = process.shutdown.clone();
    let listening = words::run(
        Arc::clone(context),
        edits.clone(),
        waiting,
        shutdown.clone(),
    );
    process.tasks.spawn(listening);
    let expiry = Expiry {
        client: context.client.clone(),
        areas: context.areas().to_vec(),
        succeeded: Duration::from_secs(context.settings.ttl_succeeded_seconds),
        failed: Duration::from_secs(context.settings.ttl_failed_seconds),
        edits,
    };
    let pulse = process.health.pulse("expire", expire::TURN_DEADLINE);
    let leading = Arc::clone(context);
    let leads = move || leading.leads();
    process
        .tasks
        .spawn(expire::run(expiry, leads, pulse, shutdown));
}
