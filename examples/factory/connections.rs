//! Connections that can be broken on purpose, which `axum::serve` does not do: it always answers.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::ServiceExt;

/// Enough for a load test; a connection costs some 10 KiB here.
const CONNECTIONS_MAX: usize = 1024;
/// A written answer is on its way in far less.
const FLUSH_PAUSE: Duration = Duration::from_millis(50);

/// Stands in for an answer: the connection is closed without one.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no answer, on purpose")]
pub(crate) struct NoAnswer;

impl IntoResponse for NoAnswer {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(self);
        response
    }
}

/// Half of the text, then the connection breaks.
pub(crate) fn cut_short(text: &str) -> Body {
    let half = Bytes::copy_from_slice(&text.as_bytes()[..text.len() / 2]);
    let end = futures::stream::once(async {
        // Without a pause, the error would overtake what is still to be written.
        tokio::time::sleep(FLUSH_PAUSE).await;
        Err(NoAnswer)
    });
    Body::from_stream(futures::stream::iter([Ok(half)]).chain(end))
}

/// Serves until the listener fails.
pub(crate) async fn serve(listener: TcpListener, router: Router) -> anyhow::Result<()> {
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let permit = connections.clone().acquire_owned().await?;
        let (stream, _) = listener.accept().await?;
        let router = router.clone();
        tokio::spawn(async move {
            // A broken connection is the caller's affair, or the fault that was asked for.
            let _ = serve_one(stream, router).await;
            drop(permit);
        });
    }
}

async fn serve_one(stream: TcpStream, router: Router) -> hyper::Result<()> {
    let service = tower::service_fn(move |request: Request<hyper::body::Incoming>| {
        let answered = router.clone().oneshot(request);
        async move {
            let response = answered
                .await
                .unwrap_or_else(|never: Infallible| match never {});
            match response.extensions().get::<NoAnswer>() {
                Some(no_answer) => Err(*no_answer),
                None => Ok(response),
            }
        }
    });
    hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .await
}
