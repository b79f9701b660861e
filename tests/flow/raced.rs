//! Words of several people, said with `kubectl restock` at the moment when late callbacks reach
//! the receiver, while the controller works, or is killed and begins anew: the laws hold.

use crate::laws::{Laws, Witness};
use crate::support::plugin::{Said, plugin};
use crate::support::shop::{Shop, in_shop, reason};
use futures::future::join_all;
use kube::ResourceExt as _;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use restock_operator::crd::request::RestockRequest;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// A second order and its callback, or the deadline of one that a killed controller left behind.
const SETTLED_WITHIN: Duration = Duration::from_secs(45);

/// When the controller is killed, from the first word on; none: it lives.
const ROUNDS: [Option<Duration>; 3] = [
    None,
    Some(Duration::from_millis(150)),
    Some(Duration::from_millis(700)),
];

/// From one callback to the next: some are before the words, some after.
const CALLED_EVERY: Duration = Duration::from_millis(100);

/// Those in doubt, each with what two people say of it. Fewer than open the breaker.
const IN_DOUBT: [(&str, [&[&str]; 2]); 4] = [
    ("gone", [&["resolve", "not-placed"], RETRY]),
    (
        "there",
        [&["resolve", "placed"], &["resolve", "not-placed"]],
    ),
    ("here", [ARRIVED, RETRY]),
    ("again", [RETRY, ARRIVED]),
];
const AWAITED: [(&str, [&[&str]; 2]); 2] = [
    ("counted", [ARRIVED, &["cancel"]]),
    ("quiet", [&["resolve", "placed"], ARRIVED]),
];
const NOT_ORDERED: [(&str, [&[&str]; 2]); 2] = [
    ("off", [&["cancel"], &["cancel"]]),
    ("held", [&["cancel"], RETRY]),
];

const RETRY: &[&str] = &["retry", "--although-the-factory-may-have-it"];
/// Another number than was ordered, so that the books show who was first.
const ARRIVED: &[&str] = &["resolve", "arrived", "--quantity", "3"];

/// One person's word, and what they heard of it.
pub(crate) struct Voice {
    pub(crate) name: String,
    pub(crate) reason: String,
    pub(crate) said: Said,
}

