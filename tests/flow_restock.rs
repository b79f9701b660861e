//! Needs API server, database, local AWS and factory. Proves: the whole way of a request,
//! by the real binary's roles as processes of their own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod support {
    pub(crate) mod account;
    pub(crate) mod api_way;
    pub(crate) mod cluster;
    pub(crate) mod collector;
    pub(crate) mod identity;
    pub(crate) mod ledger;
    pub(crate) mod plugin;
    pub(crate) mod proxy;
    pub(crate) mod reserved;
    pub(crate) mod role;
    pub(crate) mod rules;
    pub(crate) mod shop;
}
#[path = "flow/blocked.rs"]
mod blocked;
#[path = "flow/breaker.rs"]
mod breaker;
#[path = "flow/differs.rs"]
mod differs;
#[path = "flow/faults.rs"]
mod faults;
#[path = "flow/held.rs"]
mod held;
#[path = "flow/history.rs"]
mod history;
#[path = "flow/laws.rs"]
mod laws;
#[path = "flow/leaders.rs"]
mod leaders;
#[path = "flow/order_test.rs"]
mod order_test;
#[path = "flow/outages.rs"]
mod outages;
#[path = "flow/raced.rs"]
mod raced;
#[path = "flow/said.rs"]
mod said;
#[path = "flow/traces.rs"]
mod traces;
#[path = "flow/unbooked.rs"]
mod unbooked;
#[path = "flow/words.rs"]
mod words;

use restock_operator::crd::words::Phase;
use serde_json::json;
use std::time::Duration;
use support::shop::{in_shop, reason};

/// Deadlines as short as the definition allows.
fn hasty() -> serde_json::Value {
    json!({ "totalTimeout": "2s", "connectTimeout": "1s", "callbackDeadline": "3s" })
}

#[tokio::test]
async fn messages_become_requests_orders_and_stock() {
    in_shop(json!({}), |shop| async move {
        let _roles = [shop.ingest(), shop.controller(), shop.receiver()];
        for number in 0..5 {
            shop.send(&format!("event-{number}"), 3, "delay:300").await;
        }
        // The same event again: a producer that was not sure.
        shop.send("event-0", 3, "delay:300").await;
        let all = shop.wait_for_all(5, Phase::Succeeded).await;
        assert!(all.iter().all(|object| reason(object) == "Arrived"));
        assert_eq!(shop.stock().await, 10 + 5 * 3);
        assert_eq!(shop.orders().await.len(), 5, "one order per request");
        let left = shop.queue.attributes().await.unwrap();
        assert_eq!(
            left.messages_visible + left.messages_in_flight,
            0,
            "every message was deleted"
        );
    })
    .await;
}

#[tokio::test]
async fn a_refused_order_ends_and_is_told() {
    in_shop(json!({}), |shop| async move {
        let _roles = [shop.controller(), shop.receiver()];
        shop.ask("refused", 2, "fault:refuse").await;
        let object = shop.wait_for_all(1, Phase::Failed).await.remove(0);
        assert_eq!(reason(&object), "Refused");
        let notice = object.status.unwrap().notice.expect("finished means told");
        let told = shop.notice(&notice.id).await;
        assert!(told.contains("refused"), "{told}");
        assert_eq!(shop.stock().await, 10);
    })
    .await;
}

