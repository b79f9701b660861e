//! The audit command.

/// Settings of the audit command.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {}

/// Does it once.
pub async fn run(_args: Args) -> anyhow::Result<()> {
    anyhow::bail!("this command is not written yet")
}
