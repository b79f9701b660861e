//! A collector of traces on a port of its own, that keeps what it takes, or hangs.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// One span, in words.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) service: String,
    pub(crate) name: String,
    /// In hex.
    pub(crate) trace: String,
    /// Id of the parent span, in hex.
    pub(crate) parent: String,
    pub(crate) attributes: BTreeMap<String, String>,
}

#[derive(Clone, Default)]
struct Taken {
    hangs: bool,
    bodies: Arc<Mutex<Vec<Bytes>>>,
}

/// The collector, for as long as the test runs.
pub(crate) struct Collector {
    /// What to set so that a role sends its traces here.
    pub(crate) url: String,
    taken: Taken,
}

impl Collector {
    /// One that takes everything.
    pub(crate) async fn open() -> Self {
        Self::start(false).await
    }

    /// One that takes a request and never answers it.
    pub(crate) async fn hanging() -> Self {
        Self::start(true).await
    }

    async fn start(hangs: bool) -> Self {
        let taken = Taken {
            hangs,
            ..Taken::default()
        };
        let app = Router::new()
            .route("/v1/traces", post(take))
            .with_state(taken.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, taken }
    }

    /// How many exports began.
    pub(crate) fn exports(&self) -> usize {
        self.taken.bodies.lock().unwrap().len()
    }

    /// All spans so far.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let bodies = self.taken.bodies.lock().unwrap();
        bodies.iter().cloned().flat_map(spans).collect()
    }
}

async fn take(State(taken): State<Taken>, headers: HeaderMap, body: Bytes) {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    taken.bodies.lock().unwrap().push(body);
    if taken.hangs {
        std::future::pending::<()>().await;
    }
}

fn spans(body: Bytes) -> Vec<Span> {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let mut spans = Vec::new();
    for resource in request.resource_spans {
        let about = attributes(resource.resource.unwrap().attributes);
        for span in resource.scope_spans.into_iter().flat_map(|one| one.spans) {
            spans.push(Span {
                service: about["service.name"].clone(),
                name: span.name,
                trace: hex(&span.trace_id),
                parent: hex(&span.parent_span_id),
                attributes: attributes(span.attributes),
            });
        }
    }
    spans
}

fn attributes(pairs: Vec<KeyValue>) -> BTreeMap<String, String> {
    let text = |value| match value {
        Value::StringValue(text) => text,
        Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    let pair = |pair: KeyValue| Some((pair.key, text(pair.value?.value?)));
    pairs.into_iter().filter_map(pair).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
