//! The listening socket: every connection bounded in time and size, one request each.

use crate::process::lobby::Visit;
use crate::process::reception;
use crate::receiver::answer::answer;
use crate::receiver::desk::Desk;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Connections at once. Below the usual soft limit of 1,024 open files, with room for the
/// neighbours; at [`BUFFER_BYTES_MAX`] each, 8 MiB in the worst case.
const CONNECTIONS_MAX: usize = 512;

/// How long a request's head may take. A factory sends it in one packet.
const HEAD_WITHIN: Duration = Duration::from_secs(5);

/// How long a connection may last: its head, 2 s for body and answer, and 3 s for a slow
/// reader of it.
const CONNECTION_WITHIN: Duration = Duration::from_secs(10);

/// Bytes of a head: the longest path is about 1,300, the rest is for proxies' headers.
const HEAD_BYTES_MAX: usize = 8 * 1024;

/// Headers of a request: proxies add a dozen.
const HEADERS_MAX: usize = 64;

/// Bytes of a connection's read buffer: a head and the largest body of a callback fit.
const BUFFER_BYTES_MAX: usize = 16 * 1024;

/// Serves until `drain` after the process was told to stop, then waits for what is open.
pub(super) async fn serve(listener: TcpListener, desk: Arc<Desk>, drain: Duration) {
    let stop = desk.process.shutdown.clone();
    let converse = |stream, visit| converse(stream, visit, Arc::clone(&desk));
    let open = reception::admit(listener, CONNECTIONS_MAX, &stop, drain, converse).await;
    reception::see_off(open, CONNECTION_WITHIN).await;
}

/// One connection from its first byte to its last.
async fn converse(stream: TcpStream, visit: Visit, desk: Arc<Desk>) {
    let visit = &visit;
    let service = service_fn(move |request| {
        visit.spoke();
        let answer = answer(Arc::clone(&desk), request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let connection = protocol().serve_connection(TokioIo::new(stream), service);
    let too_silent = async {
        visit.shown_out().await;
        if visit.speaks() {
            pending::<()>().await;
        }
    };
    tokio::select! {
        // First what has come: one that has to go while its callback is here is served all the
        // same, for nobody sends it again.
        biased;
        ended = timeout(CONNECTION_WITHIN, connection) => match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "connection ended early"),
            Err(_) => tracing::debug!("connection took too long"),
        },
        () = too_silent => {}
    }
}

fn protocol() -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_header_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .max_buf_size(BUFFER_BYTES_MAX)
        // One request each: a load balancer can then never put a callback on a
        // connection that we are about to close, which would lose it.
        .keep_alive(false);
    protocol
}
