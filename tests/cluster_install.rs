//! Needs the cluster of `cargo xtask e2e`. Proves: installed by helm with what the documents
//! say, in a namespace that lets in restricted pods only, the operator does its whole work
//! with no right too many; what it leaves behind is what the documents say, and installed
//! again it goes on with it, in further namespaces too.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod cluster {
    pub(crate) mod accounts;
    pub(crate) mod audit;
    pub(crate) mod buyer;
    pub(crate) mod factory;
    pub(crate) mod inside;
    pub(crate) mod installation;
    pub(crate) mod place;
}
mod support {
    pub(crate) mod account;
    pub(crate) mod created;
    pub(crate) mod grants;
    pub(crate) mod inbox;
    pub(crate) mod ledger;
    pub(crate) mod plugin;
    pub(crate) mod proxy;
    pub(crate) mod stock_queue;
}

use cluster::audit::{assert_nothing_is_refused, assert_rights_are_used};
use cluster::buyer::sell_out_and_restock;
use cluster::factory::Factory;
use cluster::inside;
use cluster::installation::{Installation, PATIENCE, RELEASE, SKU, phase_of, with_shop};
use cluster::place::eventually;
use kube::ResourceExt;
use restock_operator::crd;
use restock_operator::crd::request::RestockRequest;
use restock_operator::crd::words::Phase;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::created::create;
use support::plugin::plugin;

/// Seconds that a Succeeded request is kept: long enough to be seen.
const TTL_SECONDS: u32 = 20;

/// Who may do anything in the cluster.
const WITH_RIGHTS: [&str; 4] = ["controller", "ingest", "factories", "order-test"];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs the cluster of `cargo xtask e2e`"]
async fn it_is_installed_and_works_and_goes_and_comes_back() {
    with_shop(|shop| async move {
        let mut values = shop.values();
        values["controller"]["settings"]["RESTOCK_TTL_SUCCEEDED_SECONDS"] = TTL_SECONDS.into();
        values["tests"] = json!({ "order": true, "settings": shop.aws_settings() });
        let said = shop.helm("install", &values).await;
        assert!(said.contains("kubectl get pods"), "{said}");
        shop.add_sales(&mut values);
        shop.helm("upgrade", &values).await;
        assert_eq!(pods(&shop).await, 11);
        shop.sell_out().await;
        good_messages_become_stock(&shop).await;
        what_fails_is_told(&shop).await;
        goods_of_a_deleted_request_count(&shop).await;
        it_tests_itself(&shop).await;
        people_read_it(&shop);
        inside::is_asked(&shop).await;
        finished_requests_go(&shop).await;
        for role in WITH_RIGHTS {
            assert_nothing_is_refused(&shop.place, role);
        }
        leaves_what_is_people_s(&shop).await;
        shop.helm("install", &values).await;
        shop.message("again", 4, "installed again").await;
        shop.ended(Phase::Succeeded, 1).await;
        assert_eq!(shop.stock().await, 11 + 4);
        sell_out_and_restock(&shop, "restock-restock-operator-sales").await;
        a_deleted_lease_comes_back(&shop).await;
        // The whole work is done: by both installations, with the same rights.
        for role in WITH_RIGHTS {
            assert_rights_are_used(&shop.place, role).await;
        }
        it_works_in_other_namespaces(&shop, values).await;
    })
    .await;
}

/// Pods of the operator; each is ready, and was never started twice.
async fn pods(shop: &Installation) -> usize {
    let columns = "--output=custom-columns=NAME:.metadata.name,\
                   READY:.status.containerStatuses[0].ready,\
                   RESTARTS:.status.containerStatuses[0].restartCount";
    let pods = "--selector=app.kubernetes.io/name=restock-operator";
    let field = "--field-selector=status.phase=Running";
    let looking = ["get", "pods", pods, field, "--no-headers", columns];
    let table = shop.place.kubectl(&looking).await;
    for line in table.lines() {
        let cells: Vec<_> = line.split_whitespace().skip(1).collect();
        assert_eq!(cells, ["true", "0"], "{table}");
    }
    table.lines().count()
}

