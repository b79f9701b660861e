//! kubectl-restock: a plugin of kubectl, for whoever is on call.

use clap::Parser as _;
use restock_operator::{plugin, process};

fn main() -> anyhow::Result<std::process::ExitCode> {
    process::install_tls();
    let cli = plugin::Cli::parse();
    // One thread: it asks one thing after the other.
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build()?;
    let code = runtime.block_on(plugin::run(cli));
    // Whoever ends a question by Ctrl-C answers it no more: its reader is not waited for.
    runtime.shutdown_background();
    Ok(code)
}
