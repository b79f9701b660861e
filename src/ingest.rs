//! The ingest role: every message of one queue becomes one `RestockRequest`.
//!
//! It never receives what it cannot create, and deletes only what is stored; whatever it
//! cannot read is left to the queue's redrive policy, with the reason in the log.

mod begin;
mod create;
mod dispose;
mod gate;
mod held;
mod metrics;
mod poller;
mod reload;

use crate::domain::time::Time;
use crate::edge::sqs::Queue;
use crate::edge::{aws, cluster};
use crate::process::Process;
use crate::process::args::NamespaceArgs;
use crate::process::recent::Recent;
use gate::Gate;
use metrics::Metrics;
use poller::{Poller, TURN_DEADLINE};
use std::path::PathBuf;
use std::sync::Arc;

/// Settings of the ingest role.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// URL of the SQS queue with the out-of-stock messages
    #[arg(long, env = "RESTOCK_QUEUE_URL", value_name = "URL")]
    pub queue_url: String,
    /// File that says where a message has its order; without one, the common shop's keys
    #[arg(long, env = "RESTOCK_MAPPING_FILE", value_name = "PATH")]
    pub mapping_file: Option<PathBuf>,
    /// Parallel long polls. Each holds up to ten messages at a time
    #[arg(
        long,
        env = "RESTOCK_POLLERS",
        default_value_t = 8,
        value_parser = clap::value_parser!(u16).range(1..=32)
    )]
    pub pollers: u16,
    /// Where the requests go.
    #[command(flatten)]
    pub namespace: NamespaceArgs,
}

/// Runs until shutdown.
///
/// # Errors
/// What a person has to mend before it can begin: no cluster.
pub async fn run(args: Args, process: Process) -> anyhow::Result<()> {
    let metrics = Metrics::register(&process.registry);
    let queue_condition = process.health.condition(begin::QUEUE);
    let cluster_condition = process.health.condition(begin::CLUSTER);
    let mapping = reload::mapping(args.mapping_file.as_deref(), &process).await;
    let Some(mapping) = mapping else {
        return Ok(());
    };
    let Some(config) = process.wait_for(aws::REGION, aws::config).await else {
        return Ok(());
    };
    let queue = Queue::new(&config, args.queue_url);
    let client = cluster::client().await?;

    let Some(queue_arn) = begin::queue_arn(&queue, &process).await else {
        return Ok(());
    };
    let namespace = &args.namespace.namespace;
    let creator = begin::creator(client, namespace, queue_arn, &process).await;
    let Some(creator) = creator else {
        return Ok(());
    };

    let gate = Gate::new(cluster_condition);
    let refused = Arc::new(Recent::default());
    let pollers = (0..args.pollers).map(|_| Poller {
        queue: queue.clone(),
        creator: creator.clone(),
        mapping: mapping.clone(),
        gate: gate.clone(),
        metrics: metrics.clone(),
        refused: refused.clone(),
        condition: queue_condition.clone(),
        pulse: process.health.pulse("poller", TURN_DEADLINE),
        shutdown: process.shutdown.clone(),
        careful_until: Time::default(),
        stored: Vec::new(),
    });
    let loops: Vec<_> = pollers
        .map(|poller| process.tasks.spawn(poller.run()))
        .collect();
    // One that panicked ends the role: a process with fewer pollers would look healthy.
    futures::future::try_join_all(loops).await?;
    Ok(())
}
