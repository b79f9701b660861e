//! A buyer, who calls the Service of the Sales API by way of the API server.

use super::installation::{Installation, PATIENCE, SKU};
use super::place::eventually;
use crate::support::ledger::declaration;
use axum::http::{Method, Request};
use restock_operator::domain::order::Quantity;
use restock_operator::edge::store::products::ProductDeclaration;
use serde_json::{Value, json};

/// How many a restock brings.
const RESTOCK: u32 = 6;

/// Buys all there is, finds nothing, and buys again once a restock has come, without anybody
/// having sent a message. `service` is that of the Sales API.
pub(crate) async fn sell_out_and_restock(shop: &Installation, service: &str) {
    let buy = async |key: &str, quantity: u32| buy(shop, service, key, quantity).await;
    let product = ProductDeclaration {
        reorder_quantity: Some(Quantity::new(RESTOCK).unwrap()),
        ..declaration(SKU, 0)
    };
    shop.ledger.store.apply_products(&[product]).await.unwrap();
    let all = u32::try_from(shop.stock().await).unwrap();
    assert_eq!(buy("all", all).await.unwrap()["remaining"], 0);
    let none = buy("none", 1).await.unwrap_err();
    assert!(none.contains("OutOfStock"), "{none}");
    eventually("the restock", PATIENCE, || async {
        match shop.stock().await {
            stock if stock == i64::from(RESTOCK) => Ok(()),
            stock => Err(format!("stock {stock}")),
        }
    })
    .await;
    let again = buy("again", 1).await.unwrap();
    assert_eq!(again["remaining"], RESTOCK - 1);
    assert_eq!(buy("again", 1).await.unwrap(), again, "once");
    assert_eq!(shop.stock().await, i64::from(RESTOCK) - 1);
}

/// What is sold, or why nothing is.
async fn buy(
    shop: &Installation,
    service: &str,
    key: &str,
    quantity: u32,
) -> Result<Value, String> {
    let namespace = &shop.place.namespace;
    let path = format!("/api/v1/namespaces/{namespace}/services/{service}:http/proxy/v1/checkout");
    let body = json!({ "sku": SKU, "quantity": quantity, "buyer": "a person" });
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("Idempotency-Key", key)
        .body(body.to_string().into_bytes())
        .unwrap();
    let answer = shop.place.client.request_text(request).await;
    match answer {
        Ok(text) => Ok(serde_json::from_str(&text).unwrap()),
        Err(why) => Err(format!("{why:?}")),
    }
}