#[tokio::test]
async fn a_lost_order_is_overdue_and_told() {
    in_shop(hasty(), |shop| async move {
        let _roles = [shop.controller(), shop.receiver()];
        shop.ask("lost", 2, "fault:lose").await;
        let object = shop.wait_for_all(1, Phase::Failed).await.remove(0);
        assert_eq!(reason(&object), "CallbackOverdue");
        let notice = object.status.unwrap().notice.expect("finished means told");
        shop.notice(&notice.id).await;
        assert_eq!(shop.orders().await.len(), 1, "never ordered again in doubt");
    })
    .await;
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_the_callback() {
    in_shop(
        json!({ "totalTimeout": "2s", "connectTimeout": "1s" }),
        |shop| async move {
            let _roles = [shop.controller(), shop.receiver()];
            shop.ask("reset", 2, "fault:reset delay:1500").await;
            shop.ask("error", 2, "fault:twice delay:300").await;
            shop.wait_for_all(2, Phase::Succeeded).await;
            assert_eq!(shop.stock().await, 14);
        },
    )
    .await;
}

#[tokio::test]
async fn goods_that_come_late_mend_a_failed_request() {
    in_shop(hasty(), |shop| async move {
        let _roles = [shop.controller(), shop.receiver()];
        shop.ask("late", 2, "delay:9000").await;
        shop.wait_for("late", "the overdue verdict", |object| {
            reason(object) == "CallbackOverdue"
        })
        .await;
        let object = shop.wait_for_all(1, Phase::Succeeded).await.remove(0);
        assert_eq!(reason(&object), "LateArrival");
        shop.notice("resolved").await;
        assert_eq!(shop.stock().await, 12);
    })
    .await;
}

#[tokio::test]
async fn a_factory_that_asks_to_wait_is_asked_again() {
    in_shop(json!({}), |shop| async move {
        let _roles = [shop.controller(), shop.receiver()];
        // The factory counts orders of the same requester for as long as it runs.
        let requester = format!("fault:unavailable:1 delay:200 {}", shop.place.namespace);
        shop.ask("unavailable", 2, &requester).await;
        let object = shop.wait_for_all(1, Phase::Succeeded).await.remove(0);
        assert_eq!(object.status.unwrap().attempt, Some(2));
        assert_eq!(shop.stock().await, 12);
    })
    .await;
}

#[tokio::test]
async fn a_controller_that_is_killed_while_awaiting_loses_nothing() {
    in_shop(json!({}), |shop| async move {
        let controller = shop.controller();
        let _receiver = shop.receiver();
        shop.ask("survivor", 2, "delay:2500").await;
        let awaiting = |object: &restock_operator::crd::request::RestockRequest| {
            object
                .status
                .as_ref()
                .is_some_and(|status| status.phase == Phase::Awaiting)
        };
        shop.wait_for("survivor", "the order", awaiting).await;
        controller.kill();
        tokio::time::sleep(std::time::Duration::from_secs(4)).await;
        let _next = shop.controller();
        shop.wait_for_all(1, Phase::Succeeded).await;
        assert_eq!(shop.orders().await.len(), 1);
        assert_eq!(shop.stock().await, 12);
    })
    .await;
}

#[tokio::test]
async fn two_controllers_order_once() {
    in_shop(
        json!({ "ordersPerSecond": 100, "burst": 100 }),
        |shop| async move {
            let _roles = [
                shop.controller(),
                shop.controller(),
                shop.receiver(),
                shop.receiver(),
            ];
            for number in 0..20 {
                shop.ask(&format!("twin-{number}"), 1, "delay:200").await;
            }
            shop.wait_for_all(20, Phase::Succeeded).await;
            assert_eq!(shop.orders().await.len(), 20, "one order per request");
            assert_eq!(shop.stock().await, 30);
        },
    )
    .await;
}

#[tokio::test]
async fn a_request_in_flight_ends_well_across_a_restart_in_order() {
    in_shop(json!({}), |shop| async move {
        let controller = shop.controller();
        let receiver = shop.receiver();
        shop.ask("drained", 2, "delay:3000").await;
        let placed = |object: &restock_operator::crd::request::RestockRequest| {
            reason(object) == "OrderPlaced"
        };
        shop.wait_for("drained", "the order", placed).await;
        assert!(controller.stop(), "the controller drains and ends with 0");
        let _controller = shop.controller();
        shop.wait_for_all(1, Phase::Succeeded).await;
        drop(receiver);
        assert_eq!(shop.stock().await, 12);
    })
    .await;
}

#[tokio::test]
async fn a_notice_that_waits_for_others_is_told_and_recorded_before_the_end() {
    in_shop(json!({}), |shop| async move {
        let controller = shop.controller_collecting(3_600);
        shop.ask("first", 2, "fault:refuse").await;
        shop.wait_for_all(1, Phase::Failed).await;
        shop.ask("second", 2, "fault:refuse").await;
        let failed =
            |object: &restock_operator::crd::request::RestockRequest| reason(object) == "Refused";
        shop.wait_for("second", "the refusal", failed).await;
        // Nothing outside shows that the next pass has asked for its notice.
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(controller.stop(), "the controller drains and ends with 0");
        let object = shop.requests().get("second").await.unwrap();
        let status = object.status.unwrap();
        assert!(status.finished, "recorded, so that nobody tells it again");
        shop.notice(&status.notice.unwrap().id).await;
    })
    .await;
}
