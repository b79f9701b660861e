//! `restock-operator order-test`: one real request through the installed roles, and no trace
//! of it afterwards but its bookings.
//!
//! It is its own factory. What it makes is named after this run: a Factory, a factory id, an
//! event, and the name by which the message calls the test's product. That last name is a
//! fence: a request that comes when it is no longer the product's ends as Invalid, and cannot
//! go to the default Factory, which is real. So it is taken away first, then the requests
//! are deleted, and only then their Factory; whoever finds the Factory of a run that was
//! killed does the same. The other fence is a quantity that no real Factory takes. Of two
//! runs at once the later one wins.

mod books;
mod clean;
mod factory;
mod message;
mod objects;
mod story;
mod trial;

use crate::edge::aws;
use crate::edge::mapping::{Mapping, MappingFile};
use crate::edge::sqs::Queue;
use crate::process::args::{DatabaseArgs, NamespaceArgs};
use crate::process::{random, shutdown, small_server};
use anyhow::{Context as _, bail};
use books::Books;
use factory::TestFactory;
use objects::Objects;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use story::{Stopped, Story};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use trial::Trial;

/// Random characters in the name of a run: no two meet, and nobody guesses one.
const RUN_CHARACTERS: usize = 16;

/// Where the request begins, and where its order comes to.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    namespace: NamespaceArgs,
    /// URL of the SQS queue with the out-of-stock messages
    #[arg(long, env = "RESTOCK_QUEUE_URL", value_name = "URL")]
    queue_url: String,
    /// File that says where a message has its order, as for ingest
    #[arg(long, env = "RESTOCK_MAPPING_FILE", value_name = "PATH")]
    mapping_file: Option<PathBuf>,
    /// Address at which this command takes its order, as a factory
    #[arg(
        long,
        env = "RESTOCK_ORDER_TEST_LISTEN",
        default_value = "0.0.0.0:8090"
    )]
    order_test_listen: SocketAddr,
    /// URL of that address, as the controller reaches it
    #[arg(long, env = "RESTOCK_ORDER_TEST_URL", value_name = "URL")]
    order_test_url: String,
    /// Longest wait for each step, in seconds
    #[arg(
        long,
        env = "RESTOCK_ORDER_TEST_STEP_SECONDS",
        default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(1..=600)
    )]
    order_test_step_seconds: u64,
}

/// Sends the request, follows it to its goods, books them back and removes what it made.
///
/// # Errors
/// The step that it stopped at; what to look at was printed. Also what it could not remove.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let told = CancellationToken::new();
    shutdown::listen(told.clone())?;
    let address = args.order_test_listen;
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("cannot listen on {address}"))?;
    let name = format!("order-test-{}", &random::hex_128()[..RUN_CHARACTERS]);
    let (pages, order) = factory::open(&name);
    let mut trial = prepare(args, name).await?;
    let serving = small_server::serve(listener, pages, small_server::CONNECTION_MAX);
    // The factory answers as long as somebody could call it.
    let ended = tokio::select! {
        ended = perform(&mut trial, order, &told) => ended,
        () = serving => bail!("the test's own factory ended"),
    };
    trial.books.close().await;
    ended
}

async fn prepare(args: Args, name: String) -> anyhow::Result<Trial> {
    let mapping = match &args.mapping_file {
        Some(path) => MappingFile::open(path).await.context("mapping")?.1,
        None => Mapping::common_shop(),
    };
    Ok(Trial {
        queue: Queue::new(&aws::config().await.context("queue")?, args.queue_url),
        books: Books::open(&args.database).await.context("ledger")?,
        objects: Objects::open(&args.namespace.namespace)
            .await
            .context("cluster: set KUBECONFIG, or run in a pod with a token")?,
        story: Story,
        patience: Duration::from_secs(args.order_test_step_seconds),
        url: args.order_test_url,
        earlier: Vec::new(),
        begun: false,
        mapping,
        name,
    })
}

/// Tries, and cleans up whatever came of it.
async fn perform(
    trial: &mut Trial,
    order: TestFactory,
    told: &CancellationToken,
) -> anyhow::Result<()> {
    let tried = tokio::select! {
        tried = trial.run(order) => tried,
        () = told.cancelled() => Err(Stopped::at("signal", "told to stop")),
    };
    if let Err(stopped) = &tried {
        trial.story.bad(stopped);
    }
    let cleaned = match trial.begun {
        true => trial.clean().await,
        false => Ok(()),
    };
    if let Err(stopped) = &cleaned {
        trial.story.bad(stopped);
    }
    match (tried, cleaned) {
        (Ok(()), Ok(())) => Ok(()),
        (Err(stopped), _) | (_, Err(stopped)) => {
            bail!("the order test stopped at: {}", stopped.step)
        }
    }
}
