//! Logs: one line per event on standard error, as JSON for machines or text for people.
//! And, if there is a collector, traces: a few spans for each request.
//!
//! Standard output belongs to what a command was asked to print.

mod collector;
mod export;
mod stage;

pub use stage::{Kind, Stage};

use super::args::{LogArgs, LogFormat, Told};
use anyhow::Context;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::io::IsTerminal;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

/// What has to be put away when the process ends: spans that no collector has yet.
#[must_use = "the last spans are sent when it is dropped"]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(traces) = &self.traces {
            export::flush(traces);
        }
    }
}

/// Installs the subscriber of this process, and logs panics through it. `told` names the
/// process in its traces, and says who reads its logs.
///
/// # Errors
/// A log filter or an address of the collector that cannot be understood.
pub fn install(args: &LogArgs, told: &Told) -> anyhow::Result<Telemetry> {
    let defaults = told.log_defaults();
    let filter = args.log_filter.as_deref().unwrap_or(defaults.filter);
    let filter = EnvFilter::try_new(filter).context("RUST_LOG")?;
    // The spans of traces are for the collector: no log line repeats their fields.
    let filter = filter.add_directive(format!("{}=off", stage::TARGET).parse()?);
    // Every failed call once more, as an error, and without what was called: who called it
    // says what failed and what follows.
    let filter = filter.add_directive("kube_client::client::builder=off".parse()?);
    let traces = export::provider(args.otlp_endpoint.as_deref(), &told.role)?;
    let mut layers = vec![
        logs(args.log_format.unwrap_or(defaults.format))
            .with_filter(filter)
            .boxed(),
    ];
    layers.extend(traces.as_ref().map(export::layer));
    tracing_subscriber::registry()
        .with(layers)
        .try_init()
        .map_err(|error| anyhow::anyhow!("cannot install the logs: {error}"))?;
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    Ok(Telemetry { traces })
}

fn logs(format: LogFormat) -> Box<dyn Layer<Registry> + Send + Sync> {
    let logs = fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match format {
        // Fields at the top level, those of the span (the request's id) beside them.
        LogFormat::Json => logs
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .boxed(),
        LogFormat::Text => logs.boxed(),
    }
}
