//! Needs the cluster of `cargo xtask e2e`. Proves: while requests are under way, the operator
//! is upgraded, its schema changed, its callback keys rotated, its leader deleted and at last
//! every process of it killed at once, and no request is lost and nothing is doubled.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod cluster {
    pub(crate) mod accounts;
    pub(crate) mod factory;
    pub(crate) mod installation;
    pub(crate) mod load;
    pub(crate) mod place;
}
mod support {
    pub(crate) mod account;
    pub(crate) mod grants;
    pub(crate) mod inbox;
    pub(crate) mod ledger;
    pub(crate) mod proxy;
    pub(crate) mod stock_queue;
}

use cluster::installation::{Installation, PATIENCE, RELEASE, WAIT, phase_of, with_shop};
use cluster::load::{Load, Sent};
use cluster::place::eventually;
use data_encoding::BASE64;
use restock_operator::crd::words::{Phase, Reason};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Pods of values-ha.yaml.
const PODS: usize = 9;

/// Those of them that read the callback keys: two controllers and three receivers.
const KEY_READERS: usize = 5;

/// After a kill: a message that was received and not deleted is hidden for two minutes, an
/// order that may have been sent has a deadline of one, and pods wait before they start again.
const RECOVERY: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs the cluster of `cargo xtask e2e`"]
async fn nothing_is_lost_or_doubled_by_changes_and_kills() {
    with_shop(|shop| async move {
        let mut values = shop.values();
        values["factories"]["legacy"]["callbackDeadline"] = "60s".into();
        let settings = &mut values["controller"]["settings"];
        settings["RESTOCK_LEDGER_SETTLE_SECONDS"] = 5.into();
        settings["RESTOCK_INBOX_GRACE_SECONDS"] = 10.into();
        helm(&shop, "install", &values).await;
        shop.sell_out().await;
        let load = Load::begin(&shop, "calm", "");
        a_value_is_changed(&shop, &mut values).await;
        the_next_version_comes(&shop, &mut values).await;
        the_keys_are_rotated(&shop).await;
        the_version_before_comes_back(&shop).await;
        the_leader_goes(&shop).await;
        let calm = load.end().await;
        each_was_ordered_once_and_came(&shop, &calm).await;
        everything_is_killed(&shop, &calm).await;
    })
    .await;
}

/// Two or three replicas of each role.
async fn helm(shop: &Installation, verb: &str, values: &Value) {
    let available = ["--values", "charts/restock-operator/values-ha.yaml"];
    let arguments = [&WAIT[..], &available[..]].concat();
    shop.run_helm(verb, values, &arguments).await;
}

async fn a_value_is_changed(shop: &Installation, values: &mut Value) {
    values["logFilter"] = "info,restock_operator=debug".into();
    helm(shop, "upgrade", values).await;
    let command = "jsonpath={.spec.template.spec.containers[0].env[?(@.name==\"RUST_LOG\")].value}";
    let deployment = format!("deployment/{RELEASE}-restock-operator-receiver");
    let set = ["get", &deployment, "--output", command];
    assert_eq!(
        shop.place.kubectl(&set).await,
        "info,restock_operator=debug"
    );
}

/// Another image, which asks for a schema that the installed one does not know.
async fn the_next_version_comes(shop: &Installation, values: &mut Value) {
    let before = shop.ledger.store.schema_version().await.unwrap();
    values["image"]["tag"] = "next".into();
    helm(shop, "upgrade", values).await;
    let after = shop.ledger.store.schema_version().await.unwrap();
    assert!(after > before, "{before:?} {after:?}");
    only_the_image(shop, ":next").await;
}

async fn only_the_image(shop: &Installation, tag: &str) {
    let images = "jsonpath={.items[*].spec.containers[*].image}";
    let selector = "--selector=app.kubernetes.io/name=restock-operator";
    let images = ["get", "pods", selector, "--output", images];
    eventually(
        "the last pod of the other version to go",
        PATIENCE,
        || async {
            let images = shop.place.kubectl(&images).await;
            let other = images.split(' ').any(|image| !image.ends_with(tag));
            if other { Err(images) } else { Ok(()) }
        },
    )
    .await;
}

/// On the schema of its successor, and with the keys of today.
async fn the_version_before_comes_back(shop: &Installation) {
    let rollback = ["rollback", RELEASE, "2"];
    shop.place.helm(&[&rollback[..], &WAIT[..]].concat()).await;
    only_the_image(shop, ":dev").await;
    assert!(keys(shop).await.starts_with("k2 "));
}

