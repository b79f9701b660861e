//! Probes and metrics, on a port of their own.

use super::Process;
use super::args::AdminArgs;
use super::health::Report;
use anyhow::Context;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// A kubelet and a few scrapers; further connections wait in the listener's backlog.
const CONNECTIONS_MAX: usize = 32;

/// A caller that has not sent its request by then is not a probe.
const REQUEST_HEAD_MAX: Duration = Duration::from_secs(2);

/// One request per connection, answered from memory: the rest is the caller's reading.
const CONNECTION_MAX: Duration = Duration::from_secs(10);

/// Probes send a handful of headers; hyper refuses a smaller buffer than this.
const REQUEST_BYTES_MAX: usize = 8 * 1024;

/// Between two tries to accept when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The running server.
pub struct AdminServer {
    /// Where it listens; the port is a real one even if 0 was asked for.
    pub address: SocketAddr,
    /// Serves until it is aborted.
    pub task: JoinHandle<()>,
}

/// Begins to serve; the port is bound, and logged, when this returns.
///
/// Not a task of [`Process::tasks`]: it goes on until the process has drained.
#[expect(clippy::disallowed_methods, reason = "outlives the drain")]
pub async fn start(args: &AdminArgs, process: &Process) -> anyhow::Result<AdminServer> {
    let listener = TcpListener::bind(args.admin_listen)
        .await
        .with_context(|| format!("cannot listen on --admin-listen {}", args.admin_listen))?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "serving /livez, /readyz and /metrics");
    let pages = Router::new()
        .route("/livez", get(livez))
        .route("/healthz", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(process.clone());
    let task = tokio::spawn(accept(listener, pages));
    Ok(AdminServer { address, task })
}

#[expect(clippy::disallowed_methods, reason = "bounded by a place and a time")]
async fn accept(listener: TcpListener, pages: Router) {
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
                    let _ = tokio::time::timeout(CONNECTION_MAX, serve(stream, pages)).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept on the admin port");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// No page reads a body, so none is held; hyper closes the connection on one.
async fn serve(stream: TcpStream, pages: Router) {
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_HEAD_MAX)
        .max_buf_size(REQUEST_BYTES_MAX)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(pages))
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "an admin connection ended early");
    }
}

async fn livez(State(process): State<Process>) -> Response {
    answer(process.health.liveness(), true)
}

async fn readyz(State(process): State<Process>, RawQuery(query): RawQuery) -> Response {
    let verbose = query
        .unwrap_or_default()
        .split('&')
        .any(|word| matches!(word.split_once('='), Some(("verbose", _))) || word == "verbose");
    answer(process.health.readiness(), verbose)
}

/// A failed probe always says why: its text ends up in the pod's events.
fn answer(report: Report, verbose: bool) -> Response {
    let status = if report.ok {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let verdict = if report.ok { "ok" } else { "not ok" };
    let lines = if verbose || !report.ok {
        report.lines
    } else {
        Vec::new()
    };
    let page = lines
        .iter()
        .map(String::as_str)
        .chain([verdict])
        .collect::<Vec<_>>()
        .join("\n");
    (status, page + "\n").into_response()
}

async fn metrics(State(process): State<Process>) -> Response {
    match process.registry.encode() {
        Ok(page) => ([(header::CONTENT_TYPE, OPENMETRICS)], page).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
