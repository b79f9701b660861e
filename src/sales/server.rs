//! The listening socket: connections are kept for the next request, and bounded in number,
//! time and size.

use crate::process::lobby::Visit;
use crate::process::{clock, reception};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, header};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// Connections at once: a thousand buyers, twice. At [`BUFFER_BYTES_MAX`] each, 32 MiB in the
/// worst case.
const CONNECTIONS_MAX: usize = 2_048;

/// Open files beside the connections: those to the ledger, probes, secrets, logs.
const OTHER_FILES: u64 = 128;

/// How long a connection may wait for the head of its next request. Longer than the 60 s of
/// a load balancer, which must be the one that closes an idle connection: else it sends a
/// request into one that is closing (AWS: ALB idle timeout and keep-alive).
const HEAD_WITHIN: Duration = Duration::from_secs(75);

/// How long a connection is kept, so that new pods get their share of old callers. It ends with
/// the next answer, which says so: closed by itself, it would meet a request on its way.
const CONNECTION_AGE_MAX: Duration = Duration::from_secs(10 * 60);

/// How long one that has to make room may finish: its answer, if there is one, is with the
/// kernel by then, and the next buyer waits at the door.
const SHOWN_OUT_WITHIN: Duration = Duration::from_millis(10);

/// What a last request has: 5 s for its body, 6 s for the verdict, and time to read it.
const LAST_REQUEST_WITHIN: Duration = Duration::from_secs(12);

/// Bytes of a head, most of them headers that proxies and browsers add.
const HEAD_BYTES_MAX: usize = 8 * 1024;

/// Headers of a request: a browser sends some twenty, proxies add a dozen.
const HEADERS_MAX: usize = 64;

/// Bytes of a connection's read buffer: a head and the largest body of a purchase fit.
const BUFFER_BYTES_MAX: usize = 16 * 1024;

/// Serves until `drain` after it was told to stop, then waits for what is open.
pub(super) async fn serve(
    listener: TcpListener,
    pages: Router,
    stop: &CancellationToken,
    drain: Duration,
) {
    let closing = CancellationToken::new();
    let converse = |stream, visit| converse(stream, visit, pages.clone(), closing.clone());
    let open = reception::admit(listener, allow_connections(), stop, drain, converse).await;
    closing.cancel();
    reception::see_off(open, LAST_REQUEST_WITHIN).await;
}

/// How many connections the system lets us have, at most [`CONNECTIONS_MAX`]. The soft limit
/// of open files is often 1,024; up to the hard one it is ours to raise.
fn allow_connections() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = CONNECTIONS_MAX as u64 + OTHER_FILES;
    let wanted = limit.maximum.map_or(wanted, |most| most.min(wanted));
    if limit.current.is_some_and(|now| now < wanted) {
        limit.current = Some(wanted);
        if let Err(why) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%why, wanted, "cannot raise the limit of open files");
        }
    }
    let files = getrlimit(Resource::Nofile).current;
    let files = files.map_or(wanted, |files| files.min(wanted));
    usize::try_from(files.saturating_sub(OTHER_FILES)).map_or(1, |connections| connections.max(1))
}

/// One connection from its first byte to its last.
async fn converse(stream: TcpStream, visit: Visit, pages: Router, closing: CancellationToken) {
    // An answer is one small packet: it must not wait for the next one.
    let _ = stream.set_nodelay(true);
    let (visit, came) = (&visit, clock::since_boot());
    let service = hyper::service::service_fn(move |request: hyper::Request<_>| {
        visit.spoke();
        let answer = pages.clone().oneshot(request.map(Body::new));
        async move {
            let mut answer = answer.await?;
            let is_old = clock::since_boot() - came > CONNECTION_AGE_MAX;
            if !visit.may_stay() || is_old {
                let close = HeaderValue::from_static("close");
                answer.headers_mut().insert(header::CONNECTION, close);
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let mut connection = pin!(protocol().serve_connection(TokioIo::new(stream), service));
    let over = async {
        tokio::select! {
            () = closing.cancelled() => LAST_REQUEST_WITHIN,
            () = visit.shown_out() => SHOWN_OUT_WITHIN,
        }
    };
    let ended = tokio::select! {
        // First what has come: a purchase that is here is decided.
        biased;
        ended = &mut connection => Ok(ended),
        within = over => {
            connection.as_mut().graceful_shutdown();
            // What it asked before it heard of that is answered.
            match timeout(within, connection.as_mut()).await {
                Err(_) if visit.speaks() => timeout(LAST_REQUEST_WITHIN, connection).await,
                ended => ended,
            }
        }
    };
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "connection ended early"),
        Err(_) => tracing::debug!("connection took too long to end"),
    }
}

fn protocol() -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_header_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .max_buf_size(BUFFER_BYTES_MAX);
    protocol
}
