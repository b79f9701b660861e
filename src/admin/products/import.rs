//! `products import`: the product table of the shop that was there before, as products of ours.

use super::check::check;
use super::{store, tell};
use crate::domain::order::{ProductId, Sku};
use crate::edge::store::Store;
use crate::edge::store::old_shop::{OldId, OldProduct, TableName, old_products};
use crate::edge::store::products::{PRODUCTS_MAX, ProductDeclaration};
use crate::process::args::DatabaseArgs;
use crate::process::secret::SecretSource;
use anyhow::{Context, anyhow, bail};
use data_encoding::HEXLOWER;
use secrecy::SecretString;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Bad rows that are shown: what is wrong with one is often wrong with all.
const SHOWN_MAX: usize = 20;

/// Where from, and into which ledger.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    old_shop: OldShopArgs,
    /// Its table, with the columns product_id, sku, name, price and stock
    #[arg(long, default_value = "product", value_parser = TableName::parse)]
    table: TableName,
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Debug, clap::Args)]
#[group(id = "old_shop", required = true, multiple = false)]
struct OldShopArgs {
    /// URL of the old shop's database: mysql://user:password@host:3306/name
    #[arg(
        long,
        env = "RESTOCK_OLD_SHOP_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    old_shop_url: Option<SecretString>,
    /// File that holds that URL
    #[arg(long, env = "RESTOCK_OLD_SHOP_URL_FILE", value_name = "PATH")]
    old_shop_url_file: Option<PathBuf>,
}

impl OldShopArgs {
    fn source(self) -> SecretSource {
        match self.old_shop_url_file {
            Some(path) => SecretSource::File(path),
            None => SecretSource::Value(self.old_shop_url.unwrap_or_default()),
        }
    }
}

/// Imports all of them or none, and prints what was done.
///
/// # Errors
/// If any row cannot be a product: nothing was written.
pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let url = args.old_shop.source().read().await?;
    // One more than is allowed, to see that there are more.
    let limit = u32::try_from(PRODUCTS_MAX + 1)?;
    let rows = old_products(&url, &args.table, limit).await?;
    let imported = parse(&rows)?;
    let store = store(&args.database).await?;
    let mut declared = Vec::with_capacity(imported.len());
    for product in imported {
        declared.push(joined(&store, product).await?);
    }
    // Once more, for the names that the ledger has added.
    check_all(&declared)?;
    if args.dry_run {
        tell(store.rehearse_products(&declared).await?, "would be ")
    } else {
        tell(store.apply_products(&declared).await?, "")
    }
}

/// All rows, or what is wrong with each that is wrong.
fn parse(rows: &[OldProduct]) -> anyhow::Result<Vec<ProductDeclaration>> {
    if rows.len() > PRODUCTS_MAX {
        bail!("more than {PRODUCTS_MAX} products: at most so many are taken at once");
    }
    let mut products = Vec::with_capacity(rows.len());
    let mut wrong = Vec::new();
    for row in rows {
        match declaration(row) {
            Ok(product) => products.push(product),
            Err(why) => wrong.push(format!("product {}: {why:#}", name_of(row))),
        }
    }
    if wrong.is_empty() {
        check_all(&products)?;
        return Ok(products);
    }
    let mut text = format!("{} of {} rows are wrong", wrong.len(), rows.len());
    for line in wrong.iter().take(SHOWN_MAX) {
        write!(text, "\n  {line}")?;
    }
    bail!("{text}\nnothing was written")
}

fn check_all(products: &[ProductDeclaration]) -> anyhow::Result<()> {
    let mut names = HashSet::new();
    for product in products {
        check(product, &mut names).with_context(|| format!("product {}", product.sku))?;
    }
    Ok(())
}

fn declaration(row: &OldProduct) -> anyhow::Result<ProductDeclaration> {
    let sku = row.sku.as_deref().context("its sku is NULL")?;
    let sku = Sku::parse(sku)?;
    let mut aliases = aliases(&row.id)?;
    // It is found by its SKU.
    aliases.retain(|alias| alias.as_str() != sku.as_str());
    let product = ProductDeclaration {
        sku,
        name: row.name.clone().context("its name is NULL")?,
        price: number("price", row.price.as_deref())?.into(),
        opening_stock: number("stock", row.stock.as_deref())?.into(),
        reorder_point: 0,
        reorder_quantity: None,
        factory_id: None,
        aliases,
    };
    check(&product, &mut HashSet::new())?;
    Ok(product)
}

/// A whole number from 0 on: nothing is rounded.
fn number(column: &str, text: Option<&str>) -> anyhow::Result<u32> {
    let text = text.with_context(|| format!("its {column} is NULL"))?;
    let most = u32::MAX;
    let wrong = || anyhow!("its {column} is {text}: a whole number from 0 to {most} is needed");
    text.parse().map_err(|_| wrong())
}

