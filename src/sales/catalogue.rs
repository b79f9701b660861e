//! What the shop has, and what it sold.

use super::parameters;
use super::problem::{Problem, Reason};
use super::shop::Shop;
use crate::domain::time::Time;
use crate::edge::store::products::Product;
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::error::Error as _;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Products of one page, unless the caller asks for fewer: 100 KiB with the longest names.
const PAGE_PRODUCTS_MAX: u32 = 100;

/// A product, as buyers see it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProductView {
    /// Its SKU.
    #[schema(example = "CP-502101")]
    sku: String,
    /// Its name.
    #[schema(example = "Glazed donut")]
    name: String,
    /// Its price in the smallest unit of the shop's currency.
    #[schema(example = 1500)]
    price: i64,
    /// How many there are.
    #[schema(example = 10)]
    stock: i64,
}

impl From<Product> for ProductView {
    fn from(product: Product) -> Self {
        Self {
            sku: product.sku.to_string(),
            name: product.name,
            price: product.price,
            stock: product.stock,
        }
    }
}

/// A page of products.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Products {
    /// In the order of their SKUs.
    products: Vec<ProductView>,
    /// What `after` of the next page is; null on the last one.
    #[schema(example = "CP-502101")]
    next: Option<String>,
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// The products after this SKU; without it the first ones.
    after: Option<String>,
    /// At most so many, 100 if not said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

impl Page {
    /// How many products; read here, so that what is no number is told by the parameter's name.
    fn limit(&self) -> Result<u32, Problem> {
        let Some(text) = &self.limit else {
            return Ok(PAGE_PRODUCTS_MAX);
        };
        let limit = text.parse().ok();
        limit
            .filter(|limit| (1..=PAGE_PRODUCTS_MAX).contains(limit))
            .ok_or_else(|| {
                let detail = format!("must be a whole number from 1 to {PAGE_PRODUCTS_MAX}");
                Problem::field("limit", detail)
            })
    }
}

/// The parser's own words, which name the parameter.
fn unreadable(query: QueryRejection) -> Problem {
    let why = query
        .source()
        .map_or_else(|| query.body_text(), ToString::to_string);
    Problem::field("query", format!("cannot be read: {why}"))
}

/// Lists the products.
#[utoipa::path(
    get,
    path = "/v1/products",
    tag = "shop",
    params(Page),
    responses(
        (status = 200, description = "A page of products", body = Products),
        (status = 400, description = "Something in the request is wrong", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "Try again", body = Problem,
            content_type = "application/problem+json",
            headers(("Retry-After" = u32, description = "Seconds until then"))),
    )
)]
pub(super) async fn products(
    State(shop): State<Arc<Shop>>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Products>, Problem> {
    let Query(page) = page.map_err(unreadable)?;
    let after = page
        .after
        .as_deref()
        .map(|text| parameters::sku("after", text));
    let after = after.transpose()?;
    let limit = page.limit()?;
    // One more than is shown: whether there is a next page.
    let asking = shop.store.products(after.as_ref(), limit + 1);
    let mut found = shop.read(asking).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let last = found.last().map(|product| product.sku.to_string());
    Ok(Json(Products {
        products: found.into_iter().map(ProductView::from).collect(),
        next: last.filter(|_| more),
    }))
}

/// Shows a product.
#[utoipa::path(
    get,
    path = "/v1/products/{sku}",
    tag = "shop",
    params(("sku" = String, Path, description = "Its SKU, or another id of it",
        example = "CP-502101")),
    responses(
        (status = 200, description = "The product", body = ProductView),
        (status = 400, description = "Something in the request is wrong", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "No such product", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "Try again", body = Problem,
            content_type = "application/problem+json",
            headers(("Retry-After" = u32, description = "Seconds until then"))),
    )
)]
pub(super) async fn product(
    State(shop): State<Arc<Shop>>,
    sku: Result<Path<String>, PathRejection>,
) -> Result<Json<ProductView>, Problem> {
    let sku = parameters::sku("sku", &parameters::path("sku", sku)?)?;
    let found = shop.product(&sku).await?;
    found.map(ProductView::from).map(Json).ok_or_else(|| {
        let detail = format!("There is no product {sku}. GET /v1/products lists all.");
        Problem::new(Reason::UnknownProduct, detail)
    })
}

/// A sale, as it was booked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SaleView {
    /// Its id.
    #[schema(example = "5f0c2a4be1d84c0f9a7d3f1e6b2c8d90")]
    id: String,
    /// The product's SKU.
    #[schema(example = "CP-502101")]
    sku: String,
    /// How many.
    #[schema(example = 1)]
    quantity: u32,
    /// By whom.
    #[schema(example = "minji")]
    buyer: String,
    /// When, by the ledger's clock (RFC 3339).
    #[schema(example = "2026-05-01T09:00:00.123456Z")]
    sold_at: String,
}

/// Shows a sale.
#[utoipa::path(
    get,
    path = "/v1/sales/{id}",
    tag = "shop",
    params(("id" = String, Path, description = "The sale's id",
        example = "5f0c2a4be1d84c0f9a7d3f1e6b2c8d90")),
    responses(
        (status = 200, description = "The sale", body = SaleView),
        (status = 400, description = "Something in the request is wrong", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "No such sale", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "Try again", body = Problem,
            content_type = "application/problem+json",
            headers(("Retry-After" = u32, description = "Seconds until then"))),
    )
)]
pub(super) async fn sale(
    State(shop): State<Arc<Shop>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<SaleView>, Problem> {
    let id = parameters::sale_id(&parameters::path("id", id)?)?;
    let found = shop.read(shop.store.sale(&id)).await?;
    let sale = found
        .ok_or_else(|| Problem::new(Reason::UnknownSale, format!("There is no sale {id}.")))?;
    Ok(Json(SaleView {
        id: sale.id.to_string(),
        sku: sale.sku.to_string(),
        quantity: sale.quantity.get(),
        buyer: sale.buyer,
        sold_at: rfc3339(sale.sold_at),
    }))
}

/// In microseconds, as the ledger has it.
fn rfc3339(time: Time) -> String {
    let stamp = Timestamp::from_microsecond(time.as_micros());
    stamp.map_or_else(
        |_| time.as_micros().to_string(),
        |stamp| format!("{stamp:.6}"),
    )
}
