//! The file of `products apply`, parsed into types that cannot be wrong.

use super::check::check;
use crate::admin::file;
use crate::domain::order::{FactoryId, ProductId, Quantity, Sku};
use crate::edge::store::products::{PRODUCTS_MAX, ProductDeclaration};
use anyhow::{Context, bail};
use serde::Deserialize;
use std::collections::HashSet;
use std::path::Path;

/// Bytes of a file: [`PRODUCTS_MAX`] products of 4 KiB each.
const FILE_BYTES_MAX: u64 = PRODUCTS_MAX as u64 * 4 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declarations {
    products: Vec<Declaration>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Declaration {
    sku: Sku,
    name: String,
    #[serde(default)]
    price: u32,
    #[serde(default)]
    opening_stock: u32,
    #[serde(default)]
    reorder_point: u32,
    reorder_quantity: Option<Quantity>,
    factory_id: Option<FactoryId>,
    #[serde(default)]
    aliases: Vec<ProductId>,
}

/// Reads the file.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<ProductDeclaration>> {
    parse(&file::read(path, FILE_BYTES_MAX)?)
}

fn parse(text: &str) -> anyhow::Result<Vec<ProductDeclaration>> {
    let file: Declarations = serde_saphyr::from_str(text)?;
    if file.products.len() > PRODUCTS_MAX {
        bail!(
            "{} products, at most {PRODUCTS_MAX} are allowed",
            file.products.len()
        );
    }
    let products: Vec<ProductDeclaration> = file
        .products
        .into_iter()
        .map(ProductDeclaration::from)
        .collect();
    let mut names = HashSet::new();
    for product in &products {
        check(product, &mut names).with_context(|| format!("product {}", product.sku))?;
    }
    Ok(products)
}

impl From<Declaration> for ProductDeclaration {
    fn from(declaration: Declaration) -> Self {
        Self {
            sku: declaration.sku,
            name: declaration.name,
            price: declaration.price.into(),
            opening_stock: declaration.opening_stock.into(),
            reorder_point: declaration.reorder_point.into(),
            reorder_quantity: declaration.reorder_quantity,
            factory_id: declaration.factory_id,
            aliases: declaration.aliases,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../../../manifests/samples/products.yaml");

    fn refusal(text: &str) -> String {
        format!("{:#}", parse(text).unwrap_err())
    }

    #[test]
    fn the_sample_is_read_as_it_is_meant() {
        let products = parse(SAMPLE).unwrap();
        let glazed = products
            .iter()
            .find(|product| product.sku.as_str() == "CP-502101")
            .unwrap();
        assert_eq!(glazed.aliases.last().unwrap().as_str(), "502101");
        assert!(glazed.opening_stock > 0 && glazed.reorder_quantity.is_some());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let unknown = refusal("products:\n- sku: A\n  name: a\n  stock: 3\n");
        assert!(
            unknown.contains("stock") && unknown.contains("line 4"),
            "{unknown}"
        );
        let hostile = refusal("products:\n- sku: \"A'; --\"\n  name: a\n");
        assert!(
            hostile.contains("SKU may only have") && hostile.contains("line 2"),
            "{hostile}"
        );
        let zero = refusal("products:\n- sku: A\n  name: a\n  reorderQuantity: 0\n");
        assert!(zero.contains("quantity must be a whole number"), "{zero}");
        assert!(refusal("products:\n- sku: A\n  name: a\n  openingStock: -1\n").contains("line 4"));
    }

    #[test]
    fn a_name_used_twice_is_refused() {
        let twice = refusal("products:\n- {sku: A, name: a}\n- {sku: B, name: b, aliases: [A]}\n");
        assert!(
            twice.contains("product B") && twice.contains("A is used twice"),
            "{twice}"
        );
    }

    #[test]
    fn a_bomb_of_aliases_is_refused() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..12 {
            let items = vec![format!("*a{}", n - 1); 10].join(", ");
            bomb.push_str(&format!("a{n}: &a{n} [{items}]\n"));
        }
        assert!(!refusal(&format!("{bomb}products: []\n")).is_empty());
    }
}
