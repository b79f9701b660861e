//! A factory that does not answer: its breaker spares it, and holds up nobody for ever.

use crate::held::{edit_factory, shows};
use crate::support::api_way::{ApiWay, Side};
use crate::support::shop::{in_shop, reason};
use restock_operator::crd::words::Phase;
use serde_json::{Value, json};

/// A Factory at whose address nothing listens: five failures open its breaker.
fn dead(more: Value) -> Value {
    let mut spec = json!({
        "url": "http://127.0.0.1:1/", "ordersPerSecond": 50, "burst": 5, "maxInFlight": 5,
    });
    let more = more.as_object().unwrap().clone();
    spec.as_object_mut().unwrap().extend(more);
    spec
}

#[tokio::test]
async fn a_request_behind_an_open_breaker_ends_though_it_was_never_tried() {
    in_shop(dead(json!({ "retryFor": "5s" })), |shop| async move {
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

#[tokio::test]
async fn a_trial_order_that_is_not_sent_gives_its_turn_to_the_next() {
    in_shop(dead(json!({})), |shop| async move {
        let way = ApiWay::new(&shop.place.client, &shop.place.namespace).await;
        let _roles = [shop.controller_with(&[way.setting()]), shop.receiver()];
        for number in 0..6 {
            shop.ask(&format!("first-{number}"), 1, "delay:300").await;
        }
        // Never tried yet, so that it waits for nothing but the breaker.
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        shop.ask("later", 1, "delay:300").await;
        shows(&shop, "later", "BreakerOpen").await;
        // It is up again, but the order that is to try never gets as far as that.
        let url = std::env::var("FACTORY_URL").unwrap();
        edit_factory(&shop, json!({ "url": url })).await;
        way.hold("Placing", Side::Before);
        way.is_held().await;
        assert_eq!(shop.orders().await.len(), 0, "nothing was sent");
        shop.wait_for_all(7, Phase::Succeeded).await;
        assert_eq!(shop.orders().await.len(), 7);
    })
    .await;
}