/// As messages may spell it: a UUID with hyphens and without, a number as text.
fn aliases(id: &OldId) -> anyhow::Result<Vec<ProductId>> {
    let spellings = match id {
        OldId::Uuid(bytes) => vec![hyphenated(bytes), HEXLOWER.encode(bytes)],
        OldId::Number(number) => vec![number.clone()],
        OldId::Other => bail!("its product_id is neither BINARY(16) nor a whole number"),
    };
    let parse = |text: &String| ProductId::parse(text).map_err(Into::into);
    spellings.iter().map(parse).collect()
}

/// 8-4-4-4-12 hexadecimal digits (RFC 9562).
fn hyphenated(bytes: &[u8; 16]) -> String {
    let groups = [0..4, 4..6, 6..8, 8..10, 10..16];
    groups.map(|group| HEXLOWER.encode(&bytes[group])).join("-")
}

/// What a person finds the row by.
fn name_of(row: &OldProduct) -> String {
    match &row.id {
        OldId::Uuid(bytes) => hyphenated(bytes),
        OldId::Number(number) => number.clone(),
        OldId::Other => format!("with sku {:?}", row.sku.as_deref().unwrap_or_default()),
    }
}

/// A product that the ledger has keeps what the old table knows nothing of.
async fn joined(store: &Store, product: ProductDeclaration) -> anyhow::Result<ProductDeclaration> {
    let id = ProductId::parse(product.sku.as_str())?;
    let kept = store.product(&id).await?;
    let Some(kept) = kept.filter(|kept| kept.sku == product.sku) else {
        return Ok(product);
    };
    let mut aliases = store.aliases(&kept.sku).await?;
    let new = product.aliases.iter().filter(|one| !aliases.contains(one));
    let new: Vec<ProductId> = new.cloned().collect();
    aliases.extend(new);
    Ok(ProductDeclaration {
        reorder_point: kept.reorder_point,
        reorder_quantity: kept.reorder_quantity,
        factory_id: kept.factory_id,
        aliases,
        ..product
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: OldId, sku: &str, price: &str, stock: &str) -> OldProduct {
        OldProduct {
            id,
            sku: Some(sku.to_owned()),
            name: Some("도넛".to_owned()),
            price: Some(price.to_owned()),
            stock: Some(stock.to_owned()),
        }
    }

    fn number(text: &str) -> OldId {
        OldId::Number(text.to_owned())
    }

    #[test]
    fn a_uuid_is_an_alias_in_both_spellings() {
        let bytes: [u8; 16] = std::array::from_fn(|index| index as u8 * 17);
        let parsed = parse(&[row(OldId::Uuid(bytes), "CP-1", "1500", "7")]).unwrap();
        let names: Vec<&str> = parsed[0].aliases.iter().map(ProductId::as_str).collect();
        assert_eq!(
            names,
            [
                "00112233-4455-6677-8899-aabbccddeeff",
                "00112233445566778899aabbccddeeff"
            ]
        );
        assert_eq!((parsed[0].price, parsed[0].opening_stock), (1_500, 7));
    }

    #[test]
    fn a_number_that_is_the_sku_is_no_alias() {
        let parsed = parse(&[row(number("42"), "42", "1", "0")]).unwrap();
        assert!(parsed[0].aliases.is_empty());
    }

    #[test]
    fn every_bad_row_is_named_with_what_is_wrong() {
        let nothing = OldProduct {
            sku: None,
            ..row(number("6"), "", "1", "1")
        };
        let rows = [
            row(number("1"), "CP 1", "1", "1"),
            row(number("2"), "CP-2", "1", "-3"),
            row(number("3"), "CP-3", "12.50", "1"),
            row(number("4"), "CP-4", "1", "1"),
            row(OldId::Other, "CP-5", "1", "1"),
            nothing,
        ];
        let said = parse(&rows).unwrap_err().to_string();
        for words in [
            "5 of 6 rows are wrong",
            "product 1: SKU may only have",
            "product 2: its stock is -3",
            "product 3: its price is 12.50",
            "product with sku \"CP-5\": its product_id is neither",
            "product 6: its sku is NULL",
            "nothing was written",
        ] {
            assert!(said.contains(words), "{words}: {said}");
        }
    }

    #[test]
    fn a_name_that_two_products_want_is_refused() {
        let rows = [
            row(number("1"), "2", "1", "1"),
            row(number("2"), "B", "1", "1"),
        ];
        let said = format!("{:#}", parse(&rows).unwrap_err());
        assert!(
            said.contains("product B") && said.contains("2 is used twice"),
            "{said}"
        );
    }
}
