//! A callback whose body says otherwise than the order: booked as ordered, and told.

use crate::support::shop::in_shop;
use restock_operator::crd::words::Phase;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_callback_that_says_otherwise_is_booked_as_ordered_and_told() {
    in_shop(json!({}), |shop| async move {
        let _roles = [shop.controller(), shop.receiver()];
        shop.ask("fewer", 3, "delay:60000").await;
        let orders = loop {
            let orders = shop.orders().await;
            if !orders.is_empty() {
                break orders;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        let url = orders[0]["body"]["CallbackUrl"].as_str().unwrap();
        let body =
            json!({ "MessageAttributeProductId": shop.sku, "MessageAttributeProductCnt": 2 });
        let answer = reqwest::Client::new().post(url).json(&body).send().await;
        assert_eq!(answer.unwrap().status(), 200);
        shop.wait_for_all(1, Phase::Succeeded).await;
        assert_eq!(shop.stock().await, 10 + 3, "as ordered");
        let told = shop.notice("said otherwise than the order").await;
        assert!(told.contains("fewer"), "{told}");
        assert!(told.contains("Factory   legacy"), "{told}");
    })
    .await;
}
