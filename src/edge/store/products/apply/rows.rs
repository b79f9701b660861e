//! The row of a declared product.

use super::ProductDeclaration;
use crate::edge::store::call::{Call, Statement};
use crate::edge::store::error::Failure;
use crate::edge::store::products::adjust::RECORD;
use crate::edge::store::products::{COLUMNS_BY_SKU, Product, product};

/// What had to be done about a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Difference {
    New,
    Changed,
    None,
}

const CREATE: &str = "INSERT INTO product (name, price, reorder_point, reorder_quantity, \
     factory_id, sku, stock) VALUES (?, ?, ?, ?, ?, ?, ?)";

/// Never the stock: that is opening stock, arrivals, sales and adjustments.
const CHANGE: &str = "UPDATE product SET name = ?, price = ?, reorder_point = ?, \
     reorder_quantity = ?, factory_id = ? WHERE sku = ?";

/// Makes the row as declared. One that is so already is not even locked.
pub(super) async fn apply_row(
    call: &mut Call,
    declared: &ProductDeclaration,
) -> Result<Difference, Failure> {
    let query = sqlx::query(COLUMNS_BY_SKU).bind(declared.sku.as_str());
    let rows = call.read(query).await?;
    match rows.first().map(product).transpose()? {
        None => {
            create(call, declared).await?;
            Ok(Difference::New)
        }
        Some(product) if same(&product, declared) => Ok(Difference::None),
        Some(_) => {
            call.write(bind(sqlx::query(CHANGE), declared)).await?;
            Ok(Difference::Changed)
        }
    }
}

async fn create(call: &mut Call, declared: &ProductDeclaration) -> Result<(), Failure> {
    let query = bind(sqlx::query(CREATE), declared).bind(declared.opening_stock);
    match call.write(query).await {
        // Another apply created it since the look: the whole transaction looks again.
        Err(Failure::Duplicate) => return Err(Failure::Locked),
        created => created?,
    };
    // The opening stock is in the books like every other change.
    let record = sqlx::query(RECORD)
        .bind(format!("opening:{}", declared.sku))
        .bind(declared.sku.as_str())
        .bind(declared.opening_stock)
        .bind("opening stock")
        .bind("products apply");
    call.write(record).await?;
    Ok(())
}

fn bind<'q>(query: Statement<'q>, declared: &ProductDeclaration) -> Statement<'q> {
    query
        .bind(&declared.name)
        .bind(declared.price)
        .bind(declared.reorder_point)
        .bind(declared.reorder_quantity.map(|quantity| quantity.get()))
        .bind(declared.factory_id.as_ref().map(|id| id.as_str()))
        .bind(declared.sku.as_str())
}

fn same(product: &Product, declared: &ProductDeclaration) -> bool {
    product.name == declared.name
        && product.price == declared.price
        && product.reorder_point == declared.reorder_point
        && product.reorder_quantity == declared.reorder_quantity
        && product.factory_id == declared.factory_id
}
