//! `restock-operator products`: what the ledger knows of the shop's products.

mod check;
mod file;
mod import;
mod table;

use crate::edge::store::Store;
use crate::edge::store::products::{Applied, Product};
use crate::ledger;
use crate::process::args::DatabaseArgs;
use anyhow::{Context, bail};
use std::io::Write as _;
use std::path::PathBuf;

/// Products of one read: a page that is well below the memory of any terminal.
const PAGE_ROWS: u32 = 500;

/// What to do with the products.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Verb {
    /// Make the products as a file declares them; others stay as they are
    Apply {
        #[command(flatten)]
        database: DatabaseArgs,
        /// The file, for example manifests/samples/products.yaml
        #[arg(short, long, value_name = "PATH")]
        file: PathBuf,
    },
    /// Take over the product table of the shop that was there before
    Import(import::Args),
    /// Print the products
    List {
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

/// Applies a file of products, takes over another shop's, or lists them.
///
/// # Errors
/// If a product is not as it should be: the message says which.
pub async fn run(args: Args) -> anyhow::Result<()> {
    match args.verb {
        Verb::Apply { database, file } => apply(&store(&database).await?, file).await,
        Verb::Import(args) => import::run(args).await,
        Verb::List { database } => list(&store(&database).await?).await,
    }
}

async fn store(database: &DatabaseArgs) -> anyhow::Result<Store> {
    let store = ledger::open(database).await?;
    store.require_schema().await?;
    Ok(store)
}

async fn apply(store: &Store, path: PathBuf) -> anyhow::Result<()> {
    let declared = file::read(&path).with_context(|| format!("in {}", path.display()))?;
    tell(store.apply_products(&declared).await?, "")
}

/// Prints what was done; with `would be ` before it, what would be.
fn tell(applied: Applied, would: &str) -> anyhow::Result<()> {
    match applied {
        Applied::Done {
            created,
            changed,
            unchanged,
        } => {
            for (skus, word) in [(&created, "created"), (&changed, "changed")] {
                skus.iter().for_each(|sku| println!("{sku} {would}{word}"));
            }
            let all = created.len() + changed.len() + unchanged.len();
            println!("{} of {all} were as declared", unchanged.len());
            Ok(())
        }
        Applied::AliasTaken {
            alias,
            declared_for,
        } => bail!(
            "{declared_for} cannot be called {alias}: that is another product; nothing was changed"
        ),
    }
}

async fn list(store: &Store) -> anyhow::Result<()> {
    let mut products: Vec<Product> = Vec::new();
    writeln!(std::io::stdout(), "{}", table::HEADER)?;
    loop {
        products = store
            .products(products.last().map(|last| &last.sku), PAGE_ROWS)
            .await?;
        for product in &products {
            writeln!(std::io::stdout(), "{}", table::line(product))?;
        }
        if products.len() < PAGE_ROWS as usize {
            return Ok(());
        }
    }
}
