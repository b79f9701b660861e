//! The check command.

/// Settings of the check command.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {}

/// Does it once.
pub async fn run(_args: Args) -> anyhow::Result<()> {
    anyhow::bail!("this command is not written yet")
}
