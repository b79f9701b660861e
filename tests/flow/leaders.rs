//! Controllers that follow one another, and neighbours that are away: the limits hold, the
//! process lives, and it goes when it is told to.

use crate::support::api_way::{ApiWay, Side};
use crate::support::reserved::Reserved;
use crate::support::role::Role;
use crate::support::shop::{Shop, in_shop, reason};
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use kube::api::DeleteParams;
use restock_operator::crd::words::Phase;
use serde_json::json;
use std::time::{Duration, Instant};

/// Above the longest silence that `/livez` allows the quickest loops of a controller (the
/// sweeper and the Factories: three turns of 30 s).
const LONG_AWAY: Duration = Duration::from_secs(95);

/// Longer than a lease that nobody renews is believed (15 s).
const PATIENCE: Duration = Duration::from_secs(40);

/// Longer than a call to the cluster may take (10 s), shorter than a drain that waits for
/// what can no longer be recorded (30 s).
const LEAVES_WITHIN: Duration = Duration::from_secs(15);

fn candidate(shop: &Shop, identity: &str) -> Role {
    shop.controller_with(&[("RESTOCK_LEASE_IDENTITY", identity.to_owned())])
}

async fn until_leader_is(shop: &Shop, identity: &str) {
    let leases: Api<Lease> = Api::namespaced(shop.place.client.clone(), &shop.place.namespace);
    let until = Instant::now() + PATIENCE;
    loop {
        let lease = leases.get_opt("restock-operator-controller").await.unwrap();
        let holder = lease.and_then(|lease| lease.spec?.holder_identity);
        if holder.as_deref() == Some(identity) {
            return;
        }
        assert!(Instant::now() < until, "{holder:?} leads, not {identity}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn the_next_leader_counts_what_the_one_before_it_ordered() {
    in_shop(json!({ "maxInFlight": 2 }), |shop| async move {
        let _receiver = shop.receiver();
        let first = candidate(&shop, "first");
        until_leader_is(&shop, "first").await;
        // It watches before anything is ordered: what it counted then is no longer true.
        let _second = candidate(&shop, "second");
        for name in ["a", "b"] {
            shop.ask(name, 1, "delay:9000").await;
        }
        let placed = |object: &_| reason(object) == "OrderPlaced";
        for name in ["a", "b"] {
            shop.wait_for(name, "the order", placed).await;
        }
        for name in ["c", "d"] {
            shop.ask(name, 1, "delay:300").await;
        }
        assert!(first.stop(), "the first leader hands over in order");
        until_leader_is(&shop, "second").await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(shop.orders().await.len(), 2, "both places are taken");
        shop.wait_for_all(4, Phase::Succeeded).await;
        assert_eq!(shop.orders().await.len(), 4);
    })
    .await;
}

#[tokio::test]
async fn the_answer_to_the_order_of_a_deleted_request_holds_up_no_goodbye() {
    in_shop(json!({}), |shop| async move {
        let way = ApiWay::new(&shop.place.client, &shop.place.namespace).await;
        way.hold("Awaiting", Side::Before);
        let controller = shop.controller_with(&[way.setting()]);
        shop.ask("deleted", 1, "delay:60000").await;
        way.is_held().await;
        let how = DeleteParams::default();
        shop.requests().delete("deleted", &how).await.unwrap();
        let told = Instant::now();
        // Not on this thread, which serves the way to the cluster.
        let stopped = tokio::task::spawn_blocking(move || controller.stop());
        assert!(stopped.await.unwrap(), "it ends in order");
        assert!(told.elapsed() < LEAVES_WITHIN, "{:?}", told.elapsed());
    })
    .await;
}

#[tokio::test]
async fn a_controller_that_never_met_its_api_server_lives_and_is_not_ready() {
    in_shop(json!({}), |shop| async move {
        let way = ApiWay::new(&shop.place.client, &shop.place.namespace).await;
        way.close(true);
        let admin = Reserved::new();
        let address = admin.address;
        let listen = ("RESTOCK_ADMIN_LISTEN", address.to_string());
        let identity = ("RESTOCK_LEASE_IDENTITY", "alone".to_owned());
        let _controller = shop.controller_with(&[way.setting(), listen, identity]);
        shop.ask("waiting", 1, "delay:300").await;
        let page = async |path: &str| {
            let url = format!("http://{address}{path}?verbose");
            let answer = reqwest::get(url).await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        tokio::time::sleep(LONG_AWAY).await;
        let (livez, why) = page("/livez").await;
        assert_eq!(livez, 200, "a restart would mend nothing: {why}");
        let (readyz, why) = page("/readyz").await;
        assert_eq!(readyz, 503, "{why}");
        way.close(false);
        let _receiver = shop.receiver();
        shop.wait_for_all(1, Phase::Succeeded).await;
        assert_eq!(page("/readyz").await.0, 200);
    })
    .await;
}
