//! kubectl-restock: a plugin of kubectl, for whoever is on call.

use clap::Parser as _;
use restock_operator::{plugin, process};

// One thread: it asks one thing after the other.
#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    process::install_tls();
    plugin::run(plugin::Cli::parse()).await
}
