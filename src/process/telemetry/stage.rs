//! A stage of a request's way, as a span in the request's own trace.

use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use ring::digest::{SHA256, digest};
use std::collections::HashMap;
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The only spans that are exported are those of this module.
pub(super) const TARGET: &str = module_path!();

/// What a stage is to its neighbours (OpenTelemetry: SpanKind).
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// It works on a message.
    Consumer,
    /// It calls another service.
    Client,
    /// It is called.
    Server,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Consumer => "consumer",
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// One stage, and all that its span tells: ids and names that we made or checked, no text
/// of a message, no URL and no token.
#[derive(Clone, Copy, Debug)]
pub struct Stage<'a> {
    /// What is done.
    pub name: &'static str,
    /// For whom.
    pub kind: Kind,
    /// The request that it is done for.
    pub request_id: &'a str,
    /// The trace parent of the message that asked for it.
    pub trace_parent: Option<&'a str>,
    /// Namespace and name of the object, where they are known.
    pub object: Option<(&'a str, &'a str)>,
    /// The attempt, once there is one.
    pub attempt: Option<u32>,
}

impl Stage<'_> {
    /// Does the work, and tells in the span how long it took and what came of it. Work
    /// that is dropped half-way leaves a span without an outcome.
    pub async fn follow<T>(
        self,
        work: impl Future<Output = T>,
        outcome: impl FnOnce(&T) -> &'static str,
    ) -> T {
        let span = self.open();
        let done = work.await;
        span.record("outcome", outcome(&done));
        done
    }

    /// Costs nothing, and is nothing, while no collector is configured.
    fn open(self) -> Span {
        let (namespace, name) = self.object.unzip();
        // In no other span: the parent is the one that the request carries.
        let span = tracing::info_span!(
            parent: None,
            "stage",
            otel.name = self.name,
            otel.kind = self.kind.as_str(),
            request_id = self.request_id,
            namespace,
            name,
            attempt = self.attempt,
            outcome = Empty,
        );
        if !span.is_disabled() {
            let parent = parent(self.trace_parent, self.request_id);
            // It fails without a collector's layer, and then there is no span either.
            let _ = span.set_parent(parent);
        }
        span
    }
}

/// The parent that the request carries; else one made from its id, the same in every
/// process, so that all spans of a request share a trace in any case.
fn parent(carried: Option<&str>, request_id: &str) -> Context {
    carried.and_then(read).unwrap_or_else(|| {
        let hash = digest(&SHA256, request_id.as_bytes());
        let (trace, rest) = hash.as_ref().split_at(16);
        let trace = trace.try_into().expect("16 bytes were split off");
        let span = rest[..8].try_into().expect("16 bytes are left of 32");
        let parent = SpanContext::new(
            TraceId::from_bytes(trace),
            SpanId::from_bytes(span),
            TraceFlags::SAMPLED,
            true,
            TraceState::NONE,
        );
        Context::new().with_remote_span_context(parent)
    })
}

/// The context of a W3C trace parent, if it is one.
fn read(text: &str) -> Option<Context> {
    let carrier = HashMap::from([("traceparent".to_owned(), text.to_owned())]);
    let read = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
    read.has_active_span().then_some(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARRIED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn ids(carried: Option<&str>, request_id: &str) -> (String, String) {
        let parent = parent(carried, request_id);
        let span = parent.span().span_context().clone();
        assert!(span.is_valid() && span.is_remote() && span.is_sampled());
        (span.trace_id().to_string(), span.span_id().to_string())
    }

    #[test]
    fn the_carried_parent_is_the_parent() {
        let (trace, span) = ids(Some(CARRIED), "a");
        assert_eq!(trace, "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(span, "b7ad6b7169203331");
    }

    #[test]
    fn without_a_parent_the_id_of_the_request_makes_one() {
        assert_eq!(ids(None, "a"), ids(None, "a"));
        assert_ne!(ids(None, "a"), ids(None, "b"));
        assert_eq!(ids(Some("broken"), "a"), ids(None, "a"));
    }
}
