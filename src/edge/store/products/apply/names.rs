//! The aliases of a declared product.

use super::ProductDeclaration;
use crate::domain::order::{ProductId, Sku};
use crate::edge::store::call::Call;
use crate::edge::store::error::Failure;
use crate::edge::store::row::get;

/// What a product is called.
pub(in crate::edge::store::products) const ALIASES: &str =
    "SELECT alias FROM product_alias WHERE sku = ? ORDER BY alias";

const IS_SKU: &str = "SELECT sku FROM product WHERE sku = ?";

const IS_ALIAS: &str = "SELECT alias FROM product_alias WHERE alias = ?";

/// Removes the aliases of a product, if they are not as declared. Whether it did.
pub(super) async fn drop_aliases(
    call: &mut Call,
    declared: &ProductDeclaration,
) -> Result<bool, Failure> {
    let rows = call
        .read(sqlx::query(ALIASES).bind(declared.sku.as_str()))
        .await?;
    let current: Result<Vec<String>, _> = rows.iter().map(|row| get(row, "alias")).collect();
    let mut wanted: Vec<&str> = declared.aliases.iter().map(ProductId::as_str).collect();
    wanted.sort_unstable();
    if current? == wanted {
        return Ok(false);
    }
    let drop = sqlx::query("DELETE FROM product_alias WHERE sku = ?").bind(declared.sku.as_str());
    call.write(drop).await?;
    Ok(true)
}

/// Adds the aliases of a product; the first one, if any, that is another product's name.
pub(super) async fn add_aliases(
    call: &mut Call,
    declared: &ProductDeclaration,
) -> Result<Option<ProductId>, Failure> {
    for alias in &declared.aliases {
        // An alias that is a SKU would never be found: the SKU wins.
        if !call
            .read(sqlx::query(IS_SKU).bind(alias.as_str()))
            .await?
            .is_empty()
        {
            return Ok(Some(alias.clone()));
        }
        let insert = sqlx::query("INSERT INTO product_alias (alias, sku) VALUES (?, ?)")
            .bind(alias.as_str())
            .bind(declared.sku.as_str());
        match call.write(insert).await {
            Ok(_) => {}
            Err(Failure::Duplicate) => return Ok(Some(alias.clone())),
            Err(failure) => return Err(failure),
        }
    }
    Ok(None)
}

/// Whether a new SKU is what another product is called already.
pub(super) async fn is_alias(call: &mut Call, sku: &Sku) -> Result<bool, Failure> {
    Ok(!call
        .read(sqlx::query(IS_ALIAS).bind(sku.as_str()))
        .await?
        .is_empty())
}
