//! Needs the cluster of `cargo xtask e2e`. Proves: whatever a person has set wrong or taken
//! away, each role says in one line, stays not ready without being started again and again,
//! and recovers by itself when it is mended.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod cluster {
    pub(crate) mod accounts;
    pub(crate) mod factory;
    pub(crate) mod installation;
    pub(crate) mod place;
    pub(crate) mod readiness;
}
mod support {
    pub(crate) mod account;
    pub(crate) mod grants;
    pub(crate) mod inbox;
    pub(crate) mod ledger;
    pub(crate) mod proxy;
    pub(crate) mod stock_queue;
}

use cluster::installation::{Installation, RELEASE, with_shop};
use cluster::readiness::{all_are_ready, is_not_ready};
use restock_operator::crd::words::Phase;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs the cluster of `cargo xtask e2e`"]
async fn what_is_wrong_is_said_and_mended_without_a_restart() {
    with_shop(|shop| async move {
        let mut values = shop.values();
        values["ingest"]["queueUrl"] = format!("{}-misspelt", shop.queues.queue.url()).into();
        let secret = shop.place.take("secret", "restock-database").await;
        shop.start("install", &values).await;
        a_missing_secret_is_named(&shop).await;
        shop.place.apply(&secret).await;
        a_wrong_queue_is_named(&shop).await;
        values["ingest"]["queueUrl"] = shop.queues.queue.url().into();
        shop.start("upgrade", &values).await;
        all_are_ready(&shop.place).await;
        shop.sell_out().await;
        a_database_that_is_away(&shop).await;
        no_right_to_lead(&shop).await;
        an_absent_right(&shop).await;
        an_older_definition(&shop).await;
        shop.message("after-all", 2, "a shop").await;
        // And what came while ingest had no right.
        shop.ended(Phase::Succeeded, 2).await;
        assert_eq!(shop.stock().await, 3);
    })
    .await;
}

async fn a_missing_secret_is_named(shop: &Installation) {
    for role in ["controller", "receiver", "dlq"] {
        is_not_ready(&shop.place, role, "/etc/restock/database/url").await;
    }
}

async fn a_wrong_queue_is_named(shop: &Installation) {
    is_not_ready(&shop.place, "ingest", "RESTOCK_QUEUE_URL").await;
}

async fn a_database_that_is_away(shop: &Installation) {
    shop.database.cut();
    is_not_ready(&shop.place, "controller", "the ledger is unavailable").await;
    is_not_ready(&shop.place, "dlq", "the ledger is unavailable").await;
    shop.database.mend();
    all_are_ready(&shop.place).await;
}

/// Takes the right of this name away; what brings it back.
async fn forbid(shop: &Installation, right: &str) -> String {
    let name = format!("{RELEASE}-restock-operator-{right}");
    shop.place.take("rolebinding", &name).await
}

/// While it leads.
async fn no_right_to_lead(shop: &Installation) {
    let lease = forbid(shop, "controller-lease").await;
    is_not_ready(
        &shop.place,
        "controller",
        "may get, create and update leases",
    )
    .await;
    shop.place.apply(&lease).await;
    all_are_ready(&shop.place).await;
}

async fn an_absent_right(shop: &Installation) {
    let controller = forbid(shop, "controller").await;
    let ingest = forbid(shop, "ingest").await;
    shop.place.start_anew(&["controller", "ingest"]).await;
    // Nothing is asked of the cluster by it until there is work.
    shop.message("without-rights", 1, "a shop").await;
    is_not_ready(&shop.place, "ingest", "forbidden").await;
    is_not_ready(&shop.place, "controller", "forbidden").await;
    shop.place.apply(&controller).await;
    shop.place.apply(&ingest).await;
    all_are_ready(&shop.place).await;
}

/// As an earlier version left it: without the fields that the controller selects by.
async fn an_older_definition(shop: &Installation) {
    let name = "restockrequests.restock.dev";
    let older = r#"[{"op": "remove", "path": "/spec/versions/0/selectableFields"}]"#;
    let patch = ["patch", "customresourcedefinition", name, "--type=json"];
    shop.place
        .kubectl(&[&patch[..], &["--patch", older]].concat())
        .await;
    shop.place.start_anew(&["controller"]).await;
    is_not_ready(
        &shop.place,
        "controller",
        "the definition is older than this version",
    )
    .await;
    let current = "--filename=crds/restockrequests.yaml";
    let apply = ["apply", "--server-side", "--force-conflicts", current];
    shop.place.kubectl(&apply).await;
    all_are_ready(&shop.place).await;
}
