//! One message that ingest can do nothing with, for whatever reason, stops no other one.

use crate::support::api_way::{ApiWay, Rehearsals};
use crate::support::shop::{Shop, in_shop};
use kube::ResourceExt as _;
use kube::api::ListParams;
use serde_json::json;
use std::time::{Duration, Instant};

/// Longest wait for what should happen.
const PATIENCE: Duration = Duration::from_secs(90);

/// Above the time after which ingest doubts a message that cannot be created.
const DOUBTED: Duration = Duration::from_secs(25);

async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < until, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn names(shop: &Shop) -> Vec<String> {
    let all = shop.requests().list(&ListParams::default()).await.unwrap();
    all.items.iter().map(|object| object.name_any()).collect()
}

async fn waiting(shop: &Shop) -> u64 {
    let queue = shop.queue.attributes().await.unwrap();
    queue.messages_visible + queue.messages_in_flight
}

async fn dead(shop: &Shop) -> u64 {
    shop.dead.attributes().await.unwrap().messages_visible
}

/// A newer controller went on with the request, and ingest meets its message again.
#[tokio::test]
async fn a_repeat_of_a_request_that_a_later_version_went_on_with_is_done() {
    in_shop(json!({}), |shop| async move {
        let way = ApiWay::new(&shop.place.client, &shop.place.namespace).await;
        let _ingest = shop.ingest_with(&[way.setting()]);
        shop.send("first", 2, "x").await;
        eventually("the first is stored", async || {
            names(&shop).await.len() == 1
        })
        .await;
        way.make_unreadable(&names(&shop).await[0]);
        shop.send("first", 2, "x").await;
        shop.send("second", 3, "x").await;
        eventually("the second is stored", async || {
            names(&shop).await.len() == 2
        })
        .await;
        eventually("the queue is empty", async || waiting(&shop).await == 0).await;
        assert_eq!(dead(&shop).await, 0, "it was a repeat");
    })
    .await;
}

/// As a webhook that must answer, and breaks on what one requester is called.
#[tokio::test]
async fn a_message_that_the_server_fails_on_becomes_a_dead_letter_and_others_go_on() {
    in_shop(json!({}), |shop| async move {
        let way = ApiWay::new(&shop.place.client, &shop.place.namespace).await;
        way.choke_on(Some(("indigestible", Rehearsals::Fail)));
        let _ingest = shop.ingest_with(&[way.setting()]);
        shop.send("poison", 2, "indigestible").await;
        eventually("it is met", async || {
            shop.queue.attributes().await.unwrap().messages_in_flight > 0
        })
        .await;
        shop.send("good", 3, "x").await;
        eventually("the good one is stored", async || {
            names(&shop).await.len() == 1
        })
        .await;
        eventually("the other one is dead", async || dead(&shop).await == 1).await;
        eventually("the queue is empty", async || waiting(&shop).await == 0).await;
    })
    .await;
}

/// As a full disk of etcd: nothing can be stored, and every dry run passes.
#[tokio::test]
async fn while_nothing_can_be_stored_no_message_is_at_fault() {
    in_shop(json!({}), |shop| async move {
        let way = ApiWay::new(&shop.place.client, &shop.place.namespace).await;
        way.choke_on(Some(("RestockRequest", Rehearsals::Pass)));
        let _ingest = shop.ingest_with(&[way.setting()]);
        shop.send("good", 3, "x").await;
        tokio::time::sleep(DOUBTED).await;
        assert_eq!((waiting(&shop).await, dead(&shop).await), (1, 0));
        way.choke_on(None);
        eventually("it is stored", async || names(&shop).await.len() == 1).await;
        eventually("the queue is empty", async || waiting(&shop).await == 0).await;
    })
    .await;
}
