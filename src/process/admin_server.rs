//! Probes and metrics, on a port of their own.

use super::Process;
use super::args::AdminArgs;
use super::health::Report;
use super::small_server;
use anyhow::Context;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

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
    let task = tokio::spawn(small_server::serve(
        listener,
        pages,
        small_server::CONNECTION_MAX,
    ));
    Ok(AdminServer { address, task })
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
