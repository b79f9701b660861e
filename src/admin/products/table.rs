//! Products as lines of 80 columns.

use crate::edge::store::products::Product;
use crate::process::columns::cut;

/// The columns; the name is last because its letters may be wide.
pub(super) const HEADER: &str =
    "SKU                  STOCK REORDER-AT      QTY     PRICE FACTORY    NAME";

/// Columns left for the name.
const NAME_COLUMNS: usize = 12;

/// One product. Values longer than their column push the rest to the right: a SKU that is
/// cut is worth nothing. Only the name is cut.
pub(super) fn line(product: &Product) -> String {
    let quantity = product
        .reorder_quantity
        .map_or_else(|| "-".to_owned(), |q| q.to_string());
    let factory = product.factory_id.as_ref().map_or("-", |id| id.as_str());
    format!(
        "{:<16} {:>9} {:>10} {:>8} {:>9} {:<10} {}",
        product.sku.as_str(),
        product.stock,
        product.reorder_point,
        quantity,
        product.price,
        factory,
        cut(&product.name, NAME_COLUMNS)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::{FactoryId, Quantity, Sku};
    use crate::process::columns::COLUMNS;
    use unicode_width::UnicodeWidthStr as _;

    #[test]
    fn a_line_has_at_most_80_columns_and_stands_under_its_header() {
        let product = Product {
            sku: Sku::parse("CP-502101").unwrap(),
            name: "글레이즈드 도넛 세트".to_owned(),
            price: 1_500,
            stock: 123_456_789,
            reorder_point: 5,
            reorder_quantity: Some(Quantity::new(50).unwrap()),
            factory_id: Some(FactoryId::parse("FF-500293").unwrap()),
        };
        let line = line(&product);
        assert!(line.width() <= COLUMNS, "{line}");
        assert!(line.ends_with("글레이즈드…"), "a cut is seen: {line}");
        assert_eq!(line.find("FF-500293"), HEADER.find("FACTORY"));
        assert_eq!(line.find("글레이즈드"), HEADER.find("NAME"));
        assert_eq!(
            line.find("123456789").map(|at| at + 9),
            HEADER.find("STOCK").map(|at| at + 5)
        );
    }
}
