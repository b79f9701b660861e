//! The local parts: a control plane, a database, an AWS and the legacy factory.

mod aws;
mod control_plane;
mod database;
mod factory;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use crate::given::Given;
use crate::roles;
use crate::setup;
use crate::state::{RunDirectory, State};
use crate::tools;

/// A started part has this long to be ready: each needs about 5 s on an idle
/// machine, and a busy one is ten times slower.
const READY_LIMIT: Duration = Duration::from_secs(60);

/// Options of `up`.
#[derive(Args)]
pub(crate) struct UpOptions {
    /// Allow a given part that is not on this machine.
    #[arg(long)]
    pub(crate) external: bool,
    /// Time from an order to the factory's callback, in milliseconds (the real one takes 40 s).
    #[arg(long, default_value_t = 5_000)]
    pub(crate) factory_delay_ms: u64,
}

/// Starts what does not run, sets all up, and answers where it is. Whatever is
/// interrupted is carried on by the next call.
pub(crate) fn up(run: &RunDirectory, options: &UpOptions) -> Result<State> {
    let mut state = run.load_or_new()?;
    state.given = Given::from_environment();
    tools::check_needs(run, &state.given, false)?;
    if state.given.kubeconfig.is_some() {
        state.kubectl = tools::only_kubectl(run)?;
    }
    if !options.external {
        state.given.check_local(&state.kubectl)?;
    }
    if state.factory_delay_ms != options.factory_delay_ms {
        state.factory_delay_ms = options.factory_delay_ms;
        factory::stop(run)?;
    }
    // Before anything starts: `down` and the next `up` must know the ports.
    run.save(&state)?;
    start(run, &mut state)?;
    setup::set_up(run, &mut state)?;
    run.save(&state)?;
    Ok(state)
}

fn start(run: &RunDirectory, state: &mut State) -> Result<()> {
    // Before the long builds: what fails, fails early.
    let mariadb = match state.given.database_url {
        None => Some(tools::mariadb()?),
        Some(_) => None,
    };
    if state.given.kubeconfig.is_none() {
        let kubernetes = tools::kubernetes(run)?;
        state.kubectl = kubernetes.kubectl.clone();
        control_plane::start(run, state, &kubernetes)?;
    } else {
        control_plane::stop(run)?;
    }
    match mariadb {
        Some(programs) => database::start(run, state, &programs)?,
        None => database::stop(run)?,
    }
    if state.given.aws_endpoint.is_none() {
        aws::start(run, state, &tools::local_aws(run)?)?;
    } else {
        aws::stop(run)?;
    }
    let factory = setup::build_operator()?;
    factory::start(run, state, &factory)
}

/// Whether commits of our own database wait for the disk. One that was given keeps its setting.
pub(crate) fn set_durable(run: &RunDirectory, state: &State, durable: bool) -> Result<()> {
    match state.given.database_url {
        None => database::set_durable(run, &tools::mariadb()?, durable),
        Some(_) => Ok(()),
    }
}

/// Stops all and removes what they wrote.
pub(crate) fn down(run: &RunDirectory) -> Result<()> {
    // The roles first: they would only complain of what goes away under them.
    roles::stop(run)?;
    factory::stop(run)?;
    aws::stop(run)?;
    database::stop(run)?;
    control_plane::stop(run)?;
    run.remove()
}

/// Where kubectl finds the cluster.
pub(crate) fn kubeconfig(run: &RunDirectory, state: &State) -> PathBuf {
    let own = || control_plane::kubeconfig(run);
    state.given.kubeconfig.clone().unwrap_or_else(own)
}

/// Whether anything listens on this port of 127.0.0.1.
fn listens(port: u16) -> bool {
    let address = (std::net::Ipv4Addr::LOCALHOST, port).into();
    std::net::TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
}
