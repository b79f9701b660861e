//! Words of a path, a query or a header, parsed.

use super::problem::Problem;
use crate::domain::order::{IdempotencyKey, SaleId, Sku};
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::HeaderMap;

/// The header that names a purchase (draft-ietf-httpapi-idempotency-key-header).
pub(super) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The key of a purchase. The draft puts it in quotes, most programs do not.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<IdempotencyKey, Problem> {
    let wrong = |detail: String| Problem::field(IDEMPOTENCY_KEY, detail);
    let mut found = headers.get_all(IDEMPOTENCY_KEY).iter();
    let (Some(key), None) = (found.next(), found.next()) else {
        return Err(wrong(
            "must be there once: draw a new one, such as a UUID, for each purchase, and send \
             the same one when you repeat it"
                .to_owned(),
        ));
    };
    let key = key.to_str().map_err(|_| wrong("is no text".to_owned()))?;
    let bare = key.strip_prefix('"').and_then(|key| key.strip_suffix('"'));
    IdempotencyKey::parse(bare.unwrap_or(key)).map_err(|why| wrong(why.detail()))
}

/// The one parameter of a path. What is no text is wrong like any other.
pub(super) fn path(
    field: &str,
    found: Result<Path<String>, PathRejection>,
) -> Result<String, Problem> {
    let Path(text) = found.map_err(|why| Problem::field(field, why.body_text()))?;
    Ok(text)
}

pub(super) fn sku(field: &str, text: &str) -> Result<Sku, Problem> {
    Sku::parse(text).map_err(|why| Problem::field(field, why.detail()))
}

pub(super) fn sale_id(text: &str) -> Result<SaleId, Problem> {
    SaleId::parse(text).map_err(|why| Problem::field("id", why.detail()))
}

/// The trace of a caller that has one; one that is not well-formed costs no sale.
pub(super) fn trace_parent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    crate::domain::message::is_trace_parent(text).then(|| text.to_owned())
}
