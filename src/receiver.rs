//! The receiver: a factory calls, the stock rises.
//!
//! A callback with a good token is committed to the ledger, or parked in the inbox, or
//! answered with 503, within 2 s; a caller that hangs up changes nothing. Any receiver
//! later applies what was parked. The role has no access to Kubernetes.

mod answer;
mod apply;
mod delivery;
mod desk;
mod inbox;
mod metrics;
mod parked;
mod readiness;
mod server;

use crate::edge::aws;
use crate::edge::sqs::Queue;
use crate::edge::store::CONNECTIONS_DEFAULT;
use crate::ledger;
use crate::process::args::DatabaseArgs;
use crate::process::callback_keys::CallbackKeys;
use crate::process::{Process, reception};
use desk::Desk;
use metrics::Metrics;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// Longest time of taking callbacks after SIGTERM: the process gives the whole drain 50 s,
/// and the last connection may need 10 s, a held callback 2 s more.
const DRAIN_SECONDS_MAX: u64 = 30;

/// Settings of the receiver.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Address that takes the factories' callbacks
    #[arg(long, env = "RESTOCK_LISTEN", default_value = "0.0.0.0:8090")]
    pub listen: SocketAddr,
    /// URL of the SQS queue that keeps callbacks while the ledger is away
    #[arg(long, env = "RESTOCK_INBOX_URL")]
    pub inbox_url: String,
    /// File with the callback keys, one line `<id> <base64 of 32 bytes>` each
    #[arg(long, env = "RESTOCK_CALLBACK_KEYS_FILE")]
    pub callback_keys_file: PathBuf,
    /// Seconds for which callbacks are still taken after SIGTERM: as long as load
    /// balancers may need to notice that this process is going
    #[arg(
        long,
        env = "RESTOCK_DRAIN_SECONDS",
        default_value_t = 20,
        value_parser = clap::value_parser!(u64).range(..=DRAIN_SECONDS_MAX)
    )]
    pub drain_seconds: u64,
    /// Where the ledger is
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// A receiver that listens and is not yet serving.
pub struct Receiver {
    desk: Arc<Desk>,
    listener: TcpListener,
    drain: Duration,
}

/// Runs the role until it is told to stop and the last callback is answered.
///
/// # Errors
/// The settings are unusable, or the address is taken. A missing Secret, an absent ledger or
/// inbox are no errors: the role says that it is not ready.
pub async fn run(args: Args, process: Process) -> anyhow::Result<()> {
    match start(args, process).await? {
        Some(receiver) => receiver.serve().await,
        None => Ok(()),
    }
}

/// Prepares everything up to the listening socket. None if it was told to stop meanwhile.
///
/// # Errors
/// As [`run`].
pub async fn start(args: Args, process: Process) -> anyhow::Result<Option<Receiver>> {
    let metrics = Metrics::register(&process.registry);
    let Some(keys) = CallbackKeys::wait(args.callback_keys_file, &process).await? else {
        return Ok(None);
    };
    let following = ledger::follow(&args.database, &process, CONNECTIONS_DEFAULT);
    let Some(store) = following.await? else {
        return Ok(None);
    };
    let Some(config) = process.wait_for(aws::REGION, aws::config).await else {
        return Ok(None);
    };
    let inbox = Queue::new(&config, args.inbox_url);
    let listener = reception::listen(args.listen).await?;
    let desk = Arc::new(Desk::new(store, inbox, keys, metrics, process));
    Ok(Some(Receiver {
        desk,
        listener,
        drain: Duration::from_secs(args.drain_seconds),
    }))
}

impl Receiver {
    /// The address that takes callbacks.
    ///
    /// # Errors
    /// The socket is gone.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Takes callbacks until told to stop, and a while longer.
    ///
    /// # Errors
    /// None today; a role ends with a result.
    pub async fn serve(self) -> anyhow::Result<()> {
        let Self {
            desk,
            listener,
            drain,
        } = self;
        let stop = &desk.process.shutdown;
        let tasks = &desk.process.tasks;
        tasks.spawn(Arc::clone(&desk.keys).watch(stop.clone()));
        tasks.spawn(readiness::watch(Arc::clone(&desk)));
        tasks.spawn(inbox::drain(Arc::clone(&desk)));
        server::serve(listener, Arc::clone(&desk), drain).await;
        desk.closed.cancel();
        Ok(())
    }
}
