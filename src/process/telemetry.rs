//! Logs: one line per event on standard error, as JSON for machines or text for people.
//!
//! Standard output belongs to what a command was asked to print.

use super::args::{LogArgs, LogFormat};
use anyhow::Context;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Installs the subscriber of this process, and logs panics through it.
pub fn install(args: &LogArgs) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&args.log_filter).context("RUST_LOG")?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let installed = match args.log_format {
        // Fields at the top level, those of the span (the request's id) beside them.
        LogFormat::Json => logs
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .try_init(),
        LogFormat::Text => logs.try_init(),
    };
    installed.map_err(|error| anyhow::anyhow!("cannot install the logs: {error}"))?;
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    Ok(())
}
