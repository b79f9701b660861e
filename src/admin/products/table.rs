//! Products as lines of 80 columns.

use crate::edge::store::products::Product;

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
        cut(&product.name)
    )
}

fn cut(name: &str) -> String {
    if name.chars().map(columns_of).sum::<usize>() <= NAME_COLUMNS {
        return name.to_owned();
    }
    let mut columns = columns_of('…');
    let fits = |letter: &char| {
        columns += columns_of(*letter);
        columns <= NAME_COLUMNS
    };
    let kept: String = name.chars().take_while(fits).collect();
    format!("{kept}…")
}

/// Hangul, kana, ideographs and what else terminals show in two columns lies above U+1100.
/// A few narrow letters do, too: the name is then cut early, never late.
const fn columns_of(letter: char) -> usize {
    if letter as u32 >= 0x1100 { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::{FactoryId, Quantity, Sku};

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
        assert!(line.chars().map(columns_of).sum::<usize>() <= 80, "{line}");
        assert!(line.ends_with("글레이즈드…"), "a cut is seen: {line}");
        assert_eq!(line.find("FF-500293"), HEADER.find("FACTORY"));
        assert_eq!(line.find("글레이즈드"), HEADER.find("NAME"));
        assert_eq!(
            line.find("123456789").map(|at| at + 9),
            HEADER.find("STOCK").map(|at| at + 5)
        );
    }
}
