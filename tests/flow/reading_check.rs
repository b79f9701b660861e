//! `kubectl restock check`.

use crate::support::reading::{
    Release, clear, free_address, serve, serve_of, workload, workload_of,
};
use crate::support::shop::{Shop, in_shop};
use crate::{NARROW, ask};
use serde_json::{Value, json};

/// The check, once the roles have begun.
async fn settled(shop: &Shop) -> crate::support::plugin::Said {
    let health = || ask(shop, &["check"]);
    for _ in 0..100 {
        let said = health();
        if !said.out.contains("no answer") {
            return said;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    health()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_says_whether_it_is_healthy_and_what_to_do() {
    in_shop(json!({}), |shop| async move {
        let place = &shop.place;
        let addresses = ["controller", "receiver"].map(|role| (role, free_address()));
        let [listen_1, listen_2] =
            addresses.map(|(_, address)| ("RESTOCK_READ_LISTEN", address.to_string()));
        for (role, address) in addresses {
            serve(place, role, Some(address)).await;
            workload(place, role, 2, 2).await;
        }
        let receiver = shop.receiver_with(&[listen_2]);
        let _controller = shop.controller_with(&[listen_1]);
        let healthy = settled(&shop).await;
        assert_eq!(
            healthy.code, 7,
            "its inbox is not as documented: {healthy:?}"
        );
        let (of_controller, of_receiver) = healthy.out.split_once("\n\n").unwrap();
        let namespace = &place.namespace;
        let heading = format!("controller of shop in namespace {namespace},");
        assert!(of_controller.starts_with(&heading), "{of_controller}");
        assert!(!of_controller.contains("WRONG"), "{of_controller}");
        assert!(of_receiver.contains("  WRONG  inbox: "), "{of_receiver}");
        assert!(
            healthy.out.lines().all(|line| line.len() <= NARROW),
            "{}",
            healthy.out
        );
        healthy.expect(7, &["things need a person"]);
        let whole = ask(&shop, &["check", "-o", "wide"]).out;
        for words in [
            "  ok     pods: 2 of 2 pods of shop-controller are ready",
            "  ok     way of callbacks: ",
            "  ok     ledger: answers",
            "  ok     definition: restockrequests.restock.dev",
        ] {
            assert!(whole.contains(words), "{words:?} in\n{whole}");
        }

        // One whose pod is away, and one that ends.
        serve(place, "dlq", None).await;
        workload(place, "dlq", 1, 0).await;
        receiver.kill();
        let ill = ask(&shop, &["check", "-o", "json"]);
        assert_eq!(ill.code, 7);
        let answers: Value = serde_json::from_str(&ill.out).unwrap();
        let wrong = |role: &str, words: &str| {
            let answer = of(&answers, "shop", role).unwrap();
            assert!(says(answer, "wrong", words), "{role}: {words}: {answer}");
        };
        wrong(
            "dlq",
            "0 of 1 pods of shop-dlq are ready: `kubectl describe pods",
        );
        wrong("dlq", "no endpoints available");
        wrong("receiver", "cannot ask the receiver");
        let names = ask(&shop, &["check", "-o", "name"]).out;
        assert_eq!(names, "service/shop-dlq-read\nservice/shop-receiver-read\n");
        clear(place).await;
    })
    .await;
}

/// What was answered of this role of this release.
fn of<'a>(answers: &'a Value, release: &str, role: &str) -> Option<&'a Value> {
    let mut answers = answers.as_array().unwrap().iter();
    answers.find(|one| one["role"] == role && one["release"] == release)
}

fn says(answer: &Value, verdict: &str, words: &str) -> bool {
    let mut findings = answer["findings"].as_array().unwrap().iter();
    findings.any(|one| one["verdict"] == verdict && one["text"].as_str().unwrap().contains(words))
}

fn answers(shop: &Shop) -> Value {
    let said = ask(shop, &["check", "-o", "json"]);
    assert_eq!(said.code, 7, "{said:?}");
    serde_json::from_str(&said.out).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pods_of_two_releases_in_one_namespace_are_not_mixed_up() {
    in_shop(json!({}), |shop| async move {
        let place = &shop.place;
        for (name, ready) in [("shop", 2), ("other", 1)] {
            let release = Release { name, roles: None };
            serve_of(release, place, "receiver", None).await;
            workload_of(release, place, "receiver", 2, ready).await;
        }
        let answers = answers(&shop);
        let shop = of(&answers, "shop", "receiver").unwrap();
        assert!(says(shop, "ok", "2 of 2 pods of shop-receiver"), "{shop}");
        assert!(!shop.to_string().contains("other-receiver"), "{shop}");
        let other = of(&answers, "other", "receiver").unwrap();
        let look =
            "app.kubernetes.io/component=receiver,app.kubernetes.io/instance=other` says why";
        assert!(says(other, "wrong", "1 of 2 pods of other-receiver"));
        assert!(says(other, "wrong", look), "{other}");
        assert!(!other.to_string().contains("shop-receiver"), "{other}");
        clear(place).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_a_release_names_and_that_is_not_there_needs_a_person() {
    in_shop(json!({}), |shop| async move {
        let place = &shop.place;
        let whole = Release {
            name: "shop",
            roles: Some("controller,receiver,dlq"),
        };
        // The receiver is there but for its Service, the dlq not at all.
        serve_of(whole, place, "controller", None).await;
        workload_of(whole, place, "controller", 1, 1).await;
        workload_of(whole, place, "receiver", 1, 1).await;
        // Another one without a dlq: it was not wanted there, or nobody knows.
        let small = Release {
            name: "small",
            roles: Some("ingest"),
        };
        serve_of(small, place, "ingest", None).await;
        let older = Release {
            name: "older",
            roles: None,
        };
        serve_of(older, place, "sales", None).await;

        let answers = answers(&shop);
        let dlq = of(&answers, "shop", "dlq").expect("it is missed");
        assert_eq!(dlq["service"], Value::Null);
        for words in ["not installed", "helm upgrade", "dlq.enabled=false"] {
            assert!(says(dlq, "wrong", words), "{words}: {dlq}");
        }
        let receiver = of(&answers, "shop", "receiver").expect("it is missed");
        assert!(says(receiver, "ok", "1 of 1 pods of shop-receiver"));
        assert!(says(receiver, "wrong", "no Service"), "{receiver}");
        // A Service whose Deployment is gone.
        let ingest = of(&answers, "small", "ingest").unwrap();
        assert!(says(ingest, "wrong", "no Deployment"), "{ingest}");
        for (release, role) in [("small", "dlq"), ("older", "dlq"), ("shop", "relay")] {
            let none = of(&answers, release, role);
            assert!(none.is_none(), "{none:?}");
        }
        // What is sold out is published by nobody here; elsewhere it may be.
        let sales = of(&answers, "older", "sales").unwrap();
        assert!(says(sales, "note", "relay.enabled"), "{sales}");

        let text = ask(&shop, &["check"]).out;
        let heading = format!(
            "dlq of shop in namespace {}, no answer: 1 wrong",
            place.namespace
        );
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&heading), "{text}");
        let names = ask(&shop, &["check", "-o", "name"]).out;
        assert!(!names.contains("dlq"), "no Service has that name: {names}");
        clear(place).await;
    })
    .await;
}
