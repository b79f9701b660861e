//! A way to the API server of a test's own: it counts the writes, loses their answers,
//! holds one up, or changes what is read, and leaves the server itself to the others.
#![allow(dead_code, reason = "each test file uses its part of it")]

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{Method, Response, StatusCode, Uri};
use futures::{StreamExt, stream};
use kube::Client;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Longest body that a role sends; etcd takes no more.
const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// One write: its method, its path, and the phase that a status write brings.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Write {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) phase: String,
    pub(crate) finished: bool,
}

/// On which side of its effect a write is held up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Before,
    After,
}

/// What becomes of dry runs where the writes themselves fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rehearsals {
    Pass,
    Fail,
}

/// What is wrong with the way.
#[derive(Default)]
struct Faults {
    closed: bool,
    loses_first_answers: bool,
    lost: HashSet<Write>,
    hold: Option<(String, Side)>,
    unreadable: Option<String>,
    chokes_on: Option<(String, Rehearsals)>,
    forgotten: u32,
    reads: usize,
    writes: Vec<Write>,
}

struct Shared {
    client: Client,
    faults: Mutex<Faults>,
    held: Notify,
}

/// The way; it ends with the test.
pub(crate) struct ApiWay {
    shared: Arc<Shared>,
    kubeconfig: PathBuf,
    server: JoinHandle<()>,
}

impl ApiWay {
    /// A way through `client`. The file is named after the namespace, which is the test's.
    pub(crate) async fn new(client: &Client, namespace: &str) -> Self {
        let shared = Arc::new(Shared {
            client: client.clone(),
            faults: Mutex::default(),
            held: Notify::new(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(relay).with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let kubeconfig = std::env::temp_dir().join(format!("{namespace}-kubeconfig"));
        std::fs::write(&kubeconfig, config(address)).unwrap();
        Self {
            shared,
            kubeconfig,
            server,
        }
    }

    /// The setting that makes a role take this way.
    pub(crate) fn setting(&self) -> (&'static str, String) {
        ("KUBECONFIG", self.kubeconfig.display().to_string())
    }

    /// Nothing gets through any more, or everything again.
    pub(crate) fn close(&self, closed: bool) {
        self.faults().closed = closed;
    }

    /// Each different write has its effect, but its first answer is lost.
    pub(crate) fn lose_first_answers(&self) {
        self.faults().loses_first_answers = true;
    }

    /// The next status write of this phase stops before or after its effect.
    pub(crate) fn hold(&self, phase: &str, side: Side) {
        self.faults().hold = Some((phase.to_owned(), side));
    }

    /// Waits until that write is held up. It is never let go.
    pub(crate) async fn is_held(&self) {
        self.shared.held.notified().await;
    }

    /// The object of this name has a reason that this version does not know.
    pub(crate) fn make_unreadable(&self, name: &str) {
        self.faults().unreadable = Some(name.to_owned());
    }

    /// Every create with this text in it is answered 500, or none any more.
    pub(crate) fn choke_on(&self, text: Option<(&str, Rehearsals)>) {
        let text = text.map(|(text, rehearsals)| (text.to_owned(), rehearsals));
        self.faults().chokes_on = text;
    }

    /// So many watches of restock requests are told that what they have seen is too old.
    pub(crate) fn forget(&self, watches: u32) {
        self.faults().forgotten = watches;
    }

    /// How often restock requests were read: each, in pages, or by a watch.
    pub(crate) fn reads(&self) -> usize {
        self.faults().reads
    }

    /// Every write of restock requests that came this way.
    pub(crate) fn writes(&self) -> Vec<Write> {
        self.faults().writes.clone()
    }

    fn faults(&self) -> std::sync::MutexGuard<'_, Faults> {
        self.shared.faults()
    }
}

impl Drop for ApiWay {
    fn drop(&mut self) {
        self.server.abort();
        let _ = std::fs::remove_file(&self.kubeconfig);
    }
}

impl Shared {
    fn faults(&self) -> std::sync::MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn chokes(&self, body: &[u8], rehearsal: bool) -> bool {
        let body = String::from_utf8_lossy(body);
        let faults = self.faults();
        let choked = faults.chokes_on.as_ref();
        choked.is_some_and(|(text, rehearsals)| {
            body.contains(text) && (!rehearsal || *rehearsals == Rehearsals::Fail)
        })
    }

    async fn forward(&self, request: Request, body: Bytes) -> Response<Body> {
        let (mut parts, _) = request.into_parts();
        let path = parts.uri.path_and_query().unwrap().as_str().to_owned();
        parts.uri = path.parse::<Uri>().unwrap();
        parts.headers.remove("host");
        let request = Request::from_parts(parts, kube::client::Body::from(body.to_vec()));
        match self.client.send(request).await {
            Ok(answer) => answer.map(Body::new),
            Err(_) => status(StatusCode::BAD_GATEWAY),
        }
    }
}

fn config(address: SocketAddr) -> String {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "way",
        "clusters": [{ "name": "way", "cluster": { "server": format!("http://{address}") } }],
        "contexts": [{ "name": "way", "context": { "cluster": "way", "user": "way" } }],
        "users": [{ "name": "way", "user": {} }],
    })
    .to_string()
}

