//! Whatever becomes of the API server's answers, and wherever the controller dies, a
//! request is ordered once, its goods are counted once, and its end is that of a run
//! without the fault.

use crate::support::api_way::{ApiWay, Side};
use crate::support::shop::{in_shop, reason};
use restock_operator::crd::words::Phase;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// Requests of the counted run.
const COUNTED: usize = 10;

/// Writes to the API server that a good request may cost until its end: create, Placing,
/// Awaiting, Succeeded. Its deletion is the fifth, and the last.
const WRITES_MAX: usize = 4;

#[tokio::test]
async fn every_write_is_applied_and_its_answer_lost() {
    in_shop(json!({}), |shop| async move {
        let way = ApiWay::new(&shop.place.client, &shop.place.namespace).await;
        way.lose_first_answers();
        let _roles = [
            shop.ingest_with(&[way.setting()]),
            shop.controller_with(&[way.setting()]),
            shop.receiver(),
        ];
        for number in 0..3 {
            shop.send(&format!("event-{number}"), 3, "delay:300").await;
        }
        shop.wait_for_all(3, Phase::Succeeded).await;
        assert_eq!(shop.stock().await, 10 + 3 * 3);
        assert_eq!(shop.orders().await.len(), 3, "one order per request");
    })
    .await;
}

#[tokio::test]
async fn a_failure_whose_answers_are_lost_is_told() {
    in_shop(json!({}), |shop| async move {
        let way = ApiWay::new(&shop.place.client, &shop.place.namespace).await;
        way.lose_first_answers();
        let _roles = [shop.controller_with(&[way.setting()]), shop.receiver()];
        shop.ask("refused", 2, "fault:refuse").await;
        let object = shop.wait_for_all(1, Phase::Failed).await.remove(0);
        assert_eq!(reason(&object), "Refused");
        let notice = object.status.unwrap().notice.expect("finished means told");
        shop.notice(&notice.id).await;
        assert_eq!(shop.orders().await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_order_in_doubt_ends_though_the_answer_that_recorded_it_was_lost() {
    let hasty = json!({ "totalTimeout": "2s", "connectTimeout": "1s", "callbackDeadline": "3s" });
    in_shop(hasty, |shop| async move {
        let way = ApiWay::new(&shop.place.client, &shop.place.namespace).await;
        way.lose_first_answers();
        let _roles = [shop.controller_with(&[way.setting()]), shop.receiver()];
        shop.ask("doubtful", 2, "fault:error fault:lose").await;
        let object = shop.wait_for_all(1, Phase::Failed).await.remove(0);
        assert_eq!(reason(&object), "OrderOutcomeUnknown");
    })
    .await;
}

#[tokio::test]
async fn an_object_of_a_later_version_stops_no_other() {
    in_shop(json!({}), |shop| async move {
        let way = ApiWay::new(&shop.place.client, &shop.place.namespace).await;
        way.make_unreadable("tomorrow");
        shop.ask("tomorrow", 2, "delay:300").await;
        let _roles = [shop.controller_with(&[way.setting()]), shop.receiver()];
        for name in ["first", "second"] {
            shop.ask(name, 3, "delay:300").await;
            shop.wait_for(name, "its goods", |object| reason(object) == "Arrived")
                .await;
        }
        let left = shop.requests().get("tomorrow").await.unwrap();
        assert_eq!(left.status.unwrap().phase, Phase::Pending, "left alone");
        assert_eq!(shop.orders().await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_good_request_costs_four_writes_until_its_end() {
    in_shop(json!({}), |shop| async move {
        let way = ApiWay::new(&shop.place.client, &shop.place.namespace).await;
        let _roles = [
            shop.ingest_with(&[way.setting()]),
            shop.controller_with(&[way.setting()]),
            shop.receiver(),
        ];
        for number in 0..COUNTED {
            shop.send(&format!("event-{number}"), 1, "delay:300").await;
        }
        shop.wait_for_all(COUNTED, Phase::Succeeded).await;
        assert_eq!(shop.stock().await, 10 + i64::try_from(COUNTED).unwrap());
        let writes = way.writes();
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for write in &writes {
            let kind = format!("{} {}", write.method, write.phase);
            *kinds.entry(kind).or_default() += 1;
        }
        assert!(writes.len() <= COUNTED * WRITES_MAX, "{kinds:?}");
    })
    .await;
}

#[tokio::test]
async fn an_api_server_that_goes_away_and_comes_back_loses_nothing() {
    in_shop(json!({}), |shop| async move {
        let way = ApiWay::new(&shop.place.client, &shop.place.namespace).await;
        let _roles = [
            shop.ingest_with(&[way.setting()]),
            shop.controller_with(&[way.setting()]),
            shop.receiver(),
        ];
        for number in 0..12 {
            // Away with orders on their way, and with messages unread.
            way.close(number % 4 >= 2);
            shop.send(&format!("event-{number}"), 1, "delay:700").await;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        way.close(false);
        shop.wait_for_all(12, Phase::Succeeded).await;
        assert_eq!(shop.stock().await, 10 + 12);
        assert_eq!(shop.orders().await.len(), 12, "one order per request");
        let dead = shop.dead.attributes().await.unwrap();
        assert_eq!(dead.messages_visible, 0, "no good message is a dead letter");
    })
    .await;
}

/// Kills the controller at the status write of this phase, before or after its effect, and
/// lets another one go on.
async fn survives(phase: &'static str, side: Side, requester: &'static str, end: Phase) {
    in_shop(
        json!({ "totalTimeout": "2s", "connectTimeout": "1s", "callbackDeadline": "4s" }),
        |shop| async move {
            let way = ApiWay::new(&shop.place.client, &shop.place.namespace).await;
            way.hold(phase, side);
            let _receiver = shop.receiver();
            let controller = shop.controller_with(&[way.setting()]);
            shop.ask("request", 3, requester).await;
            way.is_held().await;
            controller.kill();
            let _other = shop.controller();
            let object = shop.wait_for_all(1, end).await.remove(0);
            assert_eq!(shop.orders().await.len(), 1, "ordered once");
            let arrived = if end == Phase::Succeeded { 3 } else { 0 };
            assert_eq!(shop.stock().await, 10 + arrived);
            if end == Phase::Failed {
                let notice = object.status.unwrap().notice.expect("finished means told");
                shop.notice(&notice.id).await;
            }
        },
    )
    .await;
}

macro_rules! deaths {
    ($($name:ident: $phase:literal $side:ident $requester:literal => $end:ident,)+) => {
        $(#[tokio::test]
        async fn $name() {
            survives($phase, Side::$side, $requester, Phase::$end).await;
        })+
    };
}

deaths! {
    a_death_before_placing_is_written: "Placing" Before "delay:300" => Succeeded,
    a_death_after_placing_is_written: "Placing" After "delay:300" => Succeeded,
    a_death_before_awaiting_is_written: "Awaiting" Before "delay:2000" => Succeeded,
    a_death_after_awaiting_is_written: "Awaiting" After "delay:2000" => Succeeded,
    a_death_before_the_end_is_written: "Succeeded" Before "delay:300" => Succeeded,
    a_death_after_the_end_is_written: "Succeeded" After "delay:300" => Succeeded,
    a_death_before_a_failure_is_written: "Failed" Before "fault:refuse" => Failed,
    a_death_after_a_failure_is_written: "Failed" After "fault:refuse" => Failed,
}
