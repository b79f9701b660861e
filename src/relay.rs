//! The relay role: what the sales owe to the topic is published, at least once and oldest first.
//!
//! ```text
//! who would receive it? ─ nobody, for certain ─► hold back, tell the operations team once
//!         │
//!         ▼
//! page of unsent rows, locked ─► publish ─► mark as sent ─► commit
//! ```
//! A relay that dies anywhere in here leaves rows unsent that may have been published: they
//! are published again, and their event ids say so to whoever reads them.

mod aside;
mod audience;
mod metrics;
mod page;
mod purge;
mod role;
mod tell;

use crate::process::Process;
use crate::process::args::{DatabaseArgs, OpsArgs};
use role::Role;

/// Settings of the relay role.
#[derive(Clone, Debug, clap::Args)]
#[command(mut_arg("topic_arn", |arg| {
    arg.required(true)
        .help("ARN of the topic that out-of-stock messages are published to")
}))]
pub struct Args {
    /// The topic, and whom to tell when nobody would receive what is published to it.
    #[command(flatten)]
    pub ops: OpsArgs,
    /// Where the messages are owed.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Runs until shutdown.
///
/// # Errors
/// What a person has to mend before it can begin: no topic.
pub async fn run(args: Args, process: Process) -> anyhow::Result<()> {
    let Some(mut role) = Role::new(args, &process).await? else {
        return Ok(());
    };
    let purge = purge::run(role.store(), process.clone());
    let purge = process.tasks.spawn(purge);
    while !process.shutdown.is_cancelled() {
        let pause = tokio::time::sleep(role.turn().await);
        process.shutdown.run_until_cancelled(pause).await;
    }
    // One that panicked ends the role in disorder: rows would stay for ever.
    purge.await?;
    Ok(())
}
