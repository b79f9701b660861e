//! Needs API server, database, local AWS and factory. Proves: one controller works in several
//! namespaces, or in all of them, and what is in one of them is never taken for another's.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod support {
    pub(crate) mod cluster;
    pub(crate) mod ledger;
    pub(crate) mod limited;
    pub(crate) mod reserved;
    pub(crate) mod role;
    pub(crate) mod shop;
}

use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Api, ListParams, PostParams};
use kube::{Client, ResourceExt as _};
use restock_operator::crd::factory::Factory;
use restock_operator::crd::request::RestockRequest;
use restock_operator::crd::words::Phase;
use restock_operator::edge::store::arrivals::NewArrival;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::cluster::in_namespace;
use support::ledger::{new_arrival, request, sku};
use support::limited::{Limited, of_controller, of_lease, of_reader};
use support::reserved::Reserved;
use support::shop::{Shop, in_shop, reason};

const PATIENCE: Duration = Duration::from_secs(60);

/// Both Factories have this name and serve this id. What each says how many to order when
/// nobody else does shows which of them was asked.
const FACTORY: &str = "legacy";
const FACTORY_ID: &str = "FF-1";
const IN_SHOP: u64 = 5;
const ELSEWHERE: u64 = 9;

fn of_shop() -> Value {
    json!({ "factoryIds": [FACTORY_ID], "defaultQuantity": IN_SHOP })
}

fn requests(client: &Client, namespace: &str) -> Api<RestockRequest> {
    Api::namespaced(client.clone(), namespace)
}

/// The same Factory as the shop's in another namespace; its uid.
async fn second_factory(shop: &Shop, namespace: &str) -> String {
    let factories = |namespace: &str| Api::<Factory>::namespaced(client(shop), namespace);
    let first = factories(&shop.place.namespace).get(FACTORY).await.unwrap();
    let mut spec = first.spec;
    spec.default_quantity = Some(u32::try_from(ELSEWHERE).unwrap());
    let (factories, how) = (factories(namespace), PostParams::default());
    let second = factories.create(&how, &Factory::new(FACTORY, spec)).await;
    second.unwrap().uid().unwrap()
}

fn client(shop: &Shop) -> Client {
    shop.place.client.clone()
}

/// A request that says neither how many nor, but for its id, where.
async fn ask(shop: &Shop, namespace: &str, name: &str) {
    let object = json!({
        "apiVersion": "restock.dev/v1alpha1", "kind": "RestockRequest",
        "metadata": { "name": name },
        "spec": {
            "productId": shop.sku, "factoryId": FACTORY_ID, "requester": "delay:300",
        },
    });
    let object = serde_json::from_value(object).unwrap();
    let (requests, how) = (
        requests(&shop.place.client, namespace),
        PostParams::default(),
    );
    requests.create(&how, &object).await.unwrap();
}

