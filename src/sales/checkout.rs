//! `POST /v1/checkout`: one purchase.

use super::body;
use super::parameters::{IDEMPOTENCY_KEY, idempotency_key, trace_parent};
use super::problem::{Problem, Reason};
use super::shop::Shop;
use super::till::NoVerdict;
use crate::domain::order::{EventId, IdempotencyKey, SaleId};
use crate::domain::purchase::{Answer, Form, Purchase, Verdict};
use crate::process::{clock, random};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use utoipa::ToSchema;

/// Longest wait for a purchase once its body is there, whatever its product is called: that at
/// the till, and a second for a look at the names.
pub(super) const BOUGHT_WITHIN: Duration = Duration::from_secs(6);

/// What is bought: all of it is sold, or nothing. The same under the same key is the same
/// purchase.
// It is parsed by the domain, which names every field that is wrong.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is only described")]
pub(super) struct Checkout {
    /// The product: its SKU, or another id that the shop has for it.
    #[schema(example = "CP-502101", pattern = "^[A-Za-z0-9._:-]{1,128}$")]
    sku: String,
    /// How many.
    #[schema(example = 1, minimum = 1, maximum = 1_000_000)]
    quantity: u32,
    /// By whom: a name or number of the shop's own.
    #[schema(example = "minji", min_length = 1, max_length = 128)]
    buyer: String,
}

/// A sale.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sold {
    /// The sale, for `GET /v1/sales/{id}`.
    #[schema(example = "5f0c2a4be1d84c0f9a7d3f1e6b2c8d90")]
    sale_id: String,
    /// The product's SKU.
    #[schema(example = "CP-502101")]
    sku: String,
    /// How many were sold.
    #[schema(example = 1)]
    quantity: u32,
    /// How many are left after it.
    #[schema(example = 9)]
    remaining: i64,
}

/// Buys.
///
/// All that is wanted is sold, or nothing. The same key gives the same answer, for 30 days,
/// also if the first one was never read: repeat with it after a time-out or a 503. An answer of
/// 400, 404, 408 or 413 leaves the key free.
#[utoipa::path(
    post,
    path = "/v1/checkout",
    tag = "shop",
    params((
        "Idempotency-Key" = String, Header,
        description = "A new word for each purchase, such as a UUID: 1 to 128 of A-Za-z0-9._:-, \
            in quotes or not",
        pattern = r#"^([A-Za-z0-9._:-]{1,128}|"[A-Za-z0-9._:-]{1,128}")$"#,
        min_length = 1, max_length = 130
    )),
    request_body = Checkout,
    responses(
        (status = 200, description = "Sold", body = Sold),
        (status = 400, description = "Something in the request is wrong", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "No such product", body = Problem,
            content_type = "application/problem+json"),
        (status = 408, description = "The body did not come in time", body = Problem,
            content_type = "application/problem+json"),
        (status = 409, description = "Out of stock: nothing was sold", body = Problem,
            content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than a purchase can be",
            body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The key belongs to another purchase", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "Not done, or not known: repeat with the same key",
            body = Problem, content_type = "application/problem+json",
            headers(("Retry-After" = u32, description = "Seconds until then"))),
    )
)]
pub(super) async fn checkout(
    State(shop): State<Arc<Shop>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Sold>, Problem> {
    let key = idempotency_key(&headers)?;
    let form = Form::parse(&body::read(body).await?).map_err(Problem::fields)?;
    let mut purchase = purchase(key, form, trace_parent(&headers));
    match buy(&shop, &mut purchase, BOUGHT_WITHIN)
        .await
        .map_err(Problem::from)?
    {
        Verdict::KeyReused => Err(Problem::new(
            Reason::KeyReused,
            format!("Draw a new {IDEMPOTENCY_KEY} for each purchase."),
        )),
        Verdict::Unreadable(_) => Err(Problem::new(
            Reason::Unavailable,
            "It was answered before, by another version of the shop that this one cannot read. \
             Try again with the same key.",
        )),
        Verdict::Answered(answer) => told(&purchase.form, answer),
    }
}

fn told(form: &Form, answer: Answer) -> Result<Json<Sold>, Problem> {
    let Form { sku, quantity, .. } = form;
    match answer {
        Answer::Sold { sale_id, remaining } => Ok(Json(Sold {
            sale_id: sale_id.to_string(),
            sku: sku.to_string(),
            quantity: quantity.get(),
            remaining,
        })),
        Answer::OutOfStock { available, restock } => {
            let detail = format!("{sku}: {quantity} wanted, {available} available");
            Err(Problem::out_of_stock(detail, available, restock))
        }
    }
}

/// The purchase, with ids of its own: drawn before the first try, so that a repeat of an
/// uncertain one is the same.
pub(super) fn purchase(key: IdempotencyKey, form: Form, trace_parent: Option<String>) -> Purchase {
    let word = random::hex_128();
    Purchase {
        key,
        form,
        sale_id: SaleId::parse(&word).expect("hex digits are a word"),
        event_id: EventId::parse(&word).expect("hex digits are a word"),
        trace_parent,
    }
}

/// The verdict on a purchase, within that time. Its product may be named by any id that the shop
/// has for it, and has its SKU afterwards.
pub(super) async fn buy(
    shop: &Shop,
    purchase: &mut Purchase,
    within: Duration,
) -> Result<Verdict, NoVerdict> {
    let began = clock::now();
    let ended = timeout(within, named(shop, purchase)).await;
    let ended = ended.unwrap_or_else(|_| Err(NoVerdict::Unknown("no answer in time".to_owned())));
    shop.metrics.ended(&ended, clock::now().since(began));
    ended
}

async fn named(shop: &Shop, purchase: &mut Purchase) -> Result<Verdict, NoVerdict> {
    let ended = shop.till.decide(purchase.clone()).await;
    if ended != Err(NoVerdict::NoSuchProduct) {
        return ended;
    }
    // Rare enough not to cost each purchase a look, nor the room for one: a future is moved about
    // as a whole, and that of a look at the ledger has five KiB.
    match Box::pin(shop.product(&purchase.form.sku)).await? {
        Some(product) => {
            purchase.form.sku = product.sku;
            shop.till.decide(purchase.clone()).await
        }
        None => Box::pin(kept(shop, purchase)).await,
    }
}

/// There is no such product, but the key may be taken: by another purchase, or by this one, of
/// a product that has lost this name.
async fn kept(shop: &Shop, purchase: &Purchase) -> Result<Verdict, NoVerdict> {
    let found = shop.read(shop.store.kept_verdict(purchase)).await?;
    found.ok_or(NoVerdict::NoSuchProduct)
}

impl From<NoVerdict> for Problem {
    fn from(why: NoVerdict) -> Self {
        match why {
            NoVerdict::NoSuchProduct => Self::new(
                Reason::UnknownProduct,
                "GET /v1/products lists all that there are.",
            ),
            NoVerdict::Busy => Self::new(
                Reason::Unavailable,
                "Too many buyers wait; this try bought nothing. Try again with the same key.",
            ),
            NoVerdict::Unavailable(_) => Self::new(
                Reason::Unavailable,
                "This try bought nothing. Try again with the same key.",
            ),
            NoVerdict::Unknown(_) => Self::new(
                Reason::Unavailable,
                "It is not known whether it was bought. Try again with the same key.",
            ),
        }
    }
}
