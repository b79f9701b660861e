//! The dlq role: dead letters are measured and told, and left where they are.
//!
//! It has no access to Kubernetes and deletes nothing; the ledger knows which letters
//! were told, so that neither a restart nor a second process tells them again.

mod claims;
mod gone;
mod metrics;
mod notice;
mod present;
mod purge;
mod role;
mod sweep;
mod tell;

use crate::process::Process;
use crate::process::args::{DatabaseArgs, OpsArgs, only_one};
use role::Role;
use std::path::PathBuf;

/// Settings of the dlq role.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// URL of the dead-letter queue
    #[arg(long, env = "RESTOCK_DLQ_URL", value_name = "URL")]
    pub dlq_url: String,
    /// URL of the queue that the dead letters come from
    #[arg(long, env = "RESTOCK_QUEUE_URL", value_name = "URL")]
    pub queue_url: String,
    /// File that says where a message has its order, as for ingest
    #[arg(long, env = "RESTOCK_MAPPING_FILE", value_name = "PATH")]
    pub mapping_file: Option<PathBuf>,
    /// Seconds between two looks at the dead-letter queue: what comes in between is told
    /// in one notice
    #[arg(
        long,
        env = "RESTOCK_DLQ_INTERVAL_SECONDS",
        default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(1..=600)
    )]
    pub dlq_interval_seconds: u64,
    /// Namespace that the operator is installed in, for the commands that notices tell people to
    /// type
    #[arg(long, env = "RESTOCK_RELEASE_NAMESPACE", value_name = "NAME", value_parser = only_one)]
    pub release_namespace: Option<String>,
    /// Whom to tell.
    #[command(flatten)]
    pub ops: OpsArgs,
    /// Where it is noted what was told.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Runs until shutdown.
///
/// # Errors
/// What a person has to mend before it can begin: no channel.
pub async fn run(args: Args, process: Process) -> anyhow::Result<()> {
    let interval = args.dlq_interval_seconds;
    let Some(mut role) = Role::new(args, &process).await? else {
        return Ok(());
    };
    let purge = purge::run(role.store(), process.clone());
    let purge = process.tasks.spawn(purge);
    while !process.shutdown.is_cancelled() {
        role.turn().await;
        let pause = role.pause(interval);
        process.shutdown.run_until_cancelled(pause).await;
    }
    // One that panicked ends the role in disorder: rows would stay for ever.
    purge.await?;
    Ok(())
}
