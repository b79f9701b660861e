//! The test's own factory: as the legacy one, but that it takes one order, that of this run.

use super::message::QUANTITY;
use crate::domain::order::Sku;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// Where legacy factories take orders.
pub(super) const PATH: &str = "/api/manufactures";

/// An order is under 2 KiB; more is not one.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// What comes before the token in the URL of every callback.
const CALLBACK_PATH: &str = "/v1/arrivals/";

/// The order that came, once it comes.
pub(super) type TestFactory = oneshot::Receiver<Value>;

struct Desk {
    /// The factory id of this run: nobody else knows it, so nobody else makes this process
    /// call a URL of theirs.
    name: String,
    order: Mutex<Option<oneshot::Sender<Value>>>,
}

/// The factory of this run, and where its order comes out.
pub(super) fn open(name: &str) -> (Router, TestFactory) {
    let (sender, order) = oneshot::channel();
    let desk = Desk {
        name: name.to_owned(),
        order: Mutex::new(Some(sender)),
    };
    let pages = Router::new()
        .route(PATH, post(manufacture))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(Arc::new(desk));
    (pages, order)
}

async fn manufacture(State(desk): State<Arc<Desk>>, body: Bytes) -> Response {
    let order = serde_json::from_slice::<Value>(&body).unwrap_or_default();
    if order["MessageAttributeFactoryId"] != desk.name.as_str() {
        return (StatusCode::FORBIDDEN, "not an order of this test").into_response();
    }
    let sender = desk.order.lock();
    let Some(sender) = sender.unwrap_or_else(PoisonError::into_inner).take() else {
        return (StatusCode::CONFLICT, "ordered before").into_response();
    };
    // `reqestor` is how the legacy factory really spells it.
    let receipt = json!({"data": {
        "id": desk.name, "reqestor": order["MessageAttributeRequester"], "data": order,
    }});
    // Nobody waits any more: the test is being cleaned up.
    let _ = sender.send(order);
    (StatusCode::CREATED, Json(receipt)).into_response()
}

/// The order's callback URL, if it is an order for the test's product.
///
/// # Errors
/// What is wrong with the order.
pub(super) fn callback_url(order: &Value, sku: &Sku) -> Result<String, String> {
    let (product, count) = (
        &order["MessageAttributeProductId"],
        &order["MessageAttributeProductCnt"],
    );
    // Orders have it as text.
    if *product != sku.as_str() || *count != QUANTITY.to_string().as_str() {
        return Err(format!(
            "it asks for {count} of {product}, not for {QUANTITY} of {sku}"
        ));
    }
    let url = order["CallbackUrl"].as_str().unwrap_or_default();
    if base(url).is_none() {
        return Err("it has no CallbackUrl of ours".to_owned());
    }
    Ok(url.to_owned())
}

/// The URL without its token, for people.
pub(super) fn base(url: &str) -> Option<&str> {
    url.split_once(CALLBACK_PATH).map(|(base, _)| base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_order_for_the_test_is_called_back() {
        let (sku, all) = (Sku::parse("TEST").unwrap(), QUANTITY.to_string());
        let order = |product: &str, count: &str, url: &str| {
            json!({
                "MessageAttributeProductId": product, "MessageAttributeProductCnt": count,
                "CallbackUrl": url,
            })
        };
        let url = "https://restock.example.com/in/v1/arrivals/k1/claims/mac";
        assert_eq!(callback_url(&order("TEST", &all, url), &sku).unwrap(), url);
        assert_eq!(base(url), Some("https://restock.example.com/in"));
        for wrong in [
            order("OTHER", &all, url),
            order("TEST", "2", url),
            order("TEST", &all, "https://elsewhere.example/"),
            json!({}),
        ] {
            assert!(callback_url(&wrong, &sku).is_err(), "{wrong}");
        }
    }
}
