//! The adjust command.

/// Settings of the adjust command.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {}

/// Does it once.
pub async fn run(_args: Args) -> anyhow::Result<()> {
    anyhow::bail!("this command is not written yet")
}
