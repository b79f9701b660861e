//! With a collector every request is one trace, in the trace of its message; without one
//! nothing is sent; and whatever the collector does, no request waits for it.

use crate::support::collector::{Collector, Span};
use crate::support::role::Role;
use crate::support::shop::{Shop, in_shop};
use restock_operator::crd::words::Phase;
use serde_json::json;
use std::time::{Duration, Instant};

/// The trace of the first message, and the span in it that sent the message.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SENDER: &str = "b7ad6b7169203331";

/// Requests past a collector that hangs.
const REQUESTS: usize = 30;

/// Time for all of them. Were a thread to wait at the end of each span until an export is
/// given up after 3 s, two threads would need 45 s.
const UNHINDERED: Duration = Duration::from_secs(30);

/// Each role's service, its span, and what that says of a request that goes well.
const STAGES: [(&str, &str, &str); 3] = [
    ("restock-operator-ingest", "create request", "Created"),
    ("restock-operator-controller", "order", "Placed"),
    ("restock-operator-receiver", "book arrival", "Committed"),
];

/// The three roles, told so; the receiver goes at once when it is told to stop.
fn roles(shop: &Shop, setting: (&'static str, String)) -> [Role; 3] {
    let settings = [setting, ("RESTOCK_DRAIN_SECONDS", "0".to_owned())];
    [
        shop.ingest_with(&settings),
        shop.controller_with(&settings),
        shop.receiver_with(&settings),
    ]
}

/// Blocks this thread: the collector needs another one.
fn stop(roles: [Role; 3]) {
    for role in roles {
        assert!(role.stop(), "the role ends in order");
    }
}

/// One of each stage, of the same request and the same parent.
fn assert_whole(shop: &Shop, spans: &[Span]) {
    assert_eq!(spans.len(), STAGES.len(), "{spans:#?}");
    for (service, name, outcome) in STAGES {
        let span = spans.iter().find(|span| span.name == name).unwrap();
        let tells = |name: &str| span.attributes.get(name).map(String::as_str);
        assert_eq!(span.service, service);
        assert_eq!(tells("outcome"), Some(outcome));
        assert_eq!(
            tells("request_id"),
            Some(spans[0].attributes["request_id"].as_str())
        );
        assert_eq!(span.parent, spans[0].parent);
        let attempt = (name != "create request").then_some("1");
        assert_eq!(tells("attempt"), attempt);
        if name != "book arrival" {
            assert_eq!(tells("namespace"), Some(shop.place.namespace.as_str()));
            assert!(tells("name").unwrap().starts_with("rr-"));
        }
    }
    let told = format!("{spans:?}");
    for secret in ["/arrivals/", "delay:300", shop.sku.as_str()] {
        assert!(!told.contains(secret), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_one_trace_in_that_of_its_message() {
    in_shop(json!({}), |shop| async move {
        let collector = Collector::open().await;
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.clone());
        let roles = roles(&shop, endpoint);
        let parent = format!("00-{TRACE}-{SENDER}-01");
        shop.send_with("traced", 3, "delay:300", &[("traceparent", &parent)])
            .await;
        shop.send("untraced", 3, "delay:300").await;
        shop.wait_for_all(2, Phase::Succeeded).await;
        // Without waiting for the next export: the last spans are sent at the end.
        stop(roles);
        let (traced, untraced): (Vec<_>, Vec<_>) = collector
            .spans()
            .into_iter()
            .partition(|span| span.trace == TRACE);
        assert_whole(&shop, &traced);
        assert_eq!(traced[0].parent, SENDER);
        assert_whole(&shop, &untraced);
        assert!(untraced.iter().all(|span| span.trace == untraced[0].trace));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_endpoint_nothing_is_sent() {
    in_shop(json!({}), |shop| async move {
        let collector = Collector::open().await;
        // Read by the library alone, and so no switch.
        let variable = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
        let roles = roles(&shop, (variable, format!("{}/v1/traces", collector.url)));
        shop.send("silent", 3, "delay:300").await;
        shop.wait_for_all(1, Phase::Succeeded).await;
        stop(roles);
        assert_eq!(collector.exports(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_hangs_hinders_no_request() {
    let quick = json!({ "ordersPerSecond": 100, "burst": 100 });
    in_shop(quick, |shop| async move {
        let collector = Collector::hanging().await;
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.clone());
        let roles = roles(&shop, endpoint);
        let begin = Instant::now();
        for number in 0..REQUESTS {
            shop.send(&format!("event-{number}"), 1, "delay:300").await;
        }
        shop.wait_for_all(REQUESTS, Phase::Succeeded).await;
        let took = begin.elapsed();
        assert!(took < UNHINDERED, "{took:?}");
        stop(roles);
        assert!(collector.exports() >= 3, "each role tried");
    })
    .await;
}