async fn good_messages_become_stock(shop: &Installation) {
    for number in 1..=5 {
        shop.message(&format!("good-{number}"), 2, "a shop").await;
    }
    // Delivered twice, as SNS may do it.
    shop.message("good-1", 2, "a shop").await;
    eventually("an empty queue", PATIENCE, || async {
        let left = shop.queues.depth().await;
        if left == 0 {
            Ok(())
        } else {
            Err(format!("{left} messages"))
        }
    })
    .await;
    shop.ended(Phase::Succeeded, 5).await;
    assert_eq!(shop.stock().await, 10);
    let orders = shop.factory.orders().await;
    assert_eq!(orders.len(), 5, "{orders:?}");
    let service = shop.callback_url("restock-restock-operator-receiver");
    for order in &orders {
        let callback = order["CallbackUrl"].as_str().unwrap();
        assert!(callback.starts_with(&service), "{callback}");
    }
    let table = shop.place.kubectl(&["get", "restockrequests"]).await;
    assert_eq!(table.matches("Succeeded").count(), 5, "{table}");
}

async fn what_fails_is_told(shop: &Installation) {
    shop.message("refused", 3, "fault:refuse").await;
    shop.notice("refused").await;
    shop.queues.put("no order", &Default::default()).await;
    shop.notice("dead").await;
    assert_eq!(shop.queues.dead_letters().await, 1);
    assert_eq!(shop.stock().await, 10);
}

async fn goods_of_a_deleted_request_count(shop: &Installation) {
    shop.message("deleted", 1, "delay:8000").await;
    let ordered = eventually("an order under way", PATIENCE, || async {
        let all = shop.requests().await;
        let found = all
            .iter()
            .find(|one| phase_of(one) == Some(Phase::Awaiting));
        found
            .map(ResourceExt::name_any)
            .ok_or(format!("{} requests", all.len()))
    })
    .await;
    shop.place
        .kubectl(&["delete", "restockrequest", &ordered])
        .await;
    shop.notice("the object of their request is gone").await;
    assert_eq!(shop.stock().await, 11);
}

/// `helm test`: each role's check, and one request with a factory of its own.
async fn it_tests_itself(shop: &Installation) {
    let said = shop
        .place
        .helm(&["test", RELEASE, "--logs", "--timeout", "10m"])
        .await;
    assert_eq!(
        said.matches("Phase:          Succeeded").count(),
        7,
        "{said}"
    );
    assert!(said.contains("booked back: 1000000, stock is 0"), "{said}");
    // For people: a command logs nothing beside its answer.
    assert!(!said.contains("timestamp"), "{said}");
    assert_eq!(shop.stock().await, 11);
}

/// Through the API server: what became of requests, dead letters, and whether all is well.
fn people_read_it(shop: &Installation) {
    let ask = |words: &[&str]| {
        let said = plugin(&[words, &["-n", &shop.place.namespace]].concat(), "", &[]);
        println!("$ kubectl restock {}\n{}", words.join(" "), said.out);
        assert_eq!(said.code, 0, "{said:?}");
        said.out
    };
    let history = ask(&["history", "--sku", SKU]);
    for words in ["rr-", "Arrived", "Refused"] {
        assert!(history.contains(words), "{words}: {history}");
    }
    let letters = ask(&["dlq", "list"]);
    assert!(letters.starts_with("1 dead letter; "), "{letters}");
    assert!(letters.contains("no product id: expected"), "{letters}");
    let health = ask(&["check"]);
    for role in ["controller", "ingest", "receiver", "sales", "relay", "dlq"] {
        let heading = format!(
            "{role} of {RELEASE} in namespace {}, version ",
            shop.place.namespace
        );
        assert!(health.contains(&heading), "{role}: {health}");
    }
}

/// What people try first when nobody seems to lead.
async fn a_deleted_lease_comes_back(shop: &Installation) {
    let lease = ["lease", "restock-operator-controller"];
    shop.place
        .kubectl(&[&["delete"], &lease[..]].concat())
        .await;
    let holder = [
        "--ignore-not-found",
        "--output=jsonpath={.spec.holderIdentity}",
    ];
    eventually("a leader", PATIENCE, || async {
        let held = [&["get"], &lease[..], &holder[..]].concat();
        let held = shop.place.kubectl(&held).await;
        if held.is_empty() { Err(held) } else { Ok(()) }
    })
    .await;
}

