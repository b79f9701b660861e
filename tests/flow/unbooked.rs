//! Goods that a person says have come, where the receiver has other keys than the controller and
//! so books nothing: the failure is told all the same, an Event says what is wrong, and the word
//! is done once that is mended.

use crate::support::shop::{Shop, in_shop, reason};
use crate::words::{handled, is_done, patch, placed, say, stranger};
use k8s_openapi::api::core::v1::Event;
use kube::Api;
use kube::api::ListParams;
use restock_operator::crd::words::Phase;
use serde_json::json;
use std::time::Duration;

/// Other keys than those of the shop.
const OTHER_KEYS: &str = "k1 //////////////////////////////////////////8=\n";

async fn not_booked(shop: &Shop) -> Vec<String> {
    let events: Api<Event> = Api::namespaced(shop.place.client.clone(), &shop.place.namespace);
    let events = events.list(&ListParams::default()).await.unwrap().items;
    let events = events
        .into_iter()
        .filter(|event| event.reason.as_deref() == Some("NotBooked"));
    events.filter_map(|event| event.message).collect()
}

#[tokio::test]
async fn goods_that_the_receiver_does_not_book_keep_no_failure_from_being_told() {
    let overdue_soon = json!({ "callbackDeadline": "15s" });
    in_shop(overdue_soon, |shop| async move {
        let receiver = shop.receiver();
        let controller = shop.controller();
        shop.ask("lost", 2, "fault:lose").await;
        placed(&shop, "lost").await;
        controller.kill();
        let keys = std::env::temp_dir().join(format!("{}-others", shop.place.namespace));
        std::fs::write(&keys, OTHER_KEYS).unwrap();
        let path = keys.display().to_string();
        let controller = shop.controller_with(&[("RESTOCK_CALLBACK_KEYS_FILE", path)]);
        say(&shop, "lost", "Arrived", 1, json!({ "quantity": 2 })).await;

        shop.notice("CallbackOverdue").await;
        let told = |object: &_| reason(object) == "CallbackOverdue";
        let object = shop.wait_for("lost", "the verdict", told).await;
        assert!(handled(&object).is_none(), "the word is still there");
        let notes = not_booked(&shop).await;
        assert!(
            notes.iter().all(|note| note.contains("same callback keys")) && !notes.is_empty(),
            "{notes:?}"
        );
        assert_eq!(shop.stock().await, 10);

        controller.kill();
        std::fs::remove_file(&keys).unwrap();
        let _roles = [shop.controller(), receiver];
        let object = shop.wait_for_all(1, Phase::Succeeded).await.remove(0);
        assert!(is_done(&object));
        assert_eq!(reason(&object), "LateArrival");
        assert_eq!(shop.stock().await, 12);
        shop.notice("resolved").await;
    })
    .await;
}

#[tokio::test]
async fn goods_that_another_installation_books_keep_no_failure_from_being_told() {
    let overdue_soon = json!({ "callbackDeadline": "15s" });
    in_shop(overdue_soon, |shop| async move {
        let controller = shop.controller();
        shop.ask("lost", 2, "fault:lose").await;
        placed(&shop, "lost").await;
        controller.kill();
        let (elsewhere, _) = stranger("200 OK\r\nrestock-role: receiver").await;
        let _controller = shop.controller_with(&[("RESTOCK_RECEIVER_URL", elsewhere)]);
        say(&shop, "lost", "Arrived", 1, json!({ "quantity": 2 })).await;
        let notice = shop.notice("CallbackOverdue").await;
        assert!(notice.contains("same installation"), "{notice}");
    })
    .await;
}

#[tokio::test]
async fn goods_whose_callback_is_parked_are_not_ordered_a_second_time() {
    let overdue_soon =
        json!({ "totalTimeout": "2s", "connectTimeout": "1s", "callbackDeadline": "3s" });
    in_shop(overdue_soon, |shop| async move {
        let controller = shop.controller();
        shop.ask("lost", 2, "fault:lose").await;
        shop.wait_for_all(1, Phase::Failed).await;
        patch(&shop, "lost", &json!({ "suspend": true })).await;
        say(&shop, "lost", "Retry", 1, json!({})).await;
        let waits = |object: &_| reason(object) == "Suspended" || reason(object) == "Retrying";
        shop.wait_for("lost", "the retry", waits).await;
        controller.kill();
        let (parks, _) = stranger("202 Accepted\r\nrestock-role: receiver").await;
        let controller = shop.controller_with(&[("RESTOCK_RECEIVER_URL", parks)]);
        say(&shop, "lost", "Arrived", 1, json!({ "quantity": 2 })).await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        patch(&shop, "lost", &json!({ "suspend": false })).await;
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(shop.orders().await.len(), 1);
        controller.kill();
        let _roles = [shop.controller(), shop.receiver()];
        shop.wait_for_all(1, Phase::Succeeded).await;
        assert_eq!(shop.stock().await, 12);
        assert_eq!(shop.orders().await.len(), 1);
    })
    .await;
}
