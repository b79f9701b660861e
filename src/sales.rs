//! The shop: a purchase takes from the stock, or finds none and owes a message.
//!
//! ```text
//! buyers ─► server ─► routes ─► till: one lane for each product ─► ledger, one transaction
//!                                                                   for all who wait
//! ```
//!
//! What the sales owe to the topic, the relay publishes. The role has no access to Kubernetes.

mod body;
mod catalogue;
mod checkout;
mod legacy;
mod metrics;
mod parameters;
mod problem;
mod purge;
mod readiness;
mod routes;
mod server;
mod shop;
mod till;

pub use routes::openapi;

use crate::domain::purchase::Terms;
use crate::edge::store::CONNECTIONS_DEFAULT;
use crate::ledger;
use crate::process::args::DatabaseArgs;
use crate::process::{Process, reception};
use axum::http::{HeaderValue, Uri};
use metrics::Metrics;
use shop::Shop;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// Longest time of taking purchases after SIGTERM: the process gives the whole drain 50 s,
/// and the last requests may need 10 s.
const DRAIN_SECONDS_MAX: u64 = 30;

/// Settings of the shop.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Address of the Sales API
    #[arg(long, env = "RESTOCK_LISTEN", default_value = "0.0.0.0:8090")]
    pub listen: SocketAddr,
    /// Seconds for which purchases are still taken after SIGTERM: as long as load balancers
    /// may need to notice that this process is going
    #[arg(
        long,
        env = "RESTOCK_DRAIN_SECONDS",
        default_value_t = 20,
        value_parser = clap::value_parser!(u64).range(..=DRAIN_SECONDS_MAX)
    )]
    pub drain_seconds: u64,
    /// Send no further message while a restock of the product is under way; without it each
    /// purchase that fails sends one: 900 failed buyers who order 10 each make 9,000
    #[arg(long, env = "RESTOCK_ONE_MESSAGE_AT_A_TIME")]
    pub one_message_at_a_time: bool,
    /// Send a message also when a purchase takes the stock to the product's reorder point
    #[arg(long, env = "RESTOCK_EARLY_WARNING")]
    pub early_warning: bool,
    /// Serve the old shop's routes too: GET /product/donut and POST /checkout
    #[arg(long, env = "RESTOCK_LEGACY_ROUTES")]
    pub legacy_routes: bool,
    /// Origins (scheme, host and port) whose pages may call the API from a browser
    #[arg(
        long,
        env = "RESTOCK_CORS_ORIGINS",
        value_name = "ORIGIN",
        value_delimiter = ',',
        value_parser = origin
    )]
    pub cors_origins: Vec<HeaderValue>,
    /// Where the ledger is
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// As a browser sends it: scheme, host and port, and not even a slash after them.
fn origin(text: &str) -> Result<HeaderValue, String> {
    let expected = "an origin looks like https://shop.example or http://localhost:3000";
    let uri: Uri = text.parse().map_err(|_| expected.to_owned())?;
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    let bare = uri
        .authority()
        .is_some_and(|host| text.ends_with(host.as_str()));
    if !web || !bare || text.contains('@') {
        return Err(format!("{expected}, without a path"));
    }
    HeaderValue::from_str(text).map_err(|_| expected.to_owned())
}

impl Args {
    const fn terms(&self) -> Terms {
        Terms {
            one_message_at_a_time: self.one_message_at_a_time,
            early_warning: self.early_warning,
        }
    }
}

/// A shop that listens and is not yet serving.
pub struct Sales {
    shop: Arc<Shop>,
    listener: TcpListener,
    pages: axum::Router,
    drain: Duration,
}

/// Runs the role until it is told to stop and the last purchase is answered.
///
/// # Errors
/// The settings are unusable, or the address is taken. A missing Secret or an absent ledger
/// are no errors: the role says that it is not ready.
pub async fn run(args: Args, process: Process) -> anyhow::Result<()> {
    match start(args, process).await? {
        Some(sales) => sales.serve().await,
        None => Ok(()),
    }
}

/// Prepares everything up to the listening socket. None if it was told to stop meanwhile.
///
/// # Errors
/// As [`run`].
pub async fn start(args: Args, process: Process) -> anyhow::Result<Option<Sales>> {
    let metrics = Metrics::register(&process.registry);
    let following = ledger::follow(&args.database, &process, CONNECTIONS_DEFAULT);
    let Some(store) = following.await? else {
        return Ok(None);
    };
    let listener = reception::listen(args.listen).await?;
    let shop = Arc::new(Shop::new(store, args.terms(), metrics, process));
    Ok(Some(Sales {
        pages: routes::router(Arc::clone(&shop), args.legacy_routes, &args.cors_origins),
        shop,
        listener,
        drain: Duration::from_secs(args.drain_seconds),
    }))
}

impl Sales {
    /// The address of the Sales API.
    ///
    /// # Errors
    /// The socket is gone.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Sells until told to stop, and a while longer.
    ///
    /// # Errors
    /// None today; a role ends with a result.
    pub async fn serve(self) -> anyhow::Result<()> {
        let Self {
            shop,
            listener,
            pages,
            drain,
        } = self;
        let tasks = &shop.process.tasks;
        tasks.spawn(readiness::watch(Arc::clone(&shop)));
        tasks.spawn(purge::run(Arc::clone(&shop)));
        server::serve(listener, pages, &shop.process.shutdown, drain).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for good in ["https://shop.example", "http://localhost:3000"] {
            assert_eq!(origin(good).unwrap(), good);
        }
        for bad in [
            "*",
            "",
            "shop.example",
            "https://shop.example/",
            "ftp://a",
            "https://a@b",
        ] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }
}
