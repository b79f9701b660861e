//! A request that waits for a person or for others says so on its object, and goes on by
//! itself when what held it is over.

use crate::support::ledger::declaration;
use crate::support::shop::{Shop, in_shop, reason};
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use restock_operator::crd::factory::Factory;
use restock_operator::crd::request::RestockRequest;
use restock_operator::crd::words::{Delay, Phase};
use serde_json::{Value, json};
use std::time::Duration;

async fn edit_request(shop: &Shop, name: &str, spec: Value) {
    let patch = Patch::Merge(json!({ "spec": spec }));
    let parameters = PatchParams::default();
    shop.requests()
        .patch(name, &parameters, &patch)
        .await
        .unwrap();
}

pub(crate) async fn edit_factory(shop: &Shop, spec: Value) {
    let factories: Api<Factory> = Api::namespaced(shop.place.client.clone(), &shop.place.namespace);
    let patch = Patch::Merge(json!({ "spec": spec }));
    let parameters = PatchParams::default();
    factories
        .patch("legacy", &parameters, &patch)
        .await
        .unwrap();
}

pub(crate) async fn shows(shop: &Shop, name: &str, expected: &str) -> String {
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
async fn a_factory_that_goes_lets_go_what_it_made_ambiguous() {
    in_shop(json!({}), |shop| async move {
        let _roles = [shop.controller(), shop.receiver()];
        let factories: Api<Factory> =
            Api::namespaced(shop.place.client.clone(), &shop.place.namespace);
        let mut other = factories.get("legacy").await.unwrap();
        other.metadata = kube::api::ObjectMeta {
            name: Some("other".to_owned()),
            ..Default::default()
        };
        let how = PostParams::default();
        factories.create(&how, &other).await.unwrap();
        shop.ask("waiting", 3, "delay:300").await;
        shows(&shop, "waiting", "NoFactory").await;
        factories
            .delete("other", &DeleteParams::default())
            .await
            .unwrap();
        // Well before the next look at a held request, which comes after 30 s.
        let ordered = shop.wait_for("waiting", "the goods", |object| reason(object) == "Arrived");
        let ordered = tokio::time::timeout(Duration::from_secs(15), ordered).await;
        assert!(ordered.is_ok(), "nobody told it that the Factory is gone");
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
async fn a_closed_factory_says_itself_after_how_long_its_requests_are_late() {
    let closed = json!({ "suspend": true, "delayedAfter": "2s" });
    in_shop(closed, |shop| async move {
        let _controller = shop.controller();
        shop.ask("waiting", 3, "delay:300").await;
        let told = shop.notice("waiting").await;
        assert!(told.contains("it is suspended"), "{told}");
    })
    .await;
}

#[tokio::test]
async fn a_copy_of_a_message_s_object_ends_and_is_told() {
    in_shop(json!({}), |shop| async move {
        let source = json!({
            "kind": "Queue", "arn": "arn:aws:sqs:us-east-1:000000000000:stock",
            "eventId": "event-1", "identity": "EventId", "digest": "0".repeat(64),
            "messageId": "message-1", "sentAt": "2026-01-01T00:00:00.000000Z",
        });
        let copy = json!({
            "apiVersion": "restock.dev/v1alpha1", "kind": "RestockRequest",
            "metadata": { "name": "rr-aaaaaaaaaaaaaaaaaaaa" },
            "spec": { "productId": shop.sku, "quantity": 1, "source": source },
        });
        let copy: RestockRequest = serde_json::from_value(copy).unwrap();
        let parameters = PostParams::default();
        shop.requests().create(&parameters, &copy).await.unwrap();
        let _controller = shop.controller();
        let object = shop.wait_for_all(1, Phase::Failed).await.remove(0);
        assert_eq!(reason(&object), "Invalid");
        let told = shop.notice("rr-aaaaaaaaaaaaaaaaaaaa").await;
        assert!(told.contains("its source makes the name"), "{told}");
        assert!(shop.orders().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_product_that_cannot_be_read_fails_its_own_requests_alone() {
    let hasty = json!({ "totalTimeout": "2s", "connectTimeout": "1s", "callbackDeadline": "3s" });
    in_shop(hasty, |shop| async move {
        let other = format!("{}-broken", shop.sku);
        let declared = [declaration(&other, 0)];
        shop.ledger.store.apply_products(&declared).await.unwrap();
        let pool = shop.ledger.schema.pool().await;
        let spoil = "UPDATE product SET factory_id = '' WHERE sku = ?";
        sqlx::query(spoil)
            .bind(&other)
            .execute(&pool)
            .await
            .unwrap();
        let _roles = [shop.controller(), shop.receiver()];
        shop.ask("lost", 2, "fault:lose").await;
        let broken = json!({
            "apiVersion": "restock.dev/v1alpha1", "kind": "RestockRequest",
            "metadata": { "name": "broken" }, "spec": { "productId": other, "quantity": 1 },
        });
        let broken: RestockRequest = serde_json::from_value(broken).unwrap();
        let parameters = PostParams::default();
        shop.requests().create(&parameters, &broken).await.unwrap();
        shop.wait_for("broken", "its end", |object| reason(object) == "Invalid")
            .await;
        // The verdict on the other one waits for a ledger that answers without a break.
        shop.wait_for("lost", "its end", |object| {
            reason(object) == "CallbackOverdue"
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_factory_s_numbers_alone_are_written_rarely() {
    in_shop(json!({}), |shop| async move {
        let factories: Api<Factory> =
            Api::namespaced(shop.place.client.clone(), &shop.place.namespace);
        let _controller = shop.controller();
        let version = async || {
            let factory = factories.get("legacy").await.unwrap();
            let ready = factory
                .status
                .is_some_and(|status| !status.conditions.is_empty());
            ready.then_some(factory.metadata.resource_version)
        };
        let first = loop {
            match version().await {
                Some(version) => break version,
                None => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        };
        shop.ask("first", 3, "delay:60000").await;
        let placed = |object: &_| reason(object) == "OrderPlaced";
        shop.wait_for("first", "the order", placed).await;
        // Three looks of the loop that writes it.
        tokio::time::sleep(Duration::from_secs(6)).await;
        assert_eq!(version().await.unwrap(), first);
    })
    .await;
}
