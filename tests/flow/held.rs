//! A request that waits for a person or for others says so on its object, and goes on by
//! itself when what held it is over.

use crate::support::shop::{Shop, in_shop, reason};
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use restock_operator::crd::factory::Factory;
use restock_operator::crd::request::RestockRequest;
use restock_operator::crd::words::{Delay, Phase};
use serde_json::{Value, json};

async fn edit_request(shop: &Shop, name: &str, spec: Value) {
    let patch = Patch::Merge(json!({ "spec": spec }));
    let parameters = PatchParams::default();
    shop.requests()
        .patch(name, &parameters, &patch)
        .await
        .unwrap();
}

async fn edit_factory(shop: &Shop, spec: Value) {
    let factories: Api<Factory> = Api::namespaced(shop.place.client.clone(), &shop.place.namespace);
    let patch = Patch::Merge(json!({ "spec": spec }));
    let parameters = PatchParams::default();
    factories
        .patch("legacy", &parameters, &patch)
        .await
        .unwrap();
}

async fn shows(shop: &Shop, name: &str, expected: &str) -> String {
    let shown = shop
        .wait_for(name, expected, |object| reason(object) == expected)
        .await;
    shown.status.unwrap().message.unwrap_or_default()
}

#[tokio::test]
async fn a_suspended_request_says_so_and_is_ordered_when_it_is_resumed() {
    in_shop(json!({}), |shop| async move {
        shop.ask("waiting", 3, "delay:300").await;
        edit_request(&shop, "waiting", json!({ "suspend": true })).await;
        let _roles = [shop.controller(), shop.receiver()];
        let message = shows(&shop, "waiting", "Suspended").await;
        assert!(message.contains("spec.suspend"), "{message}");
        assert!(shop.orders().await.is_empty());
        edit_request(&shop, "waiting", json!({ "suspend": false })).await;
        shop.wait_for_all(1, Phase::Succeeded).await;
    })
    .await;
}

#[tokio::test]
async fn the_emergency_stop_of_a_factory_is_shown_on_its_requests() {
    in_shop(json!({ "suspend": true }), |shop| async move {
        let _roles = [shop.controller(), shop.receiver()];
        shop.ask("waiting", 3, "delay:300").await;
        let message = shows(&shop, "waiting", "FactoryClosed").await;
        assert!(message.contains("legacy"), "{message}");
        assert!(shop.orders().await.is_empty());
        edit_factory(&shop, json!({ "suspend": false })).await;
        shop.wait_for_all(1, Phase::Succeeded).await;
    })
    .await;
}

#[tokio::test]
async fn one_open_request_of_a_product_holds_up_the_next() {
    in_shop(json!({ "maxOpenPerProduct": 1 }), |shop| async move {
        let _roles = [shop.controller(), shop.receiver()];
        shop.ask("first", 3, "delay:3000").await;
        let placed = |object: &_| reason(object) == "OrderPlaced";
        shop.wait_for("first", "the order", placed).await;
        shop.ask("second", 3, "delay:300").await;
        shows(&shop, "second", "ProductBusy").await;
        assert_eq!(shop.orders().await.len(), 1);
        shop.wait_for_all(2, Phase::Succeeded).await;
    })
    .await;
}

#[tokio::test]
async fn a_suspended_request_holds_up_no_other_of_its_product() {
    in_shop(json!({ "maxOpenPerProduct": 1 }), |shop| async move {
        shop.ask("stopped", 3, "delay:300").await;
        edit_request(&shop, "stopped", json!({ "suspend": true })).await;
        let _roles = [shop.controller(), shop.receiver()];
        shows(&shop, "stopped", "Suspended").await;
        shop.ask("younger", 3, "delay:300").await;
        let arrived = |object: &_| reason(object) == "Arrived";
        shop.wait_for("younger", "its goods", arrived).await;
    })
    .await;
}

#[tokio::test]
async fn a_request_that_is_deleted_in_flight_gives_its_place_back() {
    in_shop(json!({ "maxInFlight": 1 }), |shop| async move {
        let _roles = [shop.controller(), shop.receiver()];
        shop.ask("first", 3, "delay:60000").await;
        let placed = |object: &_| reason(object) == "OrderPlaced";
        shop.wait_for("first", "the order", placed).await;
        let how = DeleteParams::default();
        shop.requests().delete("first", &how).await.unwrap();
        shop.ask("second", 3, "delay:300").await;
        shop.wait_for_all(1, Phase::Succeeded).await;
    })
    .await;
}

#[tokio::test]
async fn a_request_that_waits_long_for_its_turn_is_told_once() {
    in_shop(
        json!({ "maxInFlight": 1, "delayedAfter": "2s" }),
        |shop| async move {
            let _roles = [shop.controller(), shop.receiver()];
            shop.ask("first", 3, "delay:60000").await;
            let placed = |object: &_| reason(object) == "OrderPlaced";
            shop.wait_for("first", "the order", placed).await;
            shop.ask("second", 3, "delay:300").await;
            let told = shop.notice("second").await;
            assert!(told.contains("Not ordered yet"), "{told}");
            let marked = |object: &RestockRequest| {
                let status = object.status.as_ref();
                status.is_some_and(|status| status.delay == Some(Delay::Told))
            };
            shop.wait_for("second", "Delayed and told", marked).await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_request_that_no_factory_serves_says_so_and_may_be_mended() {
    in_shop(
        json!({ "default": false, "factoryIds": ["FF-1"] }),
        |shop| async move {
            let _roles = [shop.controller(), shop.receiver()];
            shop.ask("waiting", 3, "delay:300").await;
            let message = shows(&shop, "waiting", "NoFactory").await;
            assert!(message.contains("none is the default"), "{message}");
            edit_factory(&shop, json!({ "default": true })).await;
            shop.wait_for_all(1, Phase::Succeeded).await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_request_behind_an_open_breaker_ends_though_it_was_never_tried() {
    // Nothing listens there: five failures open the breaker before the others are tried.
    let dead = json!({
        "url": "http://127.0.0.1:1/", "retryFor": "5s", "ordersPerSecond": 50, "burst": 5,
        "maxInFlight": 5,
    });
    in_shop(dead, |shop| async move {
        let names: Vec<String> = (0..9).map(|number| format!("waiting-{number}")).collect();
        for name in &names {
            shop.ask(name, 3, "delay:300").await;
        }
        let _controller = shop.controller();
        let mut never_tried = 0;
        for name in &names {
            let ended = shop
                .wait_for(name, "the end", |object| {
                    reason(object) == "FactoryUnreachable"
                })
                .await;
            let status = ended.status.unwrap();
            never_tried += usize::from(status.attempt.is_none_or(|attempt| attempt == 0));
            let message = status.message.unwrap_or_default();
            assert!(message.starts_with("Given up after"), "{message}");
        }
        assert!(never_tried > 0, "the breaker held up nobody");
    })
    .await;
}