async fn wait_for(shop: &Shop, namespace: &str, name: &str, wanted: &str) -> RestockRequest {
    let until = Instant::now() + PATIENCE;
    loop {
        let object = requests(&shop.place.client, namespace)
            .get(name)
            .await
            .unwrap();
        if reason(&object) == wanted {
            return object;
        }
        let status = &object.status;
        assert!(
            Instant::now() < until,
            "{namespace}/{name}: no {wanted}: {status:#?}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Requests of one name in both namespaces are ordered each at its own Factory, and get
/// their goods.
async fn both_are_served(shop: &Shop, other: &str) {
    let second = second_factory(shop, other).await;
    let own = &shop.place.namespace;
    for namespace in [own, other] {
        ask(shop, namespace, "same").await;
    }
    let here = wait_for(shop, own, "same", "Arrived").await.status.unwrap();
    let there = wait_for(shop, other, "same", "Arrived")
        .await
        .status
        .unwrap();
    assert_eq!(there.factory.as_ref().unwrap().uid, second);
    assert_ne!(here.factory.unwrap().uid, second);
    let goods = |arrival: Option<_>| -> Value { serde_json::to_value(arrival).unwrap() };
    assert_eq!(goods(here.arrival)["quantity"], IN_SHOP);
    assert_eq!(goods(there.arrival)["quantity"], ELSEWHERE);
    let arrived = i64::try_from(IN_SHOP + ELSEWHERE).unwrap();
    assert_eq!(shop.stock().await, 10 + arrived);
    assert_eq!(shop.orders().await.len(), 2, "one order for each");
}

/// Goods of a request that is finished, and so in no watch, and of which the ledger has no
/// attempt: the object that shows them has to be looked for.
async fn goods_without_an_attempt_are_shown(shop: &Shop) {
    shop.send("refused", 2, "fault:refuse").await;
    let failed = finished(shop, Phase::Failed).await;
    let (name, uid) = (failed.name_any(), failed.uid().unwrap());
    arrive(shop, name.trim_start_matches("rr-"), &uid).await;
    wait_for(shop, &shop.place.namespace, &name, "LateArrival").await;
}

async fn finished(shop: &Shop, phase: Phase) -> RestockRequest {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        let all = shop.requests().list(&ListParams::default()).await.unwrap();
        let is_it = |object: &RestockRequest| {
            let status = object.status.as_ref().unwrap();
            status.phase == phase && status.finished
        };
        if let Some(found) = all.items.into_iter().find(is_it) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no request is finished as {phase:?}");
}

/// As after a restore of the ledger from a backup: goods arrive whose attempt it has lost.
async fn arrive(shop: &Shop, id: &str, uid: &str) {
    let pool = shop.ledger.schema.pool().await;
    let forget = "DELETE FROM order_attempt WHERE request_id = ?";
    sqlx::query(forget).bind(id).execute(&pool).await.unwrap();
    pool.close().await;
    let arrival = NewArrival {
        request_id: request(id),
        uid: uid.to_owned(),
        sku: sku(&shop.sku),
        ..new_arrival(id, 1)
    };
    let within = Duration::from_secs(5);
    shop.ledger.record_arrival(&arrival, within).await.unwrap();
}

async fn recorded(shop: &Shop, id: &str) -> bool {
    let pool = shop.ledger.schema.pool().await;
    let at = "SELECT recorded_at IS NOT NULL FROM arrival WHERE request_id = ?";
    let recorded = sqlx::query_scalar(at).bind(id).fetch_one(&pool).await;
    pool.close().await;
    recorded.unwrap()
}

#[tokio::test]
async fn two_namespaces_are_served_beside_one_that_is_missing() {
    in_shop(of_shop(), |shop| async move {
        in_namespace(async |other| {
            let (own, other) = (&shop.place.namespace, &other.namespace);
            let user = Limited::new(&shop.place.client, own);
            for namespace in [own, other] {
                user.allow(namespace, "work", &of_controller()).await;
            }
            user.allow(other, "lease", &of_lease()).await;
            let missing = format!("{own}-missing");
            let admin = Reserved::new();
            let address = admin.address;
            let list = format!("{other},{missing},{own}");
            let controller = shop.controller_with(&[
                user.setting(),
                ("RESTOCK_NAMESPACE", list),
                ("RESTOCK_LEASE_IDENTITY", "alone".to_owned()),
                ("RESTOCK_ADMIN_LISTEN", address.to_string()),
            ]);
            let _others = [shop.receiver(), shop.ingest()];
            both_are_served(&shop, other).await;
            goods_without_an_attempt_are_shown(&shop).await;

            // In the first of the list, which is the only one where it may be.
            let leases: Api<Lease> = Api::namespaced(shop.place.client.clone(), other);
            leases.get("restock-operator-controller").await.unwrap();
            // Goods whose object is in no namespace that answers may have one where none does.
            arrive(&shop, "nowhere", "uid-of-nobody").await;
            tokio::time::sleep(Duration::from_secs(3)).await;
            assert!(!recorded(&shop, "nowhere").await);

            let page = reqwest::get(format!("http://{address}/readyz?verbose")).await;
            let page = page.unwrap();
            assert_eq!(page.status().as_u16(), 503);
            let page = page.text().await.unwrap();
            for kind in ["restockrequests", "factories"] {
                assert!(page.contains(&format!("{kind} in {missing}: ")), "{page}");
            }
            assert!(page.contains("forbidden"), "{page}");
            drop(controller);
            user.close().await;
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn all_namespaces_are_served() {
    in_shop(of_shop(), |shop| async move {
        in_namespace(async |other| {
            let (own, other) = (&shop.place.namespace, &other.namespace);
            let user = Limited::new(&shop.place.client, own);
            // It sees the requests of all others on this API server, and could not change
            // them by mistake.
            user.allow_everywhere(&of_reader()).await;
            for namespace in [own, other] {
                user.allow(namespace, "work", &of_controller()).await;
            }
            let everywhere = ("RESTOCK_NAMESPACE", "*".to_owned());
            let controller = shop.controller_with(&[user.setting(), everywhere]);
            let _others = [shop.receiver(), shop.ingest()];
            both_are_served(&shop, other).await;
            goods_without_an_attempt_are_shown(&shop).await;

            arrive(&shop, "nowhere", "uid-of-nobody").await;
            let told = shop.notice("unclaimed rr-nowhere").await;
            assert!(told.contains("Object    rr-nowhere\\n"), "{told}");
            let until = Instant::now() + PATIENCE;
            while !recorded(&shop, "nowhere").await {
                assert!(Instant::now() < until, "what was told is marked");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            drop(controller);
            user.close().await;
        })
        .await;
    })
    .await;
}
