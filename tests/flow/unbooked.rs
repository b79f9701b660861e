//! Goods that a person says have come, where the receiver has other keys than the controller and
//! so books nothing: the failure is told all the same, an Event says what is wrong, and the word
//! is done once that is mended.

use crate::support::shop::{Shop, in_shop, reason};
use crate::words::{handled, is_done, placed, say};
use k8s_openapi::api::core::v1::Event;
use kube::Api;
use kube::api::ListParams;
use restock_operator::crd::words::Phase;
use serde_json::json;

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
