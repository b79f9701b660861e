//! The routes of the shop that was there before, for programs that cannot be changed.

use super::ledger::{Ledger, SKU, declaration};
use super::store_front::StoreFront;
use reqwest::StatusCode;
use restock_operator::domain::order::ProductId;
use restock_operator::edge::store::products::ProductDeclaration;
use serde_json::json;
use std::time::Duration;
use tokio::time::{sleep, timeout};

#[tokio::test]
async fn the_old_shop_is_answered_as_it_was() {
    let ledger = Ledger::create().await;
    let aliases = ["100-donuts", "502101"].map(|alias| ProductId::parse(alias).unwrap());
    let product = ProductDeclaration {
        aliases: aliases.to_vec(),
        ..declaration(SKU, 10)
    };
    ledger.apply_products(&[product]).await.unwrap();
    let shop = StoreFront::open_on(ledger, &["--legacy-routes"]).await;
    let row = shop.get("/product/donut").await.json();
    assert_eq!((&row["sku"], &row["stock"]), (&json!(SKU), &json!(10)));
    assert_eq!(row["product_id"], "502101", "the old shop's own");
    let buy = |body: &str| shop.post("/checkout", None, body.to_owned());
    assert_eq!(buy("").await.text, "구매 완료! 남은 재고: 9");
    let named = json!({ "productSku": SKU }).to_string();
    for left in (0..9).rev() {
        assert_eq!(
            buy(&named).await.text,
            format!("구매 완료! 남은 재고: {left}")
        );
    }
    let failed = buy("{}").await;
    assert_eq!(failed.status, StatusCode::OK);
    assert_eq!(failed.text, "구매 실패! 남은 재고: 0");
    assert_eq!(shop.owed().await, 1);
    let none = buy(r#"{"productSku":"NONE"}"#).await;
    assert_eq!(
        (none.status, none.json()),
        (StatusCode::BAD_REQUEST, json!({ "message": "상품 없음" }))
    );
    assert_eq!(buy("{").await.fields(), ["body"]);
    assert_eq!(buy(r#"["CP-1"]"#).await.fields(), ["body"]);
    // A field that is misspelt buys nothing else.
    for misspelt in [r#"{"productSKU":"CP-1"}"#, r#"{"productSku":null}"#] {
        let refused = buy(misspelt).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
        assert_eq!(refused.fields(), ["productSku"]);
    }
    shop.close().await;

    let empty = StoreFront::open_on(Ledger::create().await, &["--legacy-routes"]).await;
    let none = empty.get("/product/donut").await;
    assert_eq!(
        (none.status.as_u16(), none.json()),
        (400, json!({ "message": "상품 없음" }))
    );
    empty.close().await;
}

#[tokio::test]
async fn the_old_shop_answers_within_six_seconds_whatever_is_slow() {
    let shop = StoreFront::open(&["--legacy-routes"]).await;
    let pool = shop.ledger.schema.pool().await;
    let mut slow = pool.acquire().await.unwrap();
    sqlx::raw_sql("LOCK TABLES product WRITE")
        .execute(&mut *slow)
        .await
        .unwrap();
    let mut holder = pool.begin().await.unwrap();
    // First a look that takes three seconds, then a row that nobody else gets.
    let holding = async {
        let lock = sqlx::query("SELECT stock FROM product FOR UPDATE");
        let unlock = async {
            sleep(Duration::from_secs(3)).await;
            let unlock = sqlx::raw_sql("UNLOCK TABLES");
            unlock.execute(&mut *slow).await.unwrap();
        };
        let (locked, ()) = tokio::join!(lock.execute(&mut *holder), unlock);
        locked.unwrap();
    };
    let buying = timeout(
        Duration::from_millis(6_500),
        shop.post("/checkout", None, String::new()),
    );
    let (answer, ()) = tokio::join!(buying, holding);
    assert_eq!(answer.unwrap().status, StatusCode::SERVICE_UNAVAILABLE);
    holder.rollback().await.unwrap();
    shop.close().await;
}
