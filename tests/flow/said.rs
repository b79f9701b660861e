//! Words said with `kubectl restock`, to live controllers: each is done or refused, and who
//! said it hears which.

use crate::support::plugin::{Said, plugin};
use crate::support::shop::{Shop, in_shop, reason};
use crate::words::goods_of;
use restock_operator::crd::request::RestockRequest;
use restock_operator::crd::words::Phase;
use serde_json::json;

/// Overdue soon, and in doubt sooner.
fn hasty() -> serde_json::Value {
    json!({ "totalTimeout": "2s", "connectTimeout": "1s", "callbackDeadline": "4s" })
}

fn say(shop: &Shop, words: &[&str]) -> Said {
    let place = ["-n", &shop.place.namespace];
    plugin(&[words, &["--reason", "called"], &place].concat(), "", &[])
}

async fn stands(shop: &Shop, name: &str, wanted: &str) {
    let there = |object: &RestockRequest| reason(object) == wanted;
    shop.wait_for(name, wanted, there).await;
}

#[tokio::test]
async fn a_failed_request_is_retried_and_lost_goods_are_booked() {
    in_shop(hasty(), |shop| async move {
        let _roles = [shop.controller(), shop.receiver()];
        let once = format!("fault:refuse:1 delay:300 {}", shop.place.namespace);
        shop.ask("refused", 2, &once).await;
        shop.ask("lost", 2, "fault:lose").await;
        shop.wait_for_all(2, Phase::Failed).await;

        // Each within the minute in which a finished request is looked at.
        let retried = say(&shop, &["retry", "refused"]);
        retried.expect(0, &["Waiting for the controller"]);
        assert!(retried.out.contains("/refused done; now "), "{retried:?}");
        let booked = say(&shop, &["resolve", "lost", "arrived", "--quantity", "2"]);
        assert_eq!(booked.code, 0, "{booked:?}");
        assert!(
            booked
                .out
                .contains("/lost done; now Succeeded, LateArrival"),
            "{booked:?}"
        );
        shop.wait_for_all(2, Phase::Succeeded).await;
        assert_eq!(shop.stock().await, 14);
        assert_eq!(shop.orders().await.len(), 3, "one was refused, one retried");
        say(&shop, &["retry", "lost"]).expect(5, &["the goods are here"]);
    })
    .await;
}

#[tokio::test]
async fn a_word_that_races_a_late_callback_is_answered_either_way() {
    let patient =
        json!({ "totalTimeout": "2s", "connectTimeout": "1s", "callbackDeadline": "60s" });
    in_shop(patient, |shop| async move {
        let _roles = [shop.controller(), shop.controller(), shop.receiver()];
        let words = [
            &["not-placed"][..],
            &["placed"],
            &["arrived", "--quantity", "2"],
            &["not-placed"],
        ];
        for (number, word) in words.iter().enumerate() {
            let name = format!("race-{number}");
            // The callback comes within the second after the doubt.
            let delay = 2_050 + number * 100;
            let wish = format!("fault:hang delay:{delay}");
            shop.ask(&name, 2, &wish).await;
            stands(&shop, &name, "OrderUnknown").await;
            let answer = say(&shop, &[&["resolve", &name], *word].concat());
            assert!([0, 5].contains(&answer.code), "{answer:?}");
        }
        shop.wait_for_all(4, Phase::Succeeded).await;
        // Goods of both attempts count, whichever came first.
        let orders = shop.orders().await.len();
        assert!((4..=6).contains(&orders), "{orders} orders");
        goods_of(&shop, orders).await;
    })
    .await;
}
