//! Needs nothing. Proves what those get who read a role by its port: what its check says, asked
//! once however many want to know, and the pages that the role opens, by GET alone.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use axum::Router;
use axum::routing::get;
use futures::FutureExt as _;
use futures::future::join_all;
use restock_operator::process::args::ReadArgs;
use restock_operator::process::install_tls;
use restock_operator::process::read_server::{self, Check, Pages, ReadServer};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A check that takes a while, and says how often it was made.
fn counted(checks: &Arc<AtomicU32>) -> Check {
    let checks = Arc::clone(checks);
    Box::new(move || {
        let number = checks.fetch_add(1, Ordering::SeqCst) + 1;
        async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            json!({ "number": number })
        }
        .boxed()
    })
}

async fn start(pages: &Pages, check: Check) -> ReadServer {
    install_tls();
    let args = ReadArgs {
        read_listen: "127.0.0.1:0".parse().unwrap(),
    };
    read_server::start(&args, pages.clone(), check)
        .await
        .unwrap()
}

async fn page(server: &ReadServer, path: &str) -> (u16, Value) {
    let answer = reqwest::get(format!("http://{}{path}", server.address));
    let answer = answer.await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn many_who_ask_at_once_share_one_check() {
    let checks = Arc::default();
    let server = start(&Pages::default(), counted(&checks)).await;
    let all = (0..20).map(|_| page(&server, "/v1/check"));
    for (status, said) in join_all(all).await {
        assert_eq!((status, said), (200, json!({ "number": 1 })));
    }
    assert_eq!(checks.load(Ordering::SeqCst), 1);
    server.task.abort();
}

#[tokio::test]
async fn a_check_whose_caller_hangs_up_holds_up_no_other() {
    let checks = Arc::default();
    let server = start(&Pages::default(), counted(&checks)).await;
    let hasty = page(&server, "/v1/check");
    let hasty = tokio::time::timeout(Duration::from_millis(100), hasty).await;
    assert!(hasty.is_err());
    assert_eq!(page(&server, "/v1/check").await.0, 200);
    server.task.abort();
}

#[tokio::test]
async fn the_pages_of_the_role_are_served_once_they_are_open_and_only_to_readers() {
    let pages = Pages::default();
    let server = start(&pages, counted(&Arc::default())).await;
    let (status, said) = page(&server, "/v1/own").await;
    let why = said["error"].as_str().unwrap();
    assert!(status == 503 && why.contains("waits"), "{status} {why}");

    let own = get(async || axum::Json(json!("own")));
    pages.open(Router::new().route("/v1/own", own));
    assert_eq!(page(&server, "/v1/own").await, (200, json!("own")));
    let client = reqwest::Client::new();
    for path in ["/v1/check", "/v1/own"] {
        let url = format!("http://{}{path}", server.address);
        for call in [client.post(&url), client.put(&url), client.delete(&url)] {
            let answer = call.body("{}").send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 405, "{path}");
        }
    }
    server.task.abort();
}
