//! `restock-operator check`: what is missing or misconfigured, and what to do, a line each.
//!
//! Reads only, with the rights and settings that it is given. With `--role` it looks at what
//! that role uses, and asks for nothing that the role itself may not: run as the role runs,
//! it says what the role meets.

mod cluster;
mod inbox;
mod ledger;
mod notices;
mod page;
mod queues;
mod reach;
mod report;
mod rights;
mod served;
mod settings;
mod topic;

pub use page::of as page_of;

use crate::process::args::{DatabaseArgs, NamespacesArgs, OpsArgs};
use Role::{Controller, Dlq, Ingest, Receiver, Relay, Sales};
use anyhow::bail;
use report::Report;
use std::path::PathBuf;

/// The settings of all roles, as far as they can be wrong.
#[derive(Clone, Debug, clap::Args)]
// Ingest has no ledger; where one is needed, a missing URL is one line among the others.
#[command(mut_group("database", |group| group.required(false)))]
pub struct Args {
    /// Look only at what this role uses; without it, at everything
    #[arg(long, value_enum)]
    role: Option<Role>,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    namespaces: NamespacesArgs,
    #[command(flatten)]
    ops: OpsArgs,
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
    /// Base URL of the receiver within the cluster
    #[arg(long, env = "RESTOCK_RECEIVER_URL", value_name = "URL")]
    receiver_url: Option<String>,
    /// File with the callback keys; the first one signs
    #[arg(long, env = "RESTOCK_CALLBACK_KEYS_FILE", value_name = "PATH")]
    callback_keys_file: Option<PathBuf>,
    /// Hosts and networks that Factories may point to, separated by commas
    #[arg(long, env = "RESTOCK_FACTORY_ALLOW", value_delimiter = ',')]
    factory_allow: Vec<String>,
}

/// Whose settings, rights and neighbours to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Role {
    Controller,
    Ingest,
    Receiver,
    Sales,
    Relay,
    Dlq,
}

impl Args {
    /// Whether what these roles use is to be looked at.
    fn concern(&self, users: &[Role]) -> bool {
        self.role.is_none_or(|role| users.contains(&role))
    }
}

/// Prints a line for each thing that was looked at.
///
/// # Errors
/// If anything is wrong.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let mut report = Report::printing();
    look(&args, &mut report).await;
    match report.wrong() {
        0 => Ok(()),
        wrong => bail!("{wrong} of {} things need a person", report.looked_at()),
    }
}

async fn look(args: &Args, report: &mut Report) {
    let allow = settings::check(args, report).await;
    if args.concern(&[Controller]) {
        reach::check(args, report).await;
    }
    if args.concern(&[Controller, Receiver, Sales, Relay, Dlq]) {
        ledger::check(&args.database, report).await;
    }
    if args.concern(&[Ingest, Receiver, Dlq]) {
        queues::check(args, report).await;
    }
    // Not every shop has a relay: without a name of the topic, the queue's own look says so.
    let topic_arn = args.ops.topic_arn.as_deref();
    if args.role == Some(Relay) || args.role.is_none() && topic_arn.is_some() {
        topic::check(topic_arn, report).await;
    }
    if args.concern(&[Controller, Relay, Dlq]) {
        notices::check(&args.ops, args.role != Some(Relay), report).await;
    }
    if args.concern(&[Controller, Ingest]) {
        cluster::check(args, allow.as_ref(), report).await;
    }
}
