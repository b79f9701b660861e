//! Needs an API server (KUBECONFIG). Proves that the watches of several namespaces fill one
//! store, that one watch covers all of them, and that a namespace which may not be watched,
//! or may be no more, is named and holds up no other.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/limited.rs"]
mod limited;
#[path = "support/proxy.rs"]
mod proxy;

use cluster::{Place, in_namespace};
use futures::StreamExt;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, PostParams};
use limited::Limited;
use proxy::Proxy;
use restock_operator::controller::live::Live;
use restock_operator::crd::request::RestockRequest;
use restock_operator::process::args::Area;
use restock_operator::process::install_tls;
use serde_json::json;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Longer than a watch that could not begin waits before it is tried again (30 s).
const PATIENCE: Duration = Duration::from_secs(60);

fn area(place: &Place) -> Area {
    Area::Namespace(place.namespace.clone())
}

fn requests(place: &Place) -> Api<RestockRequest> {
    Api::namespaced(place.client.clone(), &place.namespace)
}

/// Creates a request; its uid.
async fn create(place: &Place, name: &str) -> String {
    let object = json!({
        "apiVersion": "restock.dev/v1alpha1", "kind": "RestockRequest",
        "metadata": { "name": name }, "spec": { "productId": "CP-502101" },
    });
    let object = serde_json::from_value(object).unwrap();
    let (requests, how) = (requests(place), PostParams::default());
    let created = requests.create(&how, &object).await;
    created.unwrap().uid().unwrap()
}

/// Watches until the test's runtime ends.
fn watch(client: &kube::Client, areas: &[Area]) -> Live<RestockRequest> {
    let (live, changed) = Live::watch(client, areas, "status.finished!=true");
    tokio::spawn(changed.for_each(async |_| {}));
    live
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, waiting).await.expect(what);
}

#[tokio::test]
async fn one_store_has_the_objects_of_every_namespace_of_the_list() {
    install_tls();
    in_namespace(async |a| {
        in_namespace(async |b| {
            let in_a = create(&a, "same").await;
            let live = watch(&a.client, &[area(&a), area(&b)]);
            let has = |place: &Place, uid: &str| live.get(&place.namespace, "same", uid).is_some();
            until("both are known", || live.known().len() == 2).await;
            assert!(has(&a, &in_a) && live.count(None) == 1);
            assert_eq!(live.unknown(), Vec::<String>::new());
            let in_b = create(&b, "same").await;
            until("the new one", || has(&b, &in_b)).await;
            assert!(has(&a, &in_a), "another of the same name");
            let deleting = requests(&a).delete("same", &DeleteParams::default()).await;
            deleting.unwrap();
            until("the deletion", || !has(&a, &in_a)).await;
            assert!(has(&b, &in_b) && live.count(None) == 1);
            assert_eq!(live.count(Some(&b.namespace)), 1);
            assert_eq!(live.count(Some(&a.namespace)), 0);
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn one_watch_has_the_objects_of_all_namespaces() {
    install_tls();
    in_namespace(async |a| {
        in_namespace(async |b| {
            let in_a = create(&a, "same").await;
            let live = watch(&a.client, &[Area::Cluster]);
            assert_eq!(live.known_for(&a.namespace), None);
            until("all are known", || live.known() == [Area::Cluster]).await;
            assert!(live.get(&a.namespace, "same", &in_a).is_some());
            assert!(live.known_for("whichever").is_some());
            let in_b = create(&b, "same").await;
            let is_there = || live.get(&b.namespace, "same", &in_b).is_some();
            until("the new one", is_there).await;
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_namespace_that_may_not_be_watched_holds_up_no_other() {
    install_tls();
    in_namespace(async |a| {
        in_namespace(async |b| {
            let user = Limited::new(&a.client, &a.namespace);
            user.allow(&a.namespace, "read", &limited::of_reader())
                .await;
            let in_a = create(&a, "same").await;
            let live = watch(&user.client().await, &[area(&b), area(&a)]);
            until("one is known", || live.known() == [area(&a)]).await;
            assert!(live.get(&a.namespace, "same", &in_a).is_some());
            let says = |what: &str| live.unknown().iter().any(|why| why.contains(what));
            let named = format!("restockrequests in {}: ", b.namespace);
            until("why the other is not", || {
                says("bind the controller's Role there")
            })
            .await;
            assert!(says(&named) && live.unknown().len() == 1);
            // Somebody mends it: nothing has to be restarted.
            user.allow(&b.namespace, "read", &limited::of_reader())
                .await;
            until("the other is known too", || live.known().len() == 2).await;
            user.close().await;
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_namespace_that_may_be_watched_no_more_is_named_until_it_may_again() {
    install_tls();
    in_namespace(async |a| {
        let user = Limited::new(&a.client, &a.namespace);
        let allow = async || {
            let rules = limited::of_reader();
            user.allow(&a.namespace, "read", &rules).await;
        };
        allow().await;
        let server = kube::Config::infer().await.unwrap().cluster_url;
        let way = Proxy::to(server.authority().unwrap().to_string()).await;
        let live = watch(&user.client_by(way.address).await, &[area(&a)]);
        until("it is known", || live.known().len() == 1).await;
        assert_eq!(live.unknown(), Vec::<String>::new());

        user.forbid(&a.namespace, "read").await;
        // The API server looks at the right only when a watch begins: after minutes, or now.
        way.cut();
        sleep(Duration::from_millis(200)).await;
        way.mend();
        let says = |what: &str| live.unknown().iter().any(|why| why.contains(what));
        until("why it is not", || says("bind the controller's Role there")).await;
        allow().await;
        create(&a, "news").await;
        until("it is known again", || live.unknown().is_empty()).await;
        assert_eq!(live.count(None), 1);
        user.close().await;
    })
    .await;
}
