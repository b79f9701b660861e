//! What a buyer's program is told when there is no sale (RFC 9457: Problem Details).

use crate::domain::purchase::{FieldError, Restock};
use crate::edge::store::StoreError;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of all problems.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// Seconds until another try makes sense: a failover of the ledger takes some ten.
const RETRY_AFTER_SECONDS: &str = "2";

/// Why there is no sale, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) enum Reason {
    /// Something in the request is wrong; `errors` names it.
    InvalidRequest,
    /// Fewer pieces are there than are wanted.
    OutOfStock,
    /// There is no product of this SKU.
    UnknownProduct,
    /// There is no sale of this id.
    UnknownSale,
    /// The idempotency key was used for another purchase.
    KeyReused,
    /// The body is larger than a purchase can be.
    BodyTooLarge,
    /// The body did not come in time.
    BodyTooSlow,
    /// There is no such route.
    NoSuchRoute,
    /// The route exists, but not with this method; see the header Allow.
    NoSuchMethod,
    /// The shop cannot say now. Try again with the same key.
    Unavailable,
}

impl Reason {
    const fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::OutOfStock => StatusCode::CONFLICT,
            Self::UnknownProduct | Self::UnknownSale | Self::NoSuchRoute => StatusCode::NOT_FOUND,
            Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::NoSuchMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::InvalidRequest => "The request is not as it should be",
            Self::OutOfStock => "Out of stock",
            Self::UnknownProduct => "No such product",
            Self::UnknownSale => "No such sale",
            Self::KeyReused => "The idempotency key belongs to another purchase",
            Self::BodyTooLarge => "The body is too large",
            Self::BodyTooSlow => "The body did not come in time",
            Self::NoSuchRoute => "No such route",
            Self::NoSuchMethod => "Not with this method",
            Self::Unavailable => "The shop cannot say now",
        }
    }
}

/// Whether more are on their way.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(super) enum RestockView {
    /// They are asked for, or ordered, since before this purchase.
    UnderWay,
    /// This purchase asks for them.
    Requested,
}

impl From<Restock> for RestockView {
    fn from(restock: Restock) -> Self {
        match restock {
            Restock::UnderWay => Self::UnderWay,
            Restock::Requested => Self::Requested,
        }
    }
}

/// One field that is wrong.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct FieldProblem {
    /// The field of the body, the parameter or the header.
    #[schema(example = "quantity")]
    field: String,
    /// What is wrong with it.
    #[schema(example = "must be a whole number from 1 to 1000000, found 0")]
    detail: String,
}

/// A problem: `type` and `title` say what kind, `detail` what happened, `reason` is for
/// programs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// The kind: `urn:restock-operator:problem:` and the reason.
    #[serde(rename = "type")]
    #[schema(example = "urn:restock-operator:problem:OutOfStock")]
    kind: String,
    /// The kind, for people.
    #[schema(example = "Out of stock")]
    title: &'static str,
    /// The status of the answer.
    #[schema(example = 409)]
    status: u16,
    /// What happened, for people.
    #[schema(example = "CP-502101: 2 wanted, 1 available")]
    detail: String,
    /// What happened, for programs.
    reason: Reason,
    /// What is wrong with the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblem>,
    /// How many pieces are there, if that is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<i64>,
    /// `UnderWay`: more are asked for or ordered since before this purchase. `Requested`:
    /// this purchase asks for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    restock: Option<RestockView>,
}

impl Problem {
    pub(super) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:restock-operator:problem:{reason:?}"),
            title: reason.title(),
            status: reason.status().as_u16(),
            detail: detail.into(),
            reason,
            errors: Vec::new(),
            available: None,
            restock: None,
        }
    }

    /// Each of these fields is wrong.
    pub(super) fn fields(errors: Vec<FieldError>) -> Self {
        let named = |error: &FieldError| format!("{} {}", error.field, error.detail);
        let detail = errors.iter().map(named).collect::<Vec<_>>().join("; ");
        let mut problem = Self::new(Reason::InvalidRequest, detail);
        let errors = errors.into_iter();
        problem.errors = errors
            .map(|FieldError { field, detail }| FieldProblem { field, detail })
            .collect();
        problem
    }

    /// One thing is wrong.
    pub(super) fn field(field: &str, detail: impl Into<String>) -> Self {
        Self::fields(vec![FieldError {
            field: field.to_owned(),
            detail: detail.into(),
        }])
    }

    pub(super) fn out_of_stock(detail: String, available: i64, restock: Restock) -> Self {
        Self {
            available: Some(available),
            restock: Some(restock.into()),
            ..Self::new(Reason::OutOfStock, detail)
        }
    }
}

/// What the ledger said stays in the log: it may name its server, and helps no buyer. Readiness
/// says it too; a line for each of a thousand callers would say no more.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::debug!(%error, "a question to the shop was not answered");
        Self::new(Reason::Unavailable, "Try again in a few seconds.")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let body = serde_json::to_vec(&self).expect("texts and numbers are JSON");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.reason.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if self.reason == Reason::Unavailable {
            let seconds = HeaderValue::from_static(RETRY_AFTER_SECONDS);
            headers.insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}
