//! The old shop's routes, for programs that cannot be changed. They have no idempotency key:
//! whoever repeats a purchase there buys twice.

use super::body;
use super::checkout::{BOUGHT_WITHIN, buy, purchase};
use super::parameters;
use super::problem::Problem;
use super::shop::Shop;
use super::till::NoVerdict;
use crate::domain::order::{IdempotencyKey, Quantity, Sku};
use crate::domain::purchase::{Answer, Form, Verdict};
use crate::edge::store::StoreError;
use crate::edge::store::products::Product;
use crate::process::{clock, random};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use tokio::time::timeout;

/// The field of a body that names the product.
const PRODUCT_SKU: &str = "productSku";

/// The buyer of a purchase that names none.
const BUYER: &str = "legacy";

/// The row as the old shop showed it.
#[derive(Serialize)]
struct Row {
    product_id: String,
    sku: String,
    name: String,
    price: i64,
    stock: i64,
}

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

/// `GET /product/donut`: the first product.
pub(super) async fn product(State(shop): State<Arc<Shop>>) -> Result<Response, Problem> {
    let late = |_| Err(StoreError::Unavailable("no answer in time".to_owned()).into());
    let shown = timeout(BOUGHT_WITHIN, show(&shop)).await;
    shown.unwrap_or_else(late)
}

async fn show(shop: &Shop) -> Result<Response, Problem> {
    Ok(match first(shop).await? {
        None => none(),
        Some(product) => Json(row(shop, product).await?).into_response(),
    })
}

async fn row(shop: &Shop, product: Product) -> Result<Row, Problem> {
    let aliases = shop.read(shop.store.aliases(&product.sku)).await?;
    let old_id = aliases.iter().find(|alias| is_old_id(alias.as_str()));
    Ok(Row {
        product_id: old_id.map_or_else(|| product.sku.to_string(), ToString::to_string),
        sku: product.sku.to_string(),
        name: product.name,
        price: product.price,
        stock: product.stock,
    })
}

/// Whether an alias is what `products import` makes of the old shop's own id: a UUID or a
/// number. Other aliases come and go, and a program that kept the id must meet it again.
fn is_old_id(alias: &str) -> bool {
    let digits = alias.replace('-', "");
    let is_uuid = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_uuid || alias.bytes().all(|byte| byte.is_ascii_digit())
}

/// `POST /checkout`: one piece of the product that is named, or of the first one.
pub(super) async fn checkout(
    State(shop): State<Arc<Shop>>,
    body: Body,
) -> Result<Response, Problem> {
    let asked = asked(body).await?;
    let asked_at = clock::since_boot();
    let Some(sku) = wanted(&shop, asked).await? else {
        return Ok(none());
    };
    let form = Form {
        sku,
        quantity: Quantity::new(1).expect("one is a quantity"),
        buyer: BUYER.to_owned(),
    };
    // Drawn here: within this call a repeat of an uncertain purchase is still the same.
    let key = IdempotencyKey::parse(&format!("legacy-{}", random::hex_128()));
    let mut purchase = purchase(key.expect("hex digits are a word"), form, None);
    // A look for the first product is part of the wait, which is that of any purchase.
    let left = BOUGHT_WITHIN.saturating_sub(clock::since_boot() - asked_at);
    match buy(&shop, &mut purchase, left).await {
        Ok(Verdict::Answered(Answer::Sold { remaining, .. })) => {
            Ok(format!("구매 완료! 남은 재고: {remaining}").into_response())
        }
        Ok(Verdict::Answered(Answer::OutOfStock { available, .. })) => {
            Ok(format!("구매 실패! 남은 재고: {available}").into_response())
        }
        Err(NoVerdict::NoSuchProduct) => Ok(none()),
        Err(why) => Err(Problem::from(why)),
        Ok(Verdict::KeyReused | Verdict::Unreadable(_)) => {
            unreachable!("the key was drawn for this purchase")
        }
    }
}

/// What the old shop's page sends, if anything; other fields it ignored. A body that names no
/// product is not taken for none: a field that is misspelt would buy another product.
async fn asked(body: Body) -> Result<Option<Sku>, Problem> {
    let body = body::read(body).await?;
    let text = body.trim_ascii();
    if text.is_empty() {
        return Ok(None);
    }
    let fields: Map<String, Value> = serde_json::from_slice(text)
        .map_err(|why| Problem::field("body", format!("is no JSON object: {why}")))?;
    match fields.get(PRODUCT_SKU) {
        Some(Value::String(text)) => parameters::sku(PRODUCT_SKU, text).map(Some),
        Some(_) => Err(Problem::field(PRODUCT_SKU, "must be text")),
        None if fields.is_empty() => Ok(None),
        None => Err(Problem::field(
            PRODUCT_SKU,
            "is missing: without a body the first product is bought",
        )),
    }
}

async fn wanted(shop: &Shop, asked: Option<Sku>) -> Result<Option<Sku>, Problem> {
    match asked {
        Some(sku) => Ok(Some(sku)),
        None => Ok(first(shop).await?.map(|product| product.sku)),
    }
}

async fn first(shop: &Shop) -> Result<Option<Product>, Problem> {
    let first = shop.read(shop.store.products(None, 1)).await?;
    Ok(first.into_iter().next())
}

fn none() -> Response {
    let message = "상품 없음";
    (StatusCode::BAD_REQUEST, Json(Message { message })).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_id_is_a_uuid_or_a_number() {
        for old in [
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "f81d4fae7dec11d0a76500a0c91e6bf6",
            "502101",
        ] {
            assert!(is_old_id(old), "{old}");
        }
        for other in ["100-donuts", "donut", "FF-500293", "best-donut"] {
            assert!(!is_old_id(other), "{other}");
        }
    }
}
