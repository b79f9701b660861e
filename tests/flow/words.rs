//! A person's word, said to live controllers: done once, whatever else happens just then, and
//! visible on the object.

use crate::support::api_way::{ApiWay, Side};
use crate::support::shop::{Shop, in_shop, reason};
use k8s_openapi::api::core::v1::Event;
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams};
use restock_operator::crd::request::RestockRequest;
use restock_operator::crd::resolution::HandledResolution;
use restock_operator::crd::words::{Phase, WordOutcome};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A finished request is looked at once a minute.
const TAKEN_UP_WITHIN: Duration = Duration::from_secs(120);

/// An order whose answer does not come is in doubt soon, and its callback is not overdue yet.
fn quick() -> Value {
    json!({ "totalTimeout": "2s", "connectTimeout": "1s", "callbackDeadline": "60s" })
}

pub(crate) async fn patch(shop: &Shop, name: &str, spec: &Value) {
    let patch = Patch::Merge(json!({ "spec": spec }));
    let requests = shop.requests();
    let params = PatchParams::default();
    requests.patch(name, &params, &patch).await.unwrap();
}

/// Says it, with these further fields.
pub(crate) async fn say(shop: &Shop, name: &str, verb: &str, attempt: u32, more: Value) {
    let mut word = json!({ "verb": verb, "attempt": attempt, "reason": "called", "by": "kim" });
    word.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    patch(shop, name, &json!({ "resolution": word })).await;
}

pub(crate) fn handled(object: &RestockRequest) -> Option<HandledResolution> {
    object.status.clone()?.handled_resolution
}

pub(crate) fn is_done(object: &RestockRequest) -> bool {
    handled(object).is_some_and(|word| word.outcome == WordOutcome::Done)
}

/// The refusal, in words.
async fn refusal(shop: &Shop, name: &str) -> String {
    let refused = |object: &RestockRequest| {
        handled(object).is_some_and(|word| word.outcome == WordOutcome::Refused)
    };
    let object = shop.wait_for(name, "the refusal", refused).await;
    handled(&object).unwrap().message.unwrap()
}

async fn in_doubt(shop: &Shop, name: &str) {
    let unknown = |object: &RestockRequest| reason(object) == "OrderUnknown";
    shop.wait_for(name, "the doubt", unknown).await;
}

pub(crate) async fn placed(shop: &Shop, name: &str) {
    let placed = |object: &RestockRequest| reason(object) == "OrderPlaced";
    shop.wait_for(name, "the order", placed).await;
}

