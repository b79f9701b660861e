//! The controller role.

pub mod tell;

/// Settings of the controller role.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {}

/// Runs until shutdown.
pub async fn run(_args: Args, process: crate::process::Process) -> anyhow::Result<()> {
    process.shutdown.cancelled().await;
    anyhow::bail!("this role is not written yet")
}
