//! One HTTP request to one answer.

use crate::domain::arrival::TokenError;
use crate::edge::callback::MARK;
use crate::process::clock;
use crate::receiver::delivery::{self, AuthenticRequest, Ending};
use crate::receiver::desk::Desk;
use crate::receiver::metrics::CallbackResult;
use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Answers a request; the only one that is not refused is a POST to a path that we signed.
pub(super) async fn answer(desk: Arc<Desk>, request: Request<Incoming>) -> Response<Body> {
    let came_at = clock::now();
    let (head, body) = request.into_parts();
    if head.method != Method::POST {
        desk.metrics.count(CallbackResult::NotPost);
        return refusal();
    }
    let path = head.uri.path().to_owned();
    let claims = match desk.claims(&path, came_at).await {
        Ok(claims) => claims,
        Err(error) => {
            count_refused(&desk, &error);
            return refusal();
        }
    };
    let ending = deliver(
        &desk,
        AuthenticRequest {
            path,
            claims,
            body,
            came_at,
        },
    )
    .await;
    desk.metrics.answered(clock::now().since(came_at));
    reply(ending)
}

/// A task of its own does the work: when the caller hangs up, this future is dropped and
/// the task is not.
async fn deliver(desk: &Arc<Desk>, request: AuthenticRequest) -> Ending {
    let (tell, told) = oneshot::channel();
    desk.process
        .tasks
        .spawn(delivery::deliver(Arc::clone(desk), request, tell));
    // No word means that the task is gone: nothing was promised to anyone.
    told.await.unwrap_or(Ending::Neither)
}

fn reply(ending: Ending) -> Response<Body> {
    match ending {
        Ending::Committed => text(StatusCode::OK, "arrived\n"),
        Ending::Repeat => text(StatusCode::OK, "arrived before\n"),
        Ending::Parked => text(StatusCode::ACCEPTED, "parked\n"),
        Ending::Neither => text(StatusCode::SERVICE_UNAVAILABLE, "try again\n"),
    }
}

/// The same for every request that proves nothing: whoever guesses learns nothing.
fn refusal() -> Response<Body> {
    text(StatusCode::NOT_FOUND, "not found\n")
}

fn text(status: StatusCode, body: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let (name, value) = MARK;
    response.headers_mut().insert(name, value);
    response
}

/// The path is a token and stays out of the log; an expired one names its request.
fn count_refused(desk: &Desk, error: &TokenError) {
    if let TokenError::Expired(claims) = error {
        desk.metrics.count(CallbackResult::Expired);
        tracing::warn!(
            request_id = %claims.request_id,
            attempt = claims.attempt,
            sku = %claims.sku,
            quantity = %claims.quantity,
            factory = claims.factory,
            "refused an authentic callback that came after its time; book the goods by hand"
        );
    } else {
        desk.metrics.count(CallbackResult::BadToken);
        tracing::debug!(%error, "refused a callback");
    }
}
