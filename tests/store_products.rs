//! Needs a database. Proves that products are as declared, that stock changes only by the
//! books, and that it never falls below zero.
#![allow(clippy::unwrap_used)]

#[path = "support/ledger.rs"]
mod ledger;

use futures::future::join_all;
use ledger::{Ledger, SKU, declaration, new_arrival, sku};
use restock_operator::domain::order::{FactoryId, ProductId, Quantity};
use restock_operator::edge::store::products::{Adjusted, Applied, NewAdjustment};
use std::time::Duration;

const PATIENT: Duration = Duration::from_secs(30);

fn id(text: &str) -> ProductId {
    ProductId::parse(text).unwrap()
}

fn adjustment(id: &str, delta: i64) -> NewAdjustment {
    NewAdjustment {
        id: id.to_owned(),
        sku: sku(SKU),
        delta,
        reason: "세다".to_owned(),
        by: "auditor".to_owned(),
    }
}

#[tokio::test]
async fn a_product_is_found_by_its_sku_and_by_its_aliases() {
    let ledger = Ledger::create().await;
    let mut glazed = declaration(SKU, 7);
    glazed.reorder_quantity = Some(Quantity::new(50).unwrap());
    glazed.factory_id = Some(FactoryId::parse("FF-500293").unwrap());
    glazed.aliases = vec![id("0b8f2f0e-5c3e-4b53-9d0a-6f3f3c2f7a11"), id("502101")];
    ledger
        .apply_products(&[glazed.clone(), declaration("Cp-502101", 1)])
        .await
        .unwrap();
    for name in [SKU, "0b8f2f0e-5c3e-4b53-9d0a-6f3f3c2f7a11", "502101"] {
        let product = ledger.product(&id(name)).await.unwrap().unwrap();
        assert_eq!(
            (product.sku, product.stock),
            (glazed.sku.clone(), 7),
            "{name}"
        );
        assert_eq!(product.name, glazed.name);
        assert_eq!(product.reorder_quantity, glazed.reorder_quantity);
        assert_eq!(product.factory_id, glazed.factory_id);
    }
    let other = ledger.product(&id("Cp-502101")).await.unwrap().unwrap();
    assert_eq!((other.stock, other.reorder_quantity), (1, None));
    assert_eq!(ledger.product(&id("cp-502101")).await, Ok(None));
}

#[tokio::test]
async fn applying_again_changes_what_differs_and_never_the_stock() {
    let ledger = Ledger::with_product().await;
    let unchanged = Applied::Done {
        created: vec![],
        changed: vec![],
        unchanged: vec![sku(SKU)],
    };
    // The opening stock of a known product is no difference.
    assert_eq!(
        ledger.apply_products(&[declaration(SKU, 99)]).await,
        Ok(unchanged)
    );
    let mut renamed = declaration(SKU, 99);
    renamed.name = "Glazed".to_owned();
    let done = Applied::Done {
        created: vec![sku("B")],
        changed: vec![sku(SKU)],
        unchanged: vec![],
    };
    assert_eq!(
        ledger.apply_products(&[renamed, declaration("B", 0)]).await,
        Ok(done)
    );
    assert_eq!(ledger.stock(SKU).await, 10);
    let page = ledger.products(Some(&sku("B")), 10).await.unwrap();
    assert_eq!((page.len(), page[0].name.as_str()), (1, "Glazed"));
}

