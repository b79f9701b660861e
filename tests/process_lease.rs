//! Needs nothing: the API server here is a transport in memory that can fall silent.
//! Proves who leads, that nobody goes on leading without an API server, and that who may
//! not use the lease says so and is not ready.

use axum::http::{Method, Request, Response, StatusCode};
use kube::client::Body;
use restock_operator::process::Process;
use restock_operator::process::lease::Lease;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// One lease, its version, whether anybody answers, and whether anything is allowed.
#[derive(Clone, Default)]
struct ApiServer {
    lease: Arc<Mutex<Option<Value>>>,
    silent: Arc<AtomicBool>,
    forbids: Arc<AtomicBool>,
}

impl ApiServer {
    fn client(&self) -> kube::Client {
        let server = self.clone();
        let answer = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        });
        kube::Client::new(answer, "default")
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        if self.silent.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.forbids.load(Ordering::SeqCst) {
            let name = "n".repeat(63);
            let said = format!(
                "leases.coordination.k8s.io \"controller\" is forbidden: User \
                 \"system:serviceaccount:{name}:{name}\" cannot get resource \"leases\" in API group \
                 \"coordination.k8s.io\" in the namespace \"{name}\""
            );
            return refuse(StatusCode::FORBIDDEN, &said);
        }
        let method = request.method().clone();
        let sent = request.into_body().collect_bytes().await.expect("a body");
        let mut lease = self.lease.lock().expect("no panic");
        let version = |lease: &Value| lease["metadata"]["resourceVersion"].clone();
        match (method, lease.as_ref()) {
            (Method::GET, Some(lease)) => reply(StatusCode::OK, lease),
            (Method::GET, None) => refuse(StatusCode::NOT_FOUND, "NotFound"),
            (Method::POST, Some(_)) => refuse(StatusCode::CONFLICT, "AlreadyExists"),
            (_, before) => {
                let mut next: Value = serde_json::from_slice(&sent).expect("JSON");
                if before.is_some_and(|before| version(before) != version(&next)) {
                    return refuse(StatusCode::CONFLICT, "Conflict");
                }
                let number = before.and_then(|lease| version(lease).as_str()?.parse::<u64>().ok());
                let number = number.unwrap_or(0) + 1;
                next["metadata"]["resourceVersion"] = json!(number.to_string());
                reply(StatusCode::OK, lease.insert(next))
            }
        }
    }

    fn holder(&self) -> Value {
        let lease = self.lease.lock().expect("no panic");
        lease
            .as_ref()
            .map_or(Value::Null, |lease| lease["spec"]["holderIdentity"].clone())
    }
}

fn reply(status: StatusCode, body: &Value) -> Response<Body> {
    let bytes = serde_json::to_vec(body).expect("JSON");
    Response::builder()
        .status(status)
        .body(Body::from(bytes))
        .expect("an answer")
}

fn refuse(status: StatusCode, reason: &str) -> Response<Body> {
    let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure",
        "message": reason, "reason": reason, "code": status.as_u16()});
    reply(status, &body)
}

fn stand(server: &ApiServer, identity: &str) -> (Process, watch::Receiver<bool>) {
    let process = Process::default();
    let client = server.client();
    let leads = Lease::spawn(client, "default", "controller", identity, &process);
    (process, leads)
}

async fn becomes(leads: &mut watch::Receiver<bool>, wanted: bool, within: Duration) {
    let changed = timeout(within, leads.wait_for(|leads| *leads == wanted)).await;
    changed
        .unwrap_or_else(|_| panic!("not {wanted} within {within:?}"))
        .expect("a candidate");
}

#[tokio::test]
async fn one_leads_and_its_shutdown_hands_over_at_once() {
    let server = ApiServer::default();
    let (first_process, mut first) = stand(&server, "first");
    becomes(&mut first, true, Duration::from_secs(5)).await;
    let (_second_process, mut second) = stand(&server, "second");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!*second.borrow(), "two lead");
    assert_eq!(server.holder(), json!("first"));

    first_process.shutdown.cancel();
    first_process.tasks.close();
    first_process.tasks.wait().await;
    assert!(!*first.borrow_and_update());
    becomes(&mut second, true, Duration::from_secs(5)).await;
    assert_eq!(server.holder(), json!("second"));
}

#[tokio::test]
async fn a_silent_api_server_ends_leadership_by_the_clock() {
    let server = ApiServer::default();
    let (process, mut leads) = stand(&server, "only");
    becomes(&mut leads, true, Duration::from_secs(5)).await;
    server.silent.store(true, Ordering::SeqCst);
    let silent_since = Instant::now();
    becomes(&mut leads, false, Duration::from_secs(11)).await;
    assert!(
        silent_since.elapsed() > Duration::from_secs(5),
        "given up long before the deadline"
    );
    assert!(
        process.health.liveness().ok,
        "a loop that fails in time is alive"
    );

    server.silent.store(false, Ordering::SeqCst);
    becomes(&mut leads, true, Duration::from_secs(8)).await;
}

#[tokio::test]
async fn a_lease_that_its_holder_left_is_taken_after_its_duration() {
    let server = ApiServer::default();
    let left = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "controller", "resourceVersion": "7"},
        "spec": {"holderIdentity": "gone", "leaseDurationSeconds": 3, "leaseTransitions": 4,
            "renewTime": "2999-01-01T00:00:00.000000Z"}});
    *server.lease.lock().expect("no panic") = Some(left);
    let (_process, mut leads) = stand(&server, "next");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!*leads.borrow());
    becomes(&mut leads, true, Duration::from_secs(9)).await;
    let lease = server
        .lease
        .lock()
        .expect("no panic")
        .clone()
        .expect("a lease");
    assert_eq!(lease["spec"]["leaseTransitions"], json!(5));
}

async fn is_ready(process: &Process, wanted: bool) -> String {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        let report = process.health.readiness();
        let lines = report.lines.join("\n");
        if report.ok == wanted {
            return lines;
        }
        assert!(Instant::now() < until, "ready is not {wanted}: {lines}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn who_may_not_use_the_lease_says_so_and_is_ready_when_it_may() {
    let server = ApiServer::default();
    server.forbids.store(true, Ordering::SeqCst);
    let (process, mut leads) = stand(&server, "only");
    let until = Instant::now() + Duration::from_secs(5);
    let why = loop {
        let why = is_ready(&process, false).await;
        if !why.contains("starting") {
            break why;
        }
        assert!(Instant::now() < until, "{why}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let advice = "bind a Role there that may get, create and update leases";
    assert!(
        why.starts_with("[-] lease: ") && why.contains(" is forbidden: ") && why.contains(advice),
        "{why}"
    );
    server.forbids.store(false, Ordering::SeqCst);
    becomes(&mut leads, true, Duration::from_secs(5)).await;
    is_ready(&process, true).await;

    // Taken away later.
    server.forbids.store(true, Ordering::SeqCst);
    assert!(is_ready(&process, false).await.contains(advice));
    becomes(&mut leads, false, Duration::from_secs(11)).await;
    server.forbids.store(false, Ordering::SeqCst);
    becomes(&mut leads, true, Duration::from_secs(5)).await;
    is_ready(&process, true).await;
}

#[tokio::test]
async fn who_only_stands_by_is_ready() {
    let server = ApiServer::default();
    let (_first, mut leads) = stand(&server, "first");
    becomes(&mut leads, true, Duration::from_secs(5)).await;
    let (second, _leads) = stand(&server, "second");
    is_ready(&second, true).await;
}
