//! `restock-operator migrate`: brings the ledger to this version's schema.

use crate::edge::store::migrate::{MigrationStep, migrate};
use crate::ledger;
use crate::process::args::DatabaseArgs;
use anyhow::Context;

/// Which ledger; its account needs the right to create and alter tables.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Migrates, telling each step. May be repeated, interrupted and run twice at once.
///
/// # Errors
/// If the ledger is away, or a migration fails: the message says what to do.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let url = ledger::url(&args.database).await?;
    migrate(&url, |step| println!("{}", describe(&step)))
        .await
        .context("cannot migrate")
}

fn describe(step: &MigrationStep) -> String {
    match step {
        MigrationStep::Waiting => "connected, waiting for the migration lock".to_owned(),
        MigrationStep::Interrupted(count) => {
            format!("{count} migration(s) were interrupted earlier, running them again")
        }
        MigrationStep::Begun {
            applied,
            pending: 0,
        } => {
            format!("the schema is up to date ({applied} migrations)")
        }
        MigrationStep::Begun { applied, pending } => {
            format!("{applied} migrations are there, {pending} to apply")
        }
        MigrationStep::Applied {
            version,
            name,
            took,
        } => {
            format!("{version:04} {name}: applied in {} ms", took.as_millis())
        }
    }
}