#[tokio::test]
async fn an_alias_moves_but_is_never_taken_from_a_product_that_keeps_it() {
    let ledger = Ledger::create().await;
    let (mut a, mut b) = (declaration("A", 1), declaration("B", 1));
    a.aliases = vec![id("1"), id("2")];
    b.aliases = vec![id("3")];
    ledger
        .apply_products(&[a.clone(), b.clone()])
        .await
        .unwrap();
    // Swapped within one apply.
    a.aliases = vec![id("3")];
    b.aliases = vec![id("1"), id("2")];
    ledger
        .apply_products(&[a.clone(), b.clone()])
        .await
        .unwrap();
    assert_eq!(
        ledger.product(&id("3")).await.unwrap().unwrap().sku,
        sku("A")
    );
    a.aliases = vec![id("2")];
    let taken = |alias, sku| Applied::AliasTaken {
        alias,
        declared_for: sku,
    };
    assert_eq!(
        ledger.apply_products(&[a.clone()]).await,
        Ok(taken(id("2"), sku("A")))
    );
    a.aliases = vec![id("B")];
    assert_eq!(
        ledger.apply_products(&[a]).await,
        Ok(taken(id("B"), sku("A")))
    );
    let new = declaration("1", 1);
    assert_eq!(
        ledger.apply_products(&[new]).await,
        Ok(taken(id("1"), sku("1")))
    );
    // Refused means that nothing was changed.
    assert_eq!(
        ledger.product(&id("3")).await.unwrap().unwrap().sku,
        sku("A")
    );
    assert_eq!(
        ledger.product(&id("1")).await.unwrap().unwrap().sku,
        sku("B")
    );
}

#[tokio::test]
async fn two_applies_at_once_leave_one_product_and_one_opening() {
    let ledger = Ledger::create().await;
    let declared = [declaration("A", 5), declaration("B", 6)];
    let ends = join_all((0..6).map(|_| ledger.apply_products(&declared))).await;
    let created = ends
        .iter()
        .filter(|end| matches!(end, Ok(Applied::Done { created, .. }) if created.len() == 2));
    assert_eq!(created.count(), 1, "{ends:?}");
    assert_eq!((ledger.stock("A").await, ledger.stock("B").await), (5, 6));
}

#[tokio::test]
async fn an_adjustment_counts_once_and_never_takes_more_than_there_is() {
    let ledger = Ledger::with_product().await;
    assert_eq!(
        ledger.adjust(&adjustment("1", -4)).await,
        Ok(Adjusted::Done { stock: 6 })
    );
    assert_eq!(
        ledger.adjust(&adjustment("1", -4)).await,
        Ok(Adjusted::Repeat)
    );
    assert_eq!(
        ledger.adjust(&adjustment("2", -7)).await,
        Ok(Adjusted::TooLittle { stock: 6 })
    );
    assert_eq!(
        ledger.adjust(&adjustment("2", -6)).await,
        Ok(Adjusted::Done { stock: 0 })
    );
    let mut unknown = adjustment("3", 1);
    unknown.sku = sku("nothing");
    assert_eq!(ledger.adjust(&unknown).await, Ok(Adjusted::NoSuchProduct));
    assert_eq!(ledger.stock(SKU).await, 0);
}

#[tokio::test]
async fn the_stock_is_what_the_books_say_after_everything_at_once() {
    let ledger = Ledger::with_product().await;
    let taken: Vec<_> = (0..30).map(|n| adjustment(&format!("a{n}"), -2)).collect();
    let came: Vec<_> = (0..10).map(|n| new_arrival(&format!("r{n}"), 1)).collect();
    let adjust = join_all(taken.iter().map(|one| ledger.adjust(one)));
    let arrive = join_all(came.iter().map(|one| ledger.record_arrival(one, PATIENT)));
    let (adjusted, arrived) = tokio::join!(adjust, arrive);
    let done = adjusted
        .iter()
        .filter(|end| matches!(end, Ok(Adjusted::Done { .. })))
        .count();
    let arrived = arrived.iter().filter(|end| end.is_ok()).count();
    let stock = ledger.stock(SKU).await;
    assert_eq!(
        stock,
        10 + i64::try_from(arrived * 3).unwrap() - i64::try_from(done * 2).unwrap()
    );
    assert!(stock >= 0 && done > 0 && arrived > 0);
    let levels = ledger.stock_levels(None, 10).await.unwrap();
    assert_eq!((levels[0].opening, levels[0].sales), (10, 0));
}