fn factory() -> Value {
    json!({
        "totalTimeout": "3s", "connectTimeout": "1s", "callbackDeadline": "15s",
        "ordersPerSecond": 100, "burst": 100,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_laws_hold_while_words_race_late_callbacks_and_a_controller_that_is_killed() {
    in_shop(factory(), |shop| async move {
        let witness = Witness::watch(&shop);
        let _receiver = shop.receiver();
        let mut controller = shop.controller();
        let (mut voices, mut called_back) = (Vec::new(), BTreeSet::new());
        for (number, kill_after) in ROUNDS.iter().enumerate() {
            let names = prepare(&shop, number).await;
            let speaking = speak(&shop, number);
            let calling = call_back_all(&shop, &mut called_back);
            let dying = async {
                let Some(after) = kill_after else {
                    return controller;
                };
                tokio::time::sleep(*after).await;
                controller.kill();
                shop.controller()
            };
            ((), controller) = tokio::join!(calling, dying);
            let heard = join_all(speaking).await;
            voices.extend(heard.into_iter().map(Result::unwrap));
            // A retry may have opened again what was cancelled just before.
            resume(&shop, number).await;
            settle(&shop, &names, &mut called_back).await;
        }
        let kills = ROUNDS.iter().flatten().count();
        let laws = Laws::gather(&shop, witness, voices).await;
        laws.hold(kills).await;
    })
    .await;
}

/// Requests in doubt, awaiting and not ordered yet, each as it has to be. One kind after the
/// other: an order that is taken ends the run of failures that would open the breaker.
async fn prepare(shop: &Shop, round: usize) -> Vec<String> {
    let mut names = Vec::new();
    let lost = format!("fault:lose {}", shop.place.namespace);
    for (requests, fault, wanted) in [
        (&IN_DOUBT[..], "fault:drop:1 ", "OrderUnknown"),
        (&AWAITED, "", "OrderPlaced"),
        (&NOT_ORDERED, "", "Suspended"),
    ] {
        let these: Vec<_> = requests
            .iter()
            .map(|(name, _)| format!("{name}-{round}"))
            .collect();
        for name in &these {
            let requester = format!("{fault}{lost} {name}");
            ask(shop, name, &requester, wanted == "Suspended").await;
        }
        for name in &these {
            let is_so = |object: &RestockRequest| reason(object) == wanted;
            shop.wait_for(name, wanted, is_so).await;
        }
        names.extend(these);
    }
    names
}

async fn ask(shop: &Shop, name: &str, requester: &str, suspended: bool) {
    let object = json!({
        "apiVersion": "restock.dev/v1alpha1", "kind": "RestockRequest",
        "metadata": { "name": name },
        "spec": {
            "productId": shop.sku, "quantity": 2, "requester": requester, "suspend": suspended,
        },
    });
    let object = serde_json::from_value(object).unwrap();
    let created = shop
        .requests()
        .create(&PostParams::default(), &object)
        .await;
    created.unwrap();
}

/// Everybody at once, each in a process of their own.
fn speak(shop: &Arc<Shop>, round: usize) -> Vec<JoinHandle<Voice>> {
    let all = IN_DOUBT.iter().chain(&AWAITED).chain(&NOT_ORDERED);
    let voices =
        all.flat_map(|(name, words)| words.iter().zip(["kim", "lee"]).map(move |one| (name, one)));
    let voices = voices.map(|(name, (words, who))| {
        let (shop, name) = (Arc::clone(shop), format!("{name}-{round}"));
        tokio::task::spawn_blocking(move || say(&shop, name, words, who))
    });
    voices.collect()
}

fn say(shop: &Shop, name: String, words: &[&str], who: &str) -> Voice {
    let reason = format!("{who} of {name}");
    let (verb, rest) = words.split_first().unwrap();
    // A word on what has just finished waits for up to a minute; this does not.
    let manner = [
        "--reason",
        &reason,
        "--wait",
        "8",
        "-n",
        &shop.place.namespace,
    ];
    let said = plugin(&[&[*verb, &name], rest, &manner].concat(), "", &[]);
    Voice { name, reason, said }
}

/// Calls back for every order that has no callback yet, each twice at once, as a factory does
/// that is late and not sure.
async fn call_back_all(shop: &Shop, called_back: &mut BTreeSet<String>) {
    let client = reqwest::Client::new();
    let mut calls = Vec::new();
    for order in shop.orders().await {
        let url = order["body"]["CallbackUrl"].as_str().unwrap().to_owned();
        if called_back.insert(url.clone()) {
            let client = &client;
            let calling = move || client.post(&url).json(&order["body"]).send();
            let pause = CALLED_EVERY * u32::try_from(calls.len()).unwrap();
            let twice = async move {
                tokio::time::sleep(pause).await;
                <[_; 2]>::from(tokio::join!(calling(), calling()))
            };
            calls.push(twice);
        }
    }
    for answer in join_all(calls).await.into_iter().flatten() {
        let status = answer.unwrap().status().as_u16();
        assert!([200, 202].contains(&status), "{status}");
    }
}

async fn resume(shop: &Shop, round: usize) {
    let patch = Patch::Merge(json!({ "spec": { "suspend": false } }));
    for (name, _) in &NOT_ORDERED {
        let (name, parameters) = (format!("{name}-{round}"), PatchParams::default());
        let resuming = shop.requests();
        resuming.patch(&name, &parameters, &patch).await.unwrap();
    }
}

/// Calls back for further orders until all is over.
async fn settle(shop: &Shop, names: &[String], called_back: &mut BTreeSet<String>) {
    let until = Instant::now() + SETTLED_WITHIN;
    loop {
        call_back_all(shop, called_back).await;
        let all = shop
            .requests()
            .list(&ListParams::default())
            .await
            .unwrap()
            .items;
        let is_open = |object: &&RestockRequest| {
            names.contains(&object.name_any())
                && object
                    .status
                    .as_ref()
                    .is_some_and(|status| !status.finished)
        };
        let open: Vec<_> = all.iter().filter(is_open).map(|one| &one.status).collect();
        if open.is_empty() {
            return;
        }
        assert!(Instant::now() < until, "still open: {open:#?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
