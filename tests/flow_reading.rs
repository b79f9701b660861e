//! Needs API server, database, local AWS and factory. Proves that `kubectl restock` reads the
//! ledger and each role's check through the API server's proxy, for whom the chart's Role lets in
//! and nobody else, and that it says what to do where it cannot.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod support {
    pub(crate) mod cluster;
    pub(crate) mod identity;
    pub(crate) mod ledger;
    pub(crate) mod plugin;
    pub(crate) mod reading;
    pub(crate) mod reserved;
    pub(crate) mod role;
    pub(crate) mod shop;
}
#[path = "flow/reading_dead_letters.rs"]
mod dead_letters;
#[path = "flow/reading_check.rs"]
mod health;

use serde_json::{Value, json};
use support::identity::{Identity, rules_for};
use support::plugin::{Said, is_harmless, plugin};
use support::reading::{clear, free_address, serve};
use support::shop::{Shop, in_shop};

const NARROW: usize = 80;

/// The plugin in the shop's namespace, off its runtime: the roles' own tasks go on.
fn ask(shop: &Shop, arguments: &[&str]) -> Said {
    ask_as(shop, arguments, &[])
}

fn ask_as(shop: &Shop, arguments: &[&str], settings: &[(&str, &str)]) -> Said {
    let arguments = [arguments, &["-n", &shop.place.namespace]].concat();
    plugin(&arguments, "", settings)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_requests_is_read_through_the_api_server() {
    in_shop(json!({}), |shop| async move {
        let address = free_address();
        serve(&shop.place, "controller", Some(address)).await;
        let listen = ("RESTOCK_READ_LISTEN", address.to_string());
        let _roles = [
            shop.controller_with(&[listen]),
            shop.receiver(),
            shop.ingest(),
        ];
        shop.ask("by-hand", 2, "\u{1b}[31mred\u{202e} delay:100")
            .await;
        shop.ask("refused", 2, "fault:refuse").await;
        shop.send("event", 3, "delay:100").await;
        shop.wait_for("refused", "its end", |one| {
            one.status.as_ref().is_some_and(|status| status.finished)
        })
        .await;
        shop.wait_for("by-hand", "its end", |one| {
            one.status.as_ref().is_some_and(|status| status.finished)
        })
        .await;
        let said = told(&shop, 3).await;
        for words in [
            "3 finished requests",
            "by-hand",
            "Refused",
            "Arrived",
            "rr-",
        ] {
            assert!(said.out.contains(words), "{words}: {}", said.out);
        }
        forms_and_filters(&shop);
        only_readers_read(&shop).await;
        clear(&shop.place).await;
    })
    .await;
}

/// The table, once so many requests have ended.
async fn told(shop: &Shop, count: usize) -> Said {
    for _ in 0..100 {
        let said = ask(shop, &["history"]);
        if said.out.starts_with(&format!("{count} finished")) {
            return said;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    panic!("{} requests do not end", count);
}

fn forms_and_filters(shop: &Shop) {
    for form in [
        &[][..],
        &["-o", "wide"],
        &["-o", "json"],
        &["-o", "yaml"],
        &["-o", "name"],
    ] {
        let said = ask(shop, &[&["history"], form].concat());
        assert!(
            said.code == 0 && is_harmless(&said.out),
            "{form:?}: {said:?}"
        );
        let fits = said.out.lines().all(|line| line.chars().count() <= NARROW);
        assert!(fits || !form.is_empty(), "{}", said.out);
    }
    let json = ask(
        shop,
        &["history", "-o", "json", "--sku", &shop.sku, "--since", "1h"],
    );
    let json: Value = serde_json::from_str(&json.out).unwrap();
    let items = json["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    let none = ask(shop, &["history", "--sku", "other"]);
    assert_eq!(none.out, "0 finished requests\n");
    let two = ask(shop, &["history", "--limit", "2", "-o", "name"]);
    assert_eq!(two.out.lines().count(), 2, "{}", two.out);
    let more = ask(shop, &["history", "--limit", "2"]);
    assert!(more.out.contains("--limit 2 ends here"), "{}", more.out);
    let all = ask(shop, &["history", "--limit", "3"]);
    assert!(!all.out.contains("ends here"), "{}", all.out);
    for item in items {
        let name = item["object"]["name"].as_str().unwrap();
        let printed = format!("restockrequest.restock.dev/{name}");
        let id = item["requestId"].as_str().unwrap();
        for known in [name, id, &printed] {
            let one = ask(shop, &["history", "--request", known, "-o", "name"]);
            assert_eq!(one.out, format!("{printed}\n"), "{known}");
        }
    }
    ask(shop, &["history", "--request", "'; --"]).expect(2, &["small letters, digits"]);
    ask(shop, &["history", "--request", "other"]).expect(3, &["no finished request other"]);
}

async fn only_readers_read(shop: &Shop) {
    let nobody = Identity::without_rights(&shop.place);
    let said = ask_as(shop, &["history"], &[("KUBECONFIG", &nobody.kubeconfig())]);
    said.expect(
        1,
        &["cannot list services", "ends with -reader", "rolebinding"],
    );
    // Those of the chart, with the names that the Services have here.
    let rules = rules_for("reader").to_string();
    let rules = rules.replace("restock-operator-", "shop-");
    let rules = serde_json::from_str(&rules).unwrap();
    let reader = Identity::with_rules("reader", rules, &shop.place).await;
    let kubeconfig = reader.kubeconfig();
    let reads = || ask_as(shop, &["history"], &[("KUBECONFIG", &kubeconfig)]);
    // The server's caches of rights follow in their own time.
    let read = (0..100).map(|_| reads()).find(|said| said.code == 0);
    assert!(read.is_some(), "{:?}", reads());
    // Roles that list Services, and may not reach what is behind them.
    let list = json!([{ "apiGroups": [""], "resources": ["services"], "verbs": ["list"] }]);
    let lister = Identity::with_rules("lister", list, &shop.place).await;
    let kubeconfig = lister.kubeconfig();
    let ask = || ask_as(shop, &["history"], &[("KUBECONFIG", &kubeconfig)]);
    let said = (0..100)
        .map(|_| ask())
        .find(|said| !said.err.contains("list services"));
    said.unwrap()
        .expect(1, &["services/proxy", "ends with -reader"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_answers_it_says_what_to_do() {
    in_shop(json!({}), |shop| async move {
        let history = || ask(&shop, &["history"]);
        history().expect(1, &["there is no role of the operator", "-A", "older"]);
        serve(&shop.place, "ingest", None).await;
        history().expect(1, &["there is no controller", "-n"]);
        serve(&shop.place, "controller", None).await;
        history().expect(1, &["no endpoints available", "kubectl get pods"]);
        clear(&shop.place).await;
        // An address where nobody listens.
        serve(&shop.place, "controller", Some(free_address())).await;
        history().expect(1, &["cannot ask the controller", "networkPolicy.readCidrs"]);
        clear(&shop.place).await;
        // A controller that waits for its keys.
        let address = free_address();
        serve(&shop.place, "controller", Some(address)).await;
        let _waiting = shop.controller_with(&[
            ("RESTOCK_READ_LISTEN", address.to_string()),
            ("RESTOCK_CALLBACK_KEYS_FILE", "/nonexistent/keys".to_owned()),
        ]);
        let said = (0..100)
            .map(|_| history())
            .find(|said| said.err.contains("waits"));
        said.unwrap()
            .expect(1, &["it waits for something", "kubectl get pods"]);
        clear(&shop.place).await;
    })
    .await;
}
