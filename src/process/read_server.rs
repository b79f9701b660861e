//! What people may read of a role, as JSON, on a port of its own. They reach it through the API
//! server's service proxy, which lets in whom RBAC allows `services/proxy`: it asks nobody who
//! they are, shows no secret, and changes nothing.

use super::args::ReadArgs;
use super::{clock, small_server};
use anyhow::Context as _;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

/// How long a check may take. The plugin waits for its answer a little longer.
pub const CHECK_WITHIN: Duration = Duration::from_secs(40);

/// How long what a check found is shown to others who ask: a check asks a dozen neighbours, and
/// what a person mends takes as long to take effect.
const CHECK_KEPT: Duration = Duration::from_secs(30);

/// A caller may have to wait for a check that was begun for another one; the rest is for a slow
/// reader. API servers and load balancers wait for 60 s.
const CONNECTION_MAX: Duration = Duration::from_secs(50);

/// What a role's check says at this moment.
pub type Check = Box<dyn Fn() -> BoxFuture<'static, Value> + Send + Sync>;

/// The pages of the role itself, where it has any.
#[derive(Clone, Default)]
pub struct Pages(Arc<OnceLock<Router>>);

impl Pages {
    /// Serves them from now on. They are opened once, when the role can answer.
    pub fn open(&self, pages: Router) {
        // A second time would be a role that begins twice.
        let _ = self.0.set(pages);
    }
}

/// The running server.
pub struct ReadServer {
    /// Where it listens; the port is a real one even if 0 was asked for.
    pub address: SocketAddr,
    /// Serves until it is aborted.
    pub task: JoinHandle<()>,
}

struct Served {
    check: Check,
    /// What the last one found, and when. Held while one is made: never two at a time.
    found: Mutex<Option<(Duration, Value)>>,
    pages: Pages,
}

/// Begins to serve; the port is bound, and logged, when this returns.
#[expect(clippy::disallowed_methods, reason = "outlives the drain")]
pub async fn start(args: &ReadArgs, pages: Pages, check: Check) -> anyhow::Result<ReadServer> {
    let listener = TcpListener::bind(args.read_listen)
        .await
        .with_context(|| format!("cannot listen on --read-listen {}", args.read_listen))?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "serving what people may read");
    let served = Served {
        check,
        found: Mutex::default(),
        pages,
    };
    let router = Router::new()
        .route("/v1/check", get(checked))
        .fallback(of_the_role)
        .with_state(Arc::new(served));
    let task = tokio::spawn(small_server::serve(listener, router, CONNECTION_MAX));
    Ok(ReadServer { address, task })
}

/// An answer that is none, and why.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    why: String,
}

impl Refusal {
    /// With this status.
    pub fn new(status: StatusCode, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { status, why }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.why }))).into_response()
    }
}

async fn checked(State(served): State<Arc<Served>>) -> Json<Value> {
    let mut found = served.found.lock().await;
    let kept = found.as_ref();
    let kept = kept.filter(|(at, _)| clock::since_boot() - *at < CHECK_KEPT);
    if let Some((_, page)) = kept {
        return Json(page.clone());
    }
    let page = (served.check)().await;
    *found = Some((clock::since_boot(), page.clone()));
    Json(page)
}

async fn of_the_role(State(served): State<Arc<Served>>, request: Request) -> Response {
    match served.pages.0.get() {
        Some(pages) => match pages.clone().oneshot(request).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        },
        None => {
            let why = "this role has no such page, or it waits for something: /v1/check and its \
                       log say what";
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, why).into_response()
        }
    }
}
