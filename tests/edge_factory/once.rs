//! One call, one connection, one order, straight to the factory.

use crate::posting::{
    PATIENCE, assert_one_order, client, in_doubt, placed, post, response, target,
};
use crate::raw_server::{RawServer, Step};
use std::process::Stdio;
use tokio::process::Command;
use tokio::time::timeout;

fn created() -> Step {
    Step::Write(response("201 Created", &["Connection: keep-alive"], ""))
}

/// A connection that served one order might be dead by the next: what was written to it
/// would be in doubt, or sent again by the HTTP library itself.
#[tokio::test]
async fn a_connection_serves_one_order() {
    let ends = [
        ("kept open", vec![Step::Hang]),
        ("closed", vec![]),
        ("reset at the second order", vec![Step::Read, Step::Reset]),
    ];
    for (name, end) in ends {
        let script = [vec![Step::Read, created()], end].concat();
        let server = RawServer::start(script).await;
        let client = client(&target(server.url("http")));
        for _ in 0..3 {
            assert_eq!(post(&client).await, placed(None), "{name}");
        }
        let seen = server.finish().await;
        assert_eq!((seen.connections, seen.requests.len()), (3, 3), "{name}");
    }
}

#[tokio::test]
async fn orders_at_the_same_time_share_no_connection() {
    let server = RawServer::start(vec![Step::Read, created(), Step::Hang]).await;
    let client = client(&target(server.url("http")));
    let answers = tokio::join!(post(&client), post(&client), post(&client));
    assert_eq!(answers, (placed(None), placed(None), placed(None)));
    let seen = server.finish().await;
    assert_eq!((seen.connections, seen.requests.len()), (3, 3));
}

#[tokio::test]
async fn a_failed_order_does_not_touch_the_next() {
    let server = RawServer::start(vec![Step::Read, Step::Reset]).await;
    let client = client(&target(server.url("http")));
    assert_eq!(post(&client).await, in_doubt());
    assert_eq!(post(&client).await, in_doubt());
    let seen = server.finish().await;
    assert_eq!((seen.connections, seen.requests.len()), (2, 2));
}

#[tokio::test]
async fn orders_go_straight_to_the_factory() {
    let server = RawServer::start(vec![Step::Read, created(), Step::Hang]).await;
    let client = client(&target(server.url("http")));
    assert_eq!(post(&client).await, placed(None));
    assert_one_order("straight", &server.finish().await);
}

/// Runs the test above in a process whose environment names a proxy: the environment of
/// this one belongs to all tests.
#[tokio::test]
async fn proxies_of_the_environment_are_ignored() {
    let refusal = Step::Write(response("403 Forbidden", &[], ""));
    let proxy = RawServer::start(vec![Step::Read, refusal, Step::Hang]).await;
    let mut straight = Command::new(std::env::current_exe().unwrap());
    straight
        .args(["--exact", "once::orders_go_straight_to_the_factory"])
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        let url = format!("http://127.0.0.1:{}", proxy.port());
        straight.env(name, &url).env(name.to_lowercase(), &url);
    }
    let ended = timeout(PATIENCE, straight.output()).await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{told}");
    assert!(
        told.contains("1 passed"),
        "the test has another name: {told}"
    );
    assert_eq!(proxy.finish().await.connections, 0);
}
