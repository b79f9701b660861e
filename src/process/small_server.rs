//! A server of small pages to few callers: bounded in connections, time and size.

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// A kubelet and a few scrapers, or a few people; further connections wait in the listener's backlog.
const CONNECTIONS_MAX: usize = 32;

/// A caller that has not sent its request by then is not a probe.
const REQUEST_HEAD_MAX: Duration = Duration::from_secs(2);

/// How long a connection may last whose answer is made from memory: the rest is the caller's
/// reading.
pub const CONNECTION_MAX: Duration = Duration::from_secs(10);

/// Probes send a handful of headers; hyper refuses a smaller buffer than this.
const REQUEST_BYTES_MAX: usize = 8 * 1024;

/// Between two tries to accept when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves for ever: it ends when the future is dropped, and connections, of one request each, by
/// themselves: after `connection_max` at the latest.
#[expect(clippy::disallowed_methods, reason = "bounded by a place and a time")]
pub async fn serve(listener: TcpListener, pages: Router, connection_max: Duration) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        // Before the accept: what has no place yet costs no memory here.
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let pages = pages.clone();
                tokio::spawn(async move {
                    let _ = tokio::time::timeout(connection_max, converse(stream, pages)).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// A page that reads no body holds none; hyper closes the connection on one.
async fn converse(stream: TcpStream, pages: Router) {
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_HEAD_MAX)
        .max_buf_size(REQUEST_BYTES_MAX)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(pages))
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended early");
    }
}
