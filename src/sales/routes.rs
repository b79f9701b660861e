//! Every route, and the document that describes them.

use super::parameters::IDEMPOTENCY_KEY;
use super::problem::{Problem, Reason};
use super::shop::Shop;
use super::{catalogue, checkout, legacy};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::routing::{get, post};
use axum::{Json, Router};
use std::sync::Arc;
use std::time::Duration;
use tower_http::cors::CorsLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How long a browser may remember what an origin may do: what most of them keep at most
/// (Chromium: two hours).
const CORS_REMEMBERED: Duration = Duration::from_secs(2 * 60 * 60);

#[derive(OpenApi)]
#[openapi(
    info(
        title = "restock-operator: Sales API",
        description = "Checks the stock and takes from it. A purchase that finds too little \
            leaves an out-of-stock message, which the relay publishes and from which a restock \
            comes; where the shop sends one at a time, only if no restock is under way. Another \
            method is answered 405 with Allow, another path 404 with the routes."
    ),
    tags((name = "shop", description = "Buyers and what they buy"))
)]
struct Document;

fn documented() -> OpenApiRouter<Arc<Shop>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(catalogue::products))
        .routes(routes!(catalogue::product))
        .routes(routes!(checkout::checkout))
        .routes(routes!(catalogue::sale))
}

/// The OpenAPI 3.1 document of the Sales API, as JSON.
///
/// # Panics
/// Never: it is made of texts and numbers.
pub fn openapi() -> String {
    let document = documented().into_openapi();
    document
        .to_pretty_json()
        .expect("texts and numbers are JSON")
        + "\n"
}

/// The routes of the shop; the old shop's too, where they are wanted.
pub(super) fn router(shop: Arc<Shop>, legacy_routes: bool, origins: &[HeaderValue]) -> Router {
    let (mut router, document) = documented().split_for_parts();
    let mut listed = vec!["GET /openapi.json".to_owned()];
    for (path, item) in &document.paths.paths {
        let method = if item.get.is_some() { "GET" } else { "POST" };
        listed.push(format!("{method} {path}"));
    }
    router = router.route("/openapi.json", get(async || Json(document)));
    if legacy_routes {
        router = router
            .route("/product/donut", get(legacy::product))
            .route("/checkout", post(legacy::checkout));
        listed.extend(["GET /product/donut".to_owned(), "POST /checkout".to_owned()]);
    }
    let routes = format!("The routes are: {}.", listed.join(", "));
    let mut router = router
        .fallback(async || Problem::new(Reason::NoSuchRoute, routes))
        .method_not_allowed_fallback(async |method: Method| {
            Problem::new(
                Reason::NoSuchMethod,
                format!("{method} is not allowed here."),
            )
        });
    if !origins.is_empty() {
        router = router.layer(cors(origins));
    }
    router.with_state(shop)
}

/// A browser may do for a page of these origins what any program may do.
fn cors(origins: &[HeaderValue]) -> CorsLayer {
    let key = HeaderName::from_bytes(IDEMPOTENCY_KEY.as_bytes());
    CorsLayer::new()
        .allow_origin(origins.to_vec())
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::CONTENT_TYPE, key.expect("a header's name")])
        // What a page may read besides: when to repeat what was answered 503.
        .expose_headers([header::RETRY_AFTER])
        .max_age(CORS_REMEMBERED)
}