/// As docs/operations.md says it.
async fn the_keys_are_rotated(shop: &Installation) {
    let old = keys(shop).await;
    let new = format!("k2 {}\n", BASE64.encode(&[7; 32]));
    put_keys(shop, &format!("{old}{new}")).await;
    all_have_read(shop, r#"[\"k1\", \"k2\"]"#).await;
    put_keys(shop, &format!("{new}{old}")).await;
    all_have_read(shop, r#"[\"k2\", \"k1\"]"#).await;
    eventually("an order with the new key", PATIENCE, || async {
        let orders = shop.factory.orders().await;
        let url = orders.last().unwrap()["CallbackUrl"].to_string();
        if url.contains("/k2/") {
            Ok(())
        } else {
            Err(url)
        }
    })
    .await;
}

const KEYS: &str = "restock-restock-operator-callback-keys";

async fn keys(shop: &Installation) -> String {
    let data = "jsonpath={.data.callback-keys}";
    let get = ["get", "secret", KEYS, "--output", data];
    let encoded = shop.place.kubectl(&get).await;
    String::from_utf8(BASE64.decode(encoded.as_bytes()).unwrap()).unwrap()
}

async fn put_keys(shop: &Installation, keys: &str) {
    let patch = json!({ "stringData": { "callback-keys": keys } }).to_string();
    let patching = ["patch", "secret", KEYS, "--patch", &patch];
    shop.place.kubectl(&patching).await;
}

async fn all_have_read(shop: &Installation, keys: &str) {
    let readers = "--selector=app.kubernetes.io/component in (controller,receiver)";
    eventually(keys, PATIENCE, || async {
        let logs = [
            "logs",
            readers,
            "--prefix",
            "--tail=-1",
            "--max-log-requests=20",
        ];
        let logs = shop.place.kubectl(&logs).await;
        let said = logs
            .lines()
            .filter(|line| line.contains("callback keys read"));
        let said: Vec<_> = said.filter(|line| line.contains(keys)).collect();
        let ready = said.len() >= KEY_READERS;
        if ready { Ok(()) } else { Err(said.join("\n")) }
    })
    .await;
}

async fn the_leader_goes(shop: &Installation) {
    let leader = async || {
        let holder = "jsonpath={.spec.holderIdentity}";
        let lease = ["get", "lease", "restock-operator-controller"];
        let asked = [&lease[..], &["--output", holder]].concat();
        shop.place.kubectl(&asked).await
    };
    let first = leader().await;
    shop.place.kubectl(&["delete", "pod", &first]).await;
    eventually("another leader", PATIENCE, || async {
        let now = leader().await;
        let changed = now != first && !now.is_empty();
        if changed { Ok(()) } else { Err(now) }
    })
    .await;
}

async fn each_was_ordered_once_and_came(shop: &Installation, sent: &Sent) {
    shop.all_ended(sent.len(), PATIENCE).await;
    assert_eq!(shop.factory.lost_callbacks().await, [""; 0]);
    shop.ended(Phase::Succeeded, sent.len()).await;
    let total: u32 = sent.values().sum();
    assert_eq!(shop.stock().await, i64::from(total));
    let mut ordered = requesters(shop).await;
    ordered.sort_unstable();
    let wanted: Vec<_> = sent.keys().cloned().collect();
    assert_eq!(ordered, wanted);
}

/// Of all orders that the factory received.
async fn requesters(shop: &Installation) -> Vec<String> {
    let orders = shop.factory.orders().await;
    let requester = |order: &Value| {
        order["MessageAttributeRequester"]
            .as_str()
            .map(str::to_owned)
    };
    orders.iter().filter_map(requester).collect()
}

/// As when a node loses its power. The factory calls each order back once, and later than
/// that: what it was asked for must come.
async fn everything_is_killed(shop: &Arc<Installation>, before: &Sent) {
    let load = Load::begin(shop, "storm", "delay:30000");
    tokio::time::sleep(Duration::from_secs(5)).await;
    let killed = shop.place.kill_all().await;
    assert_eq!(killed, PODS);
    tokio::time::sleep(Duration::from_secs(5)).await;
    let storm = load.end().await;
    let wanted = before.len() + storm.len();
    let all = shop.all_ended(wanted, RECOVERY).await;
    let ordered = requesters(shop).await;
    let mut stock = i64::from(before.values().sum::<u32>());
    for (requester, quantity) in &storm {
        let mut all = all.iter();
        let object = all.find(|one| one.spec.requester.as_ref() == Some(requester));
        let object = object.unwrap();
        let orders = ordered.iter().filter(|one| *one == requester).count();
        let reason = object.status.as_ref().and_then(|status| status.reason);
        match phase_of(object) {
            Some(Phase::Succeeded) => {
                assert_eq!(orders, 1, "{requester}");
                stock += i64::from(*quantity);
            }
            // Killed between its row in the ledger and its order: nobody can know.
            _ => assert_eq!(
                (orders, reason),
                (0, Some(Reason::OrderOutcomeUnknown)),
                "{requester}"
            ),
        }
    }
    assert_eq!(shop.stock().await, stock);
}
