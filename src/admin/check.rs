//! `restock-operator check`: what is missing or misconfigured, and what to do, a line each.
//!
//! Reads only, with the rights and settings that it is given: run as a role runs, it says
//! what that role would meet.

mod cluster;
mod inbox;
mod ledger;
mod notices;
mod policy;
mod queues;
mod report;
mod rights;
mod settings;

use crate::process::args::{DatabaseArgs, NamespacesArgs, OpsArgs};
use anyhow::bail;
use report::Report;
use std::path::PathBuf;

/// The settings of all roles, as far as they can be wrong.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    namespaces: NamespacesArgs,
    #[command(flatten)]
    ops: OpsArgs,
    /// Whose rights in the namespaces to look for
    #[arg(long, value_enum, default_value = "all")]
    rights_of: RightsOf,
    /// URL of the SQS queue with the out-of-stock messages
    #[arg(long, env = "RESTOCK_QUEUE_URL", value_name = "URL")]
    queue_url: Option<String>,
    /// URL of the dead-letter queue
    #[arg(long, env = "RESTOCK_DLQ_URL", value_name = "URL")]
    dlq_url: Option<String>,
    /// URL of the SQS queue that keeps callbacks while the ledger is away
    #[arg(long, env = "RESTOCK_INBOX_URL", value_name = "URL")]
    inbox_url: Option<String>,
    /// File that says where a message has its order, as for ingest
    #[arg(long, env = "RESTOCK_MAPPING_FILE", value_name = "PATH")]
    mapping_file: Option<PathBuf>,
    /// Public base URL of the receiver, as the factory reaches it
    #[arg(long, env = "RESTOCK_CALLBACK_URL", value_name = "URL")]
    callback_url: Option<String>,
    /// File with the callback keys; the first one signs
    #[arg(long, env = "RESTOCK_CALLBACK_KEYS_FILE", value_name = "PATH")]
    callback_keys_file: Option<PathBuf>,
    /// Hosts and networks that Factories may point to, separated by commas
    #[arg(long, env = "RESTOCK_FACTORY_ALLOW", value_delimiter = ',')]
    factory_allow: Vec<String>,
}

/// A role with access to the cluster. The others have none, by design.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum RightsOf {
    Controller,
    Ingest,
    All,
}

/// Prints a line for each thing that was looked at.
///
/// # Errors
/// If anything is wrong.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let mut report = Report::default();
    let allow = settings::check(&args, &mut report).await;
    ledger::check(&args.database, &mut report).await;
    queues::check(&args, &mut report).await;
    notices::check(&args.ops, &mut report).await;
    cluster::check(
        &args.namespaces,
        args.rights_of,
        allow.as_ref(),
        &mut report,
    )
    .await;
    match report.wrong() {
        0 => Ok(()),
        wrong => bail!("{wrong} of {} things need a person", report.looked_at()),
    }
}
