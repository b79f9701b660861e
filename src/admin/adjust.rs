//! `restock-operator adjust`: stock by a person's word, with its reason.

use crate::domain::order::Sku;
use crate::edge::store::products::{Adjusted, NewAdjustment};
use crate::edge::store::{Store, StoreError};
use crate::ledger;
use crate::process::args::DatabaseArgs;
use anyhow::{anyhow, bail};
use data_encoding::HEXLOWER;
use ring::rand::{SecureRandom, SystemRandom};

/// How often an adjustment is sent whose fate is unknown. Its id makes that harmless.
const TRIES_MAX: u32 = 3;

/// Characters of a reason or a name that the ledger keeps.
const TEXT_CHARACTERS_MAX: usize = 255;

/// What to change, and why.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    database: DatabaseArgs,
    /// SKU of the product
    #[arg(long, value_parser = Sku::parse)]
    sku: Sku,
    /// What to add to the stock, for example 12 or -3
    #[arg(long, allow_negative_numbers = true, value_name = "N")]
    by: i64,
    /// Why, for the auditor
    #[arg(long, value_parser = text)]
    reason: String,
    /// Who says so
    #[arg(long, value_parser = text)]
    who: String,
}

/// Adjusts and prints the stock after it.
///
/// # Errors
/// If there is no such product, or less of it than is to be taken away.
pub async fn run(args: Args) -> anyhow::Result<()> {
    if args.by == 0 {
        bail!("--by 0 changes nothing");
    }
    let store = ledger::open(&args.database).await?;
    store.require_schema().await?;
    let adjustment = NewAdjustment {
        id: random_id()?,
        sku: args.sku,
        delta: args.by,
        reason: args.reason,
        by: args.who,
    };
    let ended = adjust(&store, &adjustment).await?;
    store.close().await;
    let NewAdjustment { sku, delta, id, .. } = adjustment;
    match ended {
        Adjusted::Done { stock } => {
            println!("{sku}: {delta:+}, stock is {stock} (adjustment {id})")
        }
        Adjusted::Repeat => println!("{sku}: {delta:+} (adjustment {id})"),
        Adjusted::NoSuchProduct => bail!("no product {sku}; `products list` shows what there is"),
        Adjusted::TooLittle { stock } => {
            bail!("{sku}: stock is {stock}, it cannot change by {delta}")
        }
    }
    Ok(())
}

/// Adjusts; what is uncertain is sent again under its id, which lets it happen once.
pub(super) async fn adjust(
    store: &Store,
    adjustment: &NewAdjustment,
) -> Result<Adjusted, StoreError> {
    for _ in 1..TRIES_MAX {
        match store.adjust(adjustment).await {
            Err(StoreError::CommitUnknown(_)) => {}
            ended => return ended,
        }
    }
    store.adjust(adjustment).await
}

fn random_id() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| anyhow!("the system has no randomness"))?;
    Ok(HEXLOWER.encode(&bytes))
}

fn text(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > TEXT_CHARACTERS_MAX {
        return Err(format!("1 to {TEXT_CHARACTERS_MAX} characters are needed"));
    }
    if text.chars().any(char::is_control) {
        return Err("control characters are not allowed".to_owned());
    }
    Ok(text.to_owned())
}
