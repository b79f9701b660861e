//! Spans on their way to the collector: a bounded queue, a thread of its own, a deadline.

use super::collector::Collector;
use super::stage;
use anyhow::{Context, ensure};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};
use reqwest::Url;
use std::time::Duration;
use tracing::Level;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::{Layer, Registry};

/// Spans that wait for the collector; at about 1 KiB each, 2 MiB. What comes while it is
/// full is dropped: a trace never makes an order wait.
const QUEUE_MAX: usize = 2_048;

/// Spans of one export: a quarter of the queue, about 512 KiB.
const BATCH_MAX: usize = 512;

/// How often what has gathered is sent, if it makes no whole batch before.
const EXPORT_EVERY: Duration = Duration::from_secs(2);

/// Longest export, from the first try to connect to the end of the answer.
const EXPORT_DEADLINE: Duration = Duration::from_secs(3);

/// Longest wait for the last spans at the end of the process: an export that is under
/// way, and one more. With the 50 s of the drain it stays below the 60 s after which
/// Kubernetes kills.
const FLUSH_DEADLINE: Duration = Duration::from_secs(2 * EXPORT_DEADLINE.as_secs());

/// Where a collector takes traces, below its address (OTLP over HTTP).
const TRACES_PATH: &str = "v1/traces";

/// The way to the collector at `endpoint`; none without one.
///
/// # Errors
/// The address is unusable, or there is no client for it, as for want of CA certificates.
pub(super) fn provider(
    endpoint: Option<&str>,
    role: &str,
) -> anyhow::Result<Option<SdkTracerProvider>> {
    // A variable that is set to nothing is not set: charts write them so.
    let Some(endpoint) = endpoint.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let url = traces_url(endpoint).context("OTEL_EXPORTER_OTLP_ENDPOINT")?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(url)
        .with_timeout(EXPORT_DEADLINE)
        .with_http_client(Collector::new(EXPORT_DEADLINE)?)
        .build()?;
    let batches = BatchConfigBuilder::default()
        .with_max_queue_size(QUEUE_MAX)
        .with_max_export_batch_size(BATCH_MAX)
        .with_scheduled_delay(EXPORT_EVERY)
        .build();
    let processor = BatchSpanProcessor::builder(exporter)
        .with_batch_config(batches)
        .build();
    let service = Resource::builder().with_service_name(format!("restock-operator-{role}"));
    let provider = SdkTracerProvider::builder()
        .with_span_processor(processor)
        .with_resource(service.build());
    Ok(Some(provider.build()))
}

/// Hands our own spans to the provider, and those of no dependency.
pub(super) fn layer(provider: &SdkTracerProvider) -> Box<dyn Layer<Registry> + Send + Sync> {
    OpenTelemetryLayer::new(provider.tracer("restock-operator"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_filter(Targets::new().with_target(stage::TARGET, Level::INFO))
        .boxed()
}

/// Sends what is left, for a bounded time.
pub(super) fn flush(provider: &SdkTracerProvider) {
    if let Err(error) = provider.shutdown_with_timeout(FLUSH_DEADLINE) {
        tracing::warn!(%error, "the last traces are lost");
    }
}

fn traces_url(endpoint: &str) -> anyhow::Result<String> {
    let mut url: Url = endpoint
        .parse()
        .with_context(|| "not a URL, expected such as http://collector:4318")?;
    ensure!(
        matches!(url.scheme(), "http" | "https"),
        "{}: only http and https can be used",
        url.scheme()
    );
    ensure!(
        url.username().is_empty() && url.password().is_none(),
        "no user name or password: it would end up in logs; set OTEL_EXPORTER_OTLP_HEADERS"
    );
    let base = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{base}/{TRACES_PATH}"));
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_go_below_the_address_of_the_collector() {
        for (endpoint, url) in [
            ("http://c:4318", "http://c:4318/v1/traces"),
            ("https://c/otlp/", "https://c/otlp/v1/traces"),
        ] {
            assert_eq!(traces_url(endpoint).unwrap(), url);
        }
    }

    #[test]
    fn a_bad_address_is_an_error_that_names_the_setting() {
        for bad in ["collector:4318", "grpc://c:4317", "http://a:b@c", "http://"] {
            let error = provider(Some(bad), "ingest").unwrap_err();
            assert_eq!(error.to_string(), "OTEL_EXPORTER_OTLP_ENDPOINT", "{bad}");
        }
    }

    #[test]
    fn without_an_address_nothing_is_installed() {
        for none in [None, Some(""), Some(" ")] {
            assert!(provider(none, "ingest").unwrap().is_none());
        }
    }
}
