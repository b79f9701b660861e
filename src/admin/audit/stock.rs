//! Law S5: stock = opening + arrivals - sales + adjustments, and never below 0.

use super::difference::{Difference, Findings};
use crate::edge::store::products::StockLevel;
use crate::edge::store::{Store, StoreError};

/// Products of one read: few enough to be added up within its deadline.
const PAGE_ROWS: u32 = 100;

pub(super) async fn audit(store: &Store) -> Result<Findings, StoreError> {
    let mut findings = Findings::default();
    let mut page: Vec<StockLevel> = Vec::new();
    loop {
        page = store
            .stock_levels(page.last().map(|last| &last.sku), PAGE_ROWS)
            .await?;
        if page.is_empty() {
            return Ok(findings);
        }
        findings.looked_at += page.len();
        findings
            .differences
            .extend(page.iter().filter_map(difference));
    }
}

fn difference(level: &StockLevel) -> Option<Difference> {
    let books = level.expected();
    (level.stock != books || level.stock < 0).then(|| Difference {
        what: "stock",
        of: level.sku.to_string(),
        expected: format!(
            "{books} ({} +{} -{} {:+})",
            level.opening, level.arrivals, level.sales, level.adjustments
        ),
        found: level.stock.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::Sku;

    #[test]
    fn stock_is_what_the_books_say_and_never_below_zero() {
        let level = StockLevel {
            sku: Sku::parse("CP-502101").unwrap(),
            stock: 12,
            opening: 10,
            arrivals: 7,
            sales: 4,
            adjustments: -1,
        };
        assert_eq!(difference(&level), None);
        let wrong = difference(&StockLevel {
            stock: 13,
            ..level.clone()
        })
        .unwrap();
        assert_eq!(
            (wrong.expected.as_str(), wrong.found.as_str()),
            ("12 (10 +7 -4 -1)", "13")
        );
        let below = StockLevel {
            stock: -1,
            sales: 17,
            ..level
        };
        assert!(difference(&below).is_some());
    }
}