async fn relay(State(way): State<Arc<Shared>>, request: Request) -> Response<Body> {
    if way.faults().closed {
        return status(StatusCode::SERVICE_UNAVAILABLE);
    }
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_BYTES_MAX).await.unwrap();
    let rehearsal = parts
        .uri
        .query()
        .is_some_and(|query| query.contains("dryRun"));
    if parts.method == Method::POST && way.chokes(&body, rehearsal) {
        return status(StatusCode::INTERNAL_SERVER_ERROR);
    }
    let write = write(&parts.method, parts.uri.path(), &body).filter(|_| !rehearsal);
    let request = Request::from_parts(parts, Body::empty());
    let Some(write) = write else {
        if is_forgotten(&way, &request) {
            return expired();
        }
        let answer = way.forward(request, body).await;
        return bent(&way, answer);
    };
    hold(&way, &write, Side::Before).await;
    let answer = way.forward(request, body).await;
    hold(&way, &write, Side::After).await;
    let lost = {
        let mut faults = way.faults();
        faults.writes.push(write.clone());
        faults.loses_first_answers && faults.lost.insert(write)
    };
    if lost { cut() } else { answer }
}

/// Counts a read of requests; whether it is a watch of what is too old.
fn is_forgotten(way: &Shared, request: &Request) -> bool {
    if *request.method() != Method::GET || !request.uri().path().contains("/restockrequests") {
        return false;
    }
    let mut faults = way.faults();
    faults.reads += 1;
    let watch = request
        .uri()
        .query()
        .is_some_and(|query| query.contains("watch=true"));
    if !watch || faults.forgotten == 0 {
        return false;
    }
    faults.forgotten -= 1;
    true
}

/// As the API server says it, in the stream of the watch.
fn expired() -> Response<Body> {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 410,
        "reason": "Expired", "message": "too old resource version",
    });
    let event = json!({ "type": "ERROR", "object": status });
    Response::new(Body::from(format!("{event}\n")))
}

/// The write of a request's object that this is, if it is one.
fn write(method: &Method, path: &str, body: &[u8]) -> Option<Write> {
    if *method == Method::GET || !path.contains("/restockrequests") {
        return None;
    }
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    Some(Write {
        method: method.clone(),
        path: path.to_owned(),
        phase: text("/status/phase").unwrap_or_default().to_owned(),
        finished: body.pointer("/status/finished") == Some(&Value::Bool(true)),
    })
}

async fn hold(way: &Shared, write: &Write, side: Side) {
    let held = {
        let mut faults = way.faults();
        let this = faults
            .hold
            .as_ref()
            .is_some_and(|(phase, at)| *phase == write.phase && *at == side);
        if this {
            faults.hold = None;
        }
        this
    };
    if held {
        way.held.notify_one();
        std::future::pending::<()>().await;
    }
}

fn status(code: StatusCode) -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = code;
    answer
}

/// An answer of which only the first line comes.
fn cut() -> Response<Body> {
    let broken = stream::once(async { Err::<Bytes, _>(std::io::Error::other("cut")) });
    Response::new(Body::from_stream(broken))
}

/// The answer, line by line (a watch is a stream of them, anything else is one), each
/// changed on its way.
fn bent(way: &Shared, answer: Response<Body>) -> Response<Body> {
    let Some(name) = way.faults().unreadable.clone() else {
        return answer;
    };
    let (mut parts, body) = answer.into_parts();
    parts.headers.remove("content-length");
    let rest = (body.into_data_stream(), Vec::new(), false);
    let lines = stream::unfold(rest, move |(mut chunks, mut rest, ended)| {
        let name = name.clone();
        async move {
            let mut ended: bool = ended;
            loop {
                let newline = rest.iter().position(|byte| *byte == b'\n');
                let end = newline.map(|at| at + 1).or(ended.then_some(rest.len()));
                if let Some(end) = end.filter(|end| *end > 0) {
                    let line: Vec<u8> = rest.drain(..end).collect();
                    let line = Ok::<_, Infallible>(Bytes::from(change(&line, &name)));
                    return Some((line, (chunks, rest, ended)));
                }
                if ended {
                    return None;
                }
                match chunks.next().await {
                    Some(Ok(chunk)) => rest.extend_from_slice(&chunk),
                    _ => ended = true,
                }
            }
        }
    });
    Response::from_parts(parts, Body::from_stream(lines))
}

fn change(line: &[u8], name: &str) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice::<Value>(line) else {
        return line.to_vec();
    };
    let mut objects: Vec<&mut Value> = Vec::new();
    if value.get("items").is_some() {
        objects.extend(value["items"].as_array_mut().unwrap());
    } else if value.get("object").is_some() {
        objects.push(&mut value["object"]);
    } else {
        objects.push(&mut value);
    }
    for object in objects {
        if object.pointer("/metadata/name").and_then(Value::as_str) == Some(name) {
            object["status"]["reason"] = "WordOfTomorrow".into();
        }
    }
    let mut changed = serde_json::to_vec(&value).unwrap();
    changed.push(b'\n');
    changed
}