/// By a list of them and by one value for all; with policies, which the API server takes and
/// the network of this cluster does not enforce.
async fn it_works_in_other_namespaces(shop: &Installation, mut values: Value) {
    let place = &shop.place;
    let north = format!("{}-north", place.namespace);
    place.kubectl(&["create", "namespace", &north]).await;
    let factory = json!({
        "apiVersion": "restock.dev/v1alpha1", "kind": "Factory",
        "metadata": { "name": "legacy" },
        "spec": { "url": Factory::url(place), "allowInsecure": true, "default": true },
    });
    create::<crd::factory::Factory>(&shop.place.client, &north, &factory).await;
    let suspend = ["--patch", r#"{"spec": {"suspend": true}}"#];
    let suspend = [
        &["patch", "factory", "legacy", "--type=merge"],
        &suspend[..],
    ]
    .concat();
    place.kubectl(&suspend).await;
    values["networkPolicy"] = json!({ "enabled": true });
    values["controller"]["namespaces"] = json!([place.namespace, north]);
    shop.helm("upgrade", &values).await;
    // An emergency stop that Helm does not undo.
    let spec = "--output=jsonpath={.spec.suspend}";
    assert_eq!(
        place.kubectl(&["get", "factory", "legacy", spec]).await,
        "true"
    );
    let policies = ["get", "networkpolicies", "--output=name"];
    assert!(place.kubectl(&policies).await.lines().count() >= 4);
    a_request_is_served(shop, &north, "listed").await;
    values["controller"]["namespaces"] = json!([]);
    values["controller"]["clusterWide"] = true.into();
    shop.helm("upgrade", &values).await;
    a_request_is_served(shop, &north, "everywhere").await;
    place.kubectl(&["delete", "namespace", &north]).await;
}

async fn a_request_is_served(shop: &Installation, namespace: &str, name: &str) {
    let request = json!({
        "apiVersion": "restock.dev/v1alpha1", "kind": "RestockRequest",
        "metadata": { "name": name }, "spec": { "productId": SKU, "quantity": 1 },
    });
    let requests = create::<RestockRequest>(&shop.place.client, namespace, &request).await;
    eventually(name, PATIENCE, || async {
        let request = requests.get(name).await.unwrap();
        match phase_of(&request) {
            Some(Phase::Succeeded) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

async fn finished_requests_go(shop: &Installation) {
    eventually("the end of what succeeded", PATIENCE, || async {
        let left = shop.requests().await.len();
        // The one that was refused is kept for a day.
        if left == 1 {
            Ok(())
        } else {
            Err(format!("{left} requests"))
        }
    })
    .await;
}

/// Uninstalls, and looks at every kind of object there is.
async fn leaves_what_is_people_s(shop: &Installation) {
    shop.place
        .helm(&["uninstall", RELEASE, "--wait", "--cascade=foreground"])
        .await;
    let of_tests = "--selector=app.kubernetes.io/instance=restock";
    shop.place.kubectl(&["delete", "pods", of_tests]).await;
    let kinds = [
        "api-resources",
        "--namespaced",
        "--verbs=list",
        "--output=name",
    ];
    let kinds = shop.place.kubectl(&kinds).await;
    // Told about and not made by anybody; copied into every namespace by the cluster.
    let of_cluster = [
        "events",
        "events.events.k8s.io",
        "endpoints",
        "pods.metrics.k8s.io",
    ];
    let kinds: Vec<_> = kinds
        .lines()
        .filter(|kind| !of_cluster.contains(kind))
        .collect();
    let everything = [
        "get",
        &kinds.join(","),
        "--output=name",
        "--ignore-not-found",
    ];
    let found = shop.place.kubectl(&everything).await;
    // The test's own factory and Secrets, and what a cluster puts into every namespace.
    let not_ours = |name: &str| {
        let begins = ["factory-", "restock-database"];
        ["factory", "kube-root-ca.crt", "default"].contains(&name)
            || begins.iter().any(|begin| name.starts_with(begin))
    };
    let ours = |line: &&str| !line.rsplit('/').next().is_some_and(not_ours);
    let left: BTreeSet<_> = found.lines().filter(ours).collect();
    let is_request = |line: &&&str| line.starts_with("restockrequest.restock.dev/rr-");
    assert_eq!(left.iter().filter(is_request).count(), 1, "{left:?}");
    let rest: Vec<_> = left.iter().filter(|line| !is_request(line)).collect();
    let kept = json!([
        "factory.restock.dev/legacy",
        "secret/restock-restock-operator-callback-keys",
    ]);
    assert_eq!(json!(rest), kept);
    let rights = ["get", "clusterroles,clusterrolebindings", "--output=name"];
    let rights = shop.place.kubectl(&rights).await;
    assert!(!rights.contains("restock"), "{rights}");
    let definitions = ["get", "customresourcedefinitions", "--output=name"];
    let definitions = shop.place.kubectl(&definitions).await;
    assert_eq!(
        definitions.matches(".restock.dev").count(),
        2,
        "{definitions}"
    );
}
