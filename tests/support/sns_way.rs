//! A way to SNS of a test's own: it refuses calls, or messages, holds publishes up, and leaves
//! SNS itself to the others.
#![allow(dead_code, reason = "each test file uses its part of it")]

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Longest body of a call: a batch of 256 KiB, each byte of it written as three.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// What publishes ten messages.
pub(crate) const PUBLISH: &str = "PublishBatch";

/// How a call is refused: its status and code.
pub(crate) type Refusal = (u16, &'static str);

#[derive(Default)]
struct Faults {
    refused: Option<(&'static str, Refusal)>,
    poison: Option<&'static str>,
    calls: u32,
}

struct Shared {
    faults: Mutex<Faults>,
    /// Whether publishes go on after their effect.
    open: watch::Sender<bool>,
    /// How many publishes had their effect.
    published: watch::Sender<u32>,
    client: reqwest::Client,
}

/// The way; it ends with the test.
pub(crate) struct SnsWay {
    shared: Arc<Shared>,
    url: String,
    server: JoinHandle<()>,
}

impl SnsWay {
    pub(crate) async fn new() -> Self {
        let shared = Arc::new(Shared {
            faults: Mutex::default(),
            open: watch::Sender::new(true),
            published: watch::Sender::new(0),
            client: reqwest::Client::new(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(relay).with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            shared,
            url,
            server,
        }
    }

    /// The setting that makes a role take this way.
    pub(crate) fn setting(&self) -> (&'static str, String) {
        ("AWS_ENDPOINT_URL_SNS", self.url.clone())
    }

    /// This action is refused from now on, or none any more.
    pub(crate) fn refuse(&self, what: Option<(&'static str, Refusal)>) {
        self.shared.faults().refused = what;
    }

    /// A message with this word in it is refused, and with it every batch that has it.
    pub(crate) fn poison(&self, word: &'static str) {
        self.shared.faults().poison = Some(word);
    }

    /// Publishes have their effect, and get no answer until this is opened again.
    pub(crate) fn hold(&self, held: bool) {
        self.shared.open.send_replace(!held);
    }

    /// Waits until so many publishes had their effect.
    pub(crate) async fn has_published(&self, calls: u32) {
        let mut published = self.shared.published.subscribe();
        published.wait_for(|count| *count >= calls).await.unwrap();
    }

    /// Calls that publish, refused or not.
    pub(crate) fn calls(&self) -> u32 {
        self.shared.faults().calls
    }
}

impl Drop for SnsWay {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn faults(&self) -> std::sync::MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why this call is refused, if it is.
    fn refusal(&self, body: &str) -> Option<Response<Body>> {
        let mut faults = self.faults();
        let publishes = body.contains(&format!("Action={PUBLISH}"));
        faults.calls += u32::from(publishes);
        let refused = faults
            .refused
            .filter(|(action, _)| body.contains(&format!("Action={action}")));
        if let Some((_, refusal)) = refused {
            return Some(error(refusal));
        }
        let poisoned = publishes && faults.poison.is_some_and(|word| body.contains(word));
        // As SNS does it: what is wrong with one message may be said of the whole batch.
        let alone = !body.contains("member.2.Id");
        poisoned.then(|| match alone {
            true => failed_entry(),
            false => error((400, "InvalidParameter")),
        })
    }

    async fn forward(&self, parts: &axum::http::request::Parts, body: Bytes) -> Response<Body> {
        let endpoint = std::env::var("AWS_ENDPOINT_URL").unwrap();
        let call = self.client.request(parts.method.clone(), endpoint);
        let mut headers = parts.headers.clone();
        headers.remove("host");
        let answer = call.headers(headers).body(body).send().await.unwrap();
        let mut response = Response::builder().status(answer.status());
        *response.headers_mut().unwrap() = answer.headers().clone();
        let bytes = answer.bytes().await.unwrap();
        response.body(Body::from(bytes)).unwrap()
    }
}

async fn relay(State(way): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_BYTES_MAX).await.unwrap();
    let text = String::from_utf8_lossy(&body).into_owned();
    if let Some(refusal) = way.refusal(&text) {
        return refusal;
    }
    let answer = way.forward(&parts, body).await;
    if text.contains(&format!("Action={PUBLISH}")) {
        way.published.send_modify(|count| *count += 1);
        let mut open = way.open.subscribe();
        open.wait_for(|open| *open).await.unwrap();
    }
    answer
}

fn error((status, code): Refusal) -> Response<Body> {
    let text = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>as the test says</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    );
    let mut answer = Response::new(Body::from(text));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    answer
}

fn failed_entry() -> Response<Body> {
    Response::new(Body::from(
        "<PublishBatchResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
         <PublishBatchResult><Successful/><Failed><member><Id>0</Id>\
         <Code>InvalidParameter</Code><Message>as the test says</Message>\
         <SenderFault>true</SenderFault></member></Failed></PublishBatchResult>\
         <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></PublishBatchResponse>",
    ))
}
