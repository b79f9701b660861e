//! The legacy factory, as it behaves: for tests, the demo and trying things by hand.
//!
//! It takes `POST /api/manufactures`, validates nothing, answers 201, forgets everything when it
//! ends, and some time later POSTs the order's own JSON to its `CallbackUrl`, once, giving up
//! after 5 s. Words in an order's requester choose faults or a delay for that order alone; see
//! `Wishes`. `GET /orders` and `GET /orders/SKU` answer what was received, oldest first.

#[path = "factory/book.rs"]
mod book;
#[path = "factory/connections.rs"]
mod connections;
#[path = "factory/wishes.rs"]
mod wishes;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::Parser;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::book::{Book, Order};
use crate::connections::NoAnswer;
use crate::wishes::{Fault, Wishes};

/// The factory gives up on a slow callback after this time, as the real one does.
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(5);
/// A hanging answer outlasts every caller's time-out (the operator's is 10 s), then ends.
const HANG: Duration = Duration::from_secs(60);
/// An order is under 2 KiB; more is not one.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Told with 503: long enough to be seen to be kept, short enough for a test.
const RETRY_AFTER_SECONDS: &str = "2";

/// The legacy factory.
#[derive(Parser)]
struct Arguments {
    /// Address to listen on.
    #[arg(long, env = "FACTORY_LISTEN", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Time from an order to its callback, in milliseconds.
    #[arg(long, env = "FACTORY_DELAY_MS", default_value_t = 40_000)]
    delay_ms: u64,
}

struct Factory {
    book: Book,
    delay: Duration,
    client: reqwest::Client,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    // An error means that a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .timeout(CALLBACK_TIMEOUT)
        .no_proxy();
    let factory = Arc::new(Factory {
        book: Book::default(),
        delay: Duration::from_millis(arguments.delay_ms),
        client: client.build()?,
    });
    let router = Router::new()
        .route("/api/manufactures", post(manufacture))
        .route("/orders", get(orders))
        .route("/orders/{product}", get(orders_for))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(factory);
    let listener = TcpListener::bind(arguments.listen).await?;
    println!("factory: listening on http://{}", listener.local_addr()?);
    connections::serve(listener, router).await
}

async fn orders(State(factory): State<Arc<Factory>>) -> Json<Vec<Order>> {
    Json(factory.book.list(None))
}

async fn orders_for(
    State(factory): State<Arc<Factory>>,
    Path(product): Path<String>,
) -> Json<Vec<Order>> {
    Json(factory.book.list(Some(&product)))
}

async fn manufacture(State(factory): State<Arc<Factory>>, body: Bytes) -> Response {
    let Ok(json) = serde_json::from_slice::<Value>(&body) else {
        return (StatusCode::BAD_REQUEST, "not JSON").into_response();
    };
    let (order, earlier) = factory.book.enter(&json);
    let wishes = Wishes::read(order.requester.as_deref().unwrap_or_default(), earlier);
    if let Some(refusal) = refusal(&wishes) {
        return refusal;
    }
    let receipt = receipt(&order);
    if wishes.has(Fault::Early) {
        call_back(&factory, &order, &body).await;
        return (StatusCode::OK, Json(receipt)).into_response();
    }
    tokio::spawn(call_back_later(factory, order, body, wishes.clone()));
    answer(&wishes, &receipt).await
}

/// The answer to an order that is not taken, if that is the wish.
fn refusal(wishes: &Wishes) -> Option<Response> {
    Some(match wishes.faults.first()? {
        Fault::Refuse => (StatusCode::BAD_REQUEST, "refused").into_response(),
        Fault::Error => (StatusCode::INTERNAL_SERVER_ERROR, "error").into_response(),
        Fault::Throttle => (StatusCode::TOO_MANY_REQUESTS, "throttled").into_response(),
        Fault::Unavailable => {
            let retry_after = [(header::RETRY_AFTER, RETRY_AFTER_SECONDS)];
            (StatusCode::SERVICE_UNAVAILABLE, retry_after).into_response()
        }
        Fault::Redirect => (StatusCode::FOUND, [(header::LOCATION, "/orders")]).into_response(),
        _ => return None,
    })
}

/// The body of a good answer; `reqestor` is how the factory really spells it.
fn receipt(order: &Order) -> Value {
    json!({"data": {"id": order.id, "reqestor": order.requester, "data": order.body}})
}

/// The answer to an order that is taken.
async fn answer(wishes: &Wishes, receipt: &Value) -> Response {
    if wishes.has(Fault::Hang) {
        tokio::time::sleep(HANG).await;
        return NoAnswer.into_response();
    }
    if wishes.has(Fault::Drop) {
        return NoAnswer.into_response();
    }
    let body = receipt.to_string();
    let body = if wishes.has(Fault::Reset) {
        connections::cut_short(&body)
    } else if wishes.has(Fault::Garbage) {
        Body::from("<html>order <b>taken")
    } else {
        Body::from(body)
    };
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::CREATED, content_type, body).into_response()
}

async fn call_back_later(factory: Arc<Factory>, order: Order, body: Bytes, wishes: Wishes) {
    tokio::time::sleep(wishes.delay.unwrap_or(factory.delay)).await;
    if wishes.has(Fault::Lose) {
        return;
    }
    call_back(&factory, &order, &body).await;
    if wishes.has(Fault::Twice) {
        call_back(&factory, &order, &body).await;
    }
}

/// The error and what is behind it.
fn causes(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    let words: Vec<String> = chain.map(ToString::to_string).collect();
    words.join(": ")
}

/// Calls back once; whatever comes of it is written down and otherwise ignored.
async fn call_back(factory: &Factory, order: &Order, body: &Bytes) {
    let Some(url) = order.body.get("CallbackUrl").and_then(Value::as_str) else {
        return;
    };
    let request = factory.client.post(url).body(body.clone());
    let content_type = (header::CONTENT_TYPE, "application/json");
    let result = match request.header(content_type.0, content_type.1).send().await {
        Ok(response) => response.status().as_u16().to_string(),
        // Without the URL: it is a signed one, and answers are listed.
        Err(error) => causes(&error.without_url()),
    };
    factory.book.note(&order.id, result);
}
