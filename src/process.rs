//! How a process of this software lives: arguments, clock, terminal, telemetry, health, shutdown.

pub mod admin_server;
pub mod args;
pub mod backoff;
pub mod callback_keys;
pub mod clock;
pub mod columns;
pub mod followed;
pub mod health;
pub mod lease;
pub mod lobby;
pub mod metrics;
pub mod purging;
pub mod random;
pub mod read_server;
pub mod recent;
pub mod reception;
pub mod secret;
pub mod shutdown;
pub mod small_server;
pub mod telemetry;
pub mod trouble;

use backoff::Backoff;
use futures::FutureExt as _;
use std::process::ExitCode;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What every role is given: the means to say how it is, and to hear when to stop.
#[derive(Clone, Default)]
pub struct Process {
    /// Readiness and liveness of this role.
    pub health: health::Health,
    /// Cancelled at the first SIGTERM or SIGINT.
    pub shutdown: CancellationToken,
    /// Tasks whose end the process waits for.
    pub tasks: TaskTracker,
    /// Where the role registers its metrics before it starts.
    pub registry: metrics::Registry,
    /// Where it opens what people may read of it.
    pub pages: read_server::Pages,
}

/// After the first failure: most end within it, as a neighbour that starts beside this role.
const ASK_AGAIN_FIRST: Duration = Duration::from_secs(1);

impl Process {
    /// Asks until there is what the role cannot begin without: after a second, then ever more
    /// seldom, at least every ten seconds. A person makes or mends it elsewhere, and a process
    /// that ended for it would only be started again: so it says at /readyz and in the log
    /// what is wrong, each thing once, and begins by itself. None at shutdown.
    pub async fn wait_for<T, E, Asking>(
        &self,
        name: &'static str,
        ask: impl Fn() -> Asking,
    ) -> Option<T>
    where
        E: std::fmt::Display,
        Asking: Future<Output = Result<T, E>>,
    {
        let condition = self.health.condition(name);
        let mut backoff = Backoff::new(ASK_AGAIN_FIRST, followed::LOOK_EVERY);
        loop {
            match ask().await {
                Ok(answer) => {
                    condition.ready();
                    return Some(answer);
                }
                // With the causes, where it has any.
                Err(why) => condition.held_up(format!("{why:#}")),
            }
            let pause = tokio::time::sleep(backoff.wait());
            self.shutdown.run_until_cancelled(pause).await?;
        }
    }
}

/// What every command needs before it does anything: TLS, then logs and traces, which
/// name the command. To be held to the end.
pub fn prepare(log: &args::LogArgs, told: &args::Told) -> anyhow::Result<telemetry::Telemetry> {
    install_tls();
    telemetry::install(log, told)
}

/// Every TLS connection of this process is made by rustls with ring.
///
/// Comes before anything that could open a connection: the first one made without a
/// provider would panic.
pub fn install_tls() {
    // An error says that one is installed already, which can only be this one: no other
    // provider is compiled in (deny.toml).
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Why a process could not do what it was asked, in words for people. As the error of `main`
/// it brings no stack along where `RUST_BACKTRACE` is set: most are settings to be mended.
pub struct Failure(anyhow::Error);

impl std::fmt::Debug for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:#}", self.0)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self(error)
    }
}

/// Lives as one role: probes, metrics and what people may read first, then the role, then the
/// drain. `check` is what the role's own check says.
///
/// The exit code tells a role that ended in order from one that failed (logged here).
/// An error means that it could not even begin, for example that the port is taken.
pub async fn run<Args, Ending>(
    told: args::Told,
    args: args::RoleArgs<Args>,
    check: read_server::Check,
    role: impl FnOnce(Args, Process) -> Ending,
) -> anyhow::Result<ExitCode>
where
    Args: clap::Args,
    Ending: Future<Output = anyhow::Result<()>>,
{
    let process = Process::default();
    shutdown::listen(process.shutdown.clone())?;
    let admin = admin_server::start(&args.admin, &process).await?;
    let read = read_server::start(&args.read, process.pages.clone(), check).await?;
    tracing::info!(
        role = told.role,
        version = env!("CARGO_PKG_VERSION"),
        "starting: {}",
        told.settings
    );
    // Boxed: a role's futures are nested too deeply for an optimised build to lay them out
    // within those of `main`.
    let role = role(args.role, process.clone()).boxed_local();
    let ending = shutdown::drain(&process, role).await;
    // Last, so that the probes and the last counts can be read during the drain.
    admin.task.abort();
    read.task.abort();
    Ok(match ending {
        Ok(()) => {
            tracing::info!(role = told.role, "stopped");
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(role = told.role, error = format!("{error:#}"), "failed");
            ExitCode::FAILURE
        }
    })
}
