//! `restock-operator audit`: whether every piece of stock is accounted for, and whether
//! requests and ledger say the same.
//!
//! Reads only. It may run beside everything else: what is on its way is looked at twice
//! before it is called a difference.

mod difference;
mod requests;
mod stock;

use crate::edge::cluster;
use crate::ledger;
use crate::process::args::{DatabaseArgs, NamespaceArgs};
use anyhow::bail;
use difference::{HEADER, line};
use std::io::Write as _;

/// Which ledger, and which requests.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    namespace: NamespaceArgs,
}

/// Prints each difference.
///
/// # Errors
/// If there is any, or if ledger or cluster do not answer.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let store = ledger::open(&args.database).await?;
    store.require_schema().await?;
    let stock = stock::audit(&store).await?;
    let client = cluster::client().await?;
    let namespace = &args.namespace.namespace;
    let requests = requests::audit(&store, client, namespace).await?;

    let differences: Vec<_> = [stock.differences, requests.differences].concat();
    let (products, requests) = (stock.looked_at, requests.looked_at);
    if requests == 0 {
        println!("no request is in {namespace}: is that where they are (RESTOCK_NAMESPACE)?");
    }
    if differences.is_empty() {
        println!("{products} products and {requests} requests in {namespace}: no difference");
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{HEADER}")?;
    for one in &differences {
        writeln!(out, "{}", line(one))?;
    }
    bail!(
        "{} differences in {products} products and {requests} requests in {namespace}; \
         what to do is in docs/operations.md",
        differences.len()
    )
}