/// Waits until the stock has risen by two pieces for each order.
pub(crate) async fn goods_of(shop: &Shop, orders: usize) {
    let expected = 10 + 2 * i64::try_from(orders).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while shop.stock().await != expected {
        assert!(Instant::now() < until, "stock {}", shop.stock().await);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The factory counts orders of the same requester for as long as it runs.
fn once(shop: &Shop, fault: &str) -> String {
    format!("fault:{fault}:1 delay:300 {}", shop.place.namespace)
}

#[tokio::test]
async fn a_word_that_races_a_late_callback_ends_well_either_way() {
    in_shop(quick(), |shop| async move {
        let _roles = [shop.controller(), shop.controller(), shop.receiver()];
        for (number, verb) in ["NotPlaced", "Placed", "Retry", "NotPlaced"]
            .iter()
            .enumerate()
        {
            let name = format!("race-{number}");
            // The callback comes some tenths of a second after the doubt, which comes after two:
            // time enough to see it on a busy machine.
            let delay = 2_600 + number * 200;
            shop.ask(&name, 2, &format!("fault:hang delay:{delay}"))
                .await;
            in_doubt(&shop, &name).await;
            say(&shop, &name, verb, 1, json!({})).await;
        }
        let all = shop.wait_for_all(4, Phase::Succeeded).await;
        for object in &all {
            let word = handled(object).expect("no word stays without an answer");
            assert_eq!((word.attempt, word.by.as_str()), (1, "kim"));
        }
        // Goods of both attempts count, whichever came first.
        let orders = shop.orders().await.len();
        assert!((4..=7).contains(&orders), "{orders} orders");
        goods_of(&shop, orders).await;
    })
    .await;
}

#[tokio::test]
async fn a_controller_that_dies_between_row_and_status_leaves_the_word_half_done_for_the_next() {
    in_shop(quick(), |shop| async move {
        let way = ApiWay::new(&shop.place.client, &shop.place.namespace).await;
        let controller = shop.controller_with(&[way.setting()]);
        let _receiver = shop.receiver();
        shop.ask("half", 2, &once(&shop, "error")).await;
        in_doubt(&shop, "half").await;
        way.hold("Pending", Side::Before);
        say(&shop, "half", "NotPlaced", 1, json!({})).await;
        way.is_held().await;
        controller.kill();
        let object = shop.requests().get("half").await.unwrap();
        assert!(handled(&object).is_none() && reason(&object) == "OrderUnknown");
        let _other = shop.controller();
        let object = shop.wait_for_all(1, Phase::Succeeded).await.remove(0);
        assert!(is_done(&object));
        assert_eq!(object.status.unwrap().attempt, Some(2));
        assert_eq!(shop.orders().await.len(), 2, "the first was answered 500");
        assert_eq!(shop.stock().await, 12);
    })
    .await;
}

#[tokio::test]
async fn a_failed_request_that_is_retried_is_ordered_once_more_and_told_as_resolved() {
    in_shop(json!({}), |shop| async move {
        let _roles = [shop.controller(), shop.receiver()];
        shop.ask("again", 2, &once(&shop, "refuse")).await;
        let failed = shop.wait_for_all(1, Phase::Failed).await.remove(0);
        assert_eq!(reason(&failed), "Refused");
        say(&shop, "again", "Retry", 1, json!({})).await;
        taken_up(&shop, "again").await;
        let object = shop.wait_for_all(1, Phase::Succeeded).await.remove(0);
        let status = object.status.unwrap();
        assert_eq!((status.attempt, status.retries), (Some(2), Some(1)));
        assert_eq!(shop.stock().await, 12);
        shop.notice("resolved").await;
        assert_is_audited(&shop, "again", &["kim said Retry of attempt 1: called."]).await;
    })
    .await;
}

async fn taken_up(shop: &Shop, name: &str) {
    waits_for(shop, name, is_done).await;
}

/// Waits as long as a word on a finished request may wait.
async fn waits_for(shop: &Shop, name: &str, is: impl Fn(&RestockRequest) -> bool) {
    let until = Instant::now() + TAKEN_UP_WITHIN;
    while !is(&shop.requests().get(name).await.unwrap()) {
        assert!(Instant::now() < until, "the word was not taken up");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test]
async fn goods_that_a_person_says_have_come_mend_a_finished_failure() {
    let overdue_soon =
        json!({ "totalTimeout": "2s", "connectTimeout": "1s", "callbackDeadline": "3s" });
    in_shop(overdue_soon, |shop| async move {
        let _roles = [shop.controller(), shop.receiver()];
        shop.ask("overdue", 2, "fault:lose").await;
        let failed = shop.wait_for_all(1, Phase::Failed).await.remove(0);
        assert_eq!(reason(&failed), "CallbackOverdue");
        say(&shop, "overdue", "Arrived", 1, json!({ "quantity": 2 })).await;
        taken_up(&shop, "overdue").await;
        let object = shop.wait_for_all(1, Phase::Succeeded).await.remove(0);
        assert_eq!(reason(&object), "LateArrival");
        assert_eq!(shop.stock().await, 12);
        shop.notice("resolved").await;
    })
    .await;
}

/// Who said what of the attempts of this request, and why.
async fn assert_is_audited(shop: &Shop, name: &str, said: &[&str]) {
    let events: Api<Event> = Api::namespaced(shop.place.client.clone(), &shop.place.namespace);
    let events = events.list(&ListParams::default()).await.unwrap().items;
    let mut notes: Vec<_> = events
        .into_iter()
        .filter(|event| event.involved_object.name.as_deref() == Some(name))
        .filter(|event| event.reason.as_deref() == Some("WordDone"))
        .filter_map(|event| event.message)
        .collect();
    notes.sort_unstable();
    assert_eq!(notes, said);
}

#[tokio::test]
async fn what_is_cancelled_before_its_order_is_never_ordered_suspended_or_not() {
    in_shop(json!({ "suspend": true }), |shop| async move {
        shop.ask("stopped", 2, "x").await;
        patch(&shop, "stopped", &json!({ "suspend": true })).await;
        let _controller = shop.controller();
        shop.ask("closed", 2, "x").await;
        let held = |object: &RestockRequest| reason(object) == "FactoryClosed";
        shop.wait_for("closed", "the hold", held).await;
        for name in ["stopped", "closed"] {
            say(&shop, name, "Cancel", 0, json!({})).await;
        }
        for object in shop.wait_for_all(2, Phase::Failed).await {
            assert!(is_done(&object) && reason(&object) == "Cancelled");
            assert!(
                object.status.unwrap().notice.is_some(),
                "finished means told"
            );
        }
        shop.notice("Cancelled by kim").await;
        // And open again: each word is on record.
        say(&shop, "stopped", "Retry", 0, json!({})).await;
        let is_open = |object: &RestockRequest| reason(object) != "Cancelled";
        waits_for(&shop, "stopped", is_open).await;
        let said = ["Cancel", "Retry"].map(|verb| format!("kim said {verb} of attempt 0: called."));
        assert_is_audited(&shop, "stopped", &said.each_ref().map(String::as_str)).await;
        assert_eq!(shop.orders().await.len(), 0);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_on_the_object_and_changes_nothing() {
    in_shop(json!({}), |shop| async move {
        let _roles = [shop.controller(), shop.receiver()];
        shop.ask("placed", 2, "delay:4000").await;
        placed(&shop, "placed").await;
        say(&shop, "placed", "Cancel", 1, json!({})).await;
        let why = refusal(&shop, "placed").await;
        assert!(why.contains("takes none back"), "{why}");
        shop.ask("stale", 2, "delay:4000").await;
        placed(&shop, "stale").await;
        say(&shop, "stale", "Retry", 7, json!({})).await;
        let why = refusal(&shop, "stale").await;
        assert!(why.contains("about attempt 7"), "{why}");
        shop.wait_for_all(2, Phase::Succeeded).await;
        assert_eq!(shop.orders().await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn goods_that_a_person_says_have_come_count_once_by_however_many_controllers() {
    in_shop(quick(), |shop| async move {
        let _controllers = [shop.controller(), shop.controller()];
        shop.ask("lost", 2, "fault:lose").await;
        placed(&shop, "lost").await;
        // Nobody books them yet.
        say(&shop, "lost", "Arrived", 1, json!({ "quantity": 3 })).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let waiting = shop.requests().get("lost").await.unwrap();
        assert!(handled(&waiting).is_none() && reason(&waiting) == "OrderPlaced");
        let _receiver = shop.receiver();
        let object = shop.wait_for_all(1, Phase::Succeeded).await.remove(0);
        assert!(is_done(&object));
        assert_eq!(object.status.unwrap().arrival.unwrap().quantity, 3);
        assert_eq!(shop.stock().await, 13);
    })
    .await;
}

/// Some web server, at the URL that should be the receiver's: it answers so to everybody. Counts
/// how often it did.
pub(crate) async fn stranger(status: &'static str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answered = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&answered);
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            // An order is small: it comes in one piece.
            let _ = caller.read(&mut [0; 8_192]).await;
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
            let _ = caller.write_all(answer.as_bytes()).await;
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    (url, answered)
}

#[tokio::test]
async fn goods_that_somebody_else_than_the_receiver_takes_are_not_booked_and_not_lost() {
    in_shop(json!({}), |shop| async move {
        let mut controller = shop.controller();
        shop.ask("lost", 2, "fault:lose").await;
        placed(&shop, "lost").await;
        for status in ["200 OK", "202 Accepted"] {
            controller.kill();
            let (url, answered) = stranger(status).await;
            controller = shop.controller_with(&[("RESTOCK_RECEIVER_URL", url)]);
            say(&shop, "lost", "Arrived", 1, json!({ "quantity": 2 })).await;
            let until = Instant::now() + Duration::from_secs(40);
            while answered.load(Ordering::Relaxed) == 0 {
                assert!(Instant::now() < until, "nobody was asked");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
            let waiting = shop.requests().get("lost").await.unwrap();
            assert!(handled(&waiting).is_none(), "{status}: {waiting:?}");
            let answers = answered.load(Ordering::Relaxed);
            assert!(answers < 3, "{status}: {answers} times in two seconds");
        }
        controller.kill();
        let _roles = [shop.controller(), shop.receiver()];
        let object = shop.wait_for_all(1, Phase::Succeeded).await.remove(0);
        assert!(is_done(&object));
        assert_eq!(shop.stock().await, 12);
    })
    .await;
}

#[tokio::test]
async fn goods_that_a_person_says_have_come_just_as_their_callback_does_count_once() {
    in_shop(quick(), |shop| async move {
        let _roles = [shop.controller(), shop.controller(), shop.receiver()];
        for number in 0..4 {
            let name = format!("both-{number}");
            let delay = 600 + number * 150;
            shop.ask(&name, 2, &format!("delay:{delay}")).await;
            placed(&shop, &name).await;
            say(&shop, &name, "Arrived", 1, json!({ "quantity": 5 })).await;
        }
        let mut arrived = 0;
        for object in shop.wait_for_all(4, Phase::Succeeded).await {
            let word = handled(&object).expect("no word stays without an answer");
            let quantity = object.status.unwrap().arrival.unwrap().quantity;
            let by_word = word.outcome == WordOutcome::Done;
            assert_eq!(quantity, if by_word { 5 } else { 2 }, "{word:?}");
            arrived += i64::from(quantity);
        }
        // Time for the callbacks that were second.
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(shop.stock().await, 10 + arrived);
    })
    .await;
}

#[tokio::test]
async fn goods_whose_controller_dies_after_it_had_them_booked_count_once() {
    in_shop(quick(), |shop| async move {
        let way = ApiWay::new(&shop.place.client, &shop.place.namespace).await;
        let controller = shop.controller_with(&[way.setting()]);
        let _receiver = shop.receiver();
        shop.ask("lost", 2, "fault:lose").await;
        placed(&shop, "lost").await;
        way.hold("Succeeded", Side::Before);
        say(&shop, "lost", "Arrived", 1, json!({ "quantity": 2 })).await;
        way.is_held().await;
        controller.kill();
        assert_eq!(shop.stock().await, 12, "booked, and not shown yet");
        let _other = shop.controller();
        let object = shop.wait_for_all(1, Phase::Succeeded).await.remove(0);
        assert!(is_done(&object));
        assert_eq!(shop.stock().await, 12);
    })
    .await;
}
