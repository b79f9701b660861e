//! The trace that a message belongs to, as a W3C trace parent.

use std::collections::BTreeMap;

/// Attributes that carry traces: they change from delivery to delivery, so no digest
/// may depend on them.
const CARRIERS: [&str; 6] = [
    "traceparent",
    "tracestate",
    "baggage",
    "awstraceheader",
    "x-amzn-trace-id",
    "b3",
];

/// Whether an attribute of this name carries a trace.
pub(super) fn is_carrier(name: &str) -> bool {
    CARRIERS
        .iter()
        .any(|carrier| carrier.eq_ignore_ascii_case(name))
}

/// The trace parent: the producer's own, else the one of the AWS header. None if
/// neither is well-formed: a broken trace never costs an order.
pub(super) fn parent(
    attributes: &BTreeMap<String, String>,
    aws_header: Option<&str>,
) -> Option<String> {
    let own = attributes
        .get("traceparent")
        .filter(|text| is_parent(text))
        .cloned();
    own.or_else(|| {
        of_aws(
            attributes
                .get("AWSTraceHeader")
                .map(String::as_str)
                .or(aws_header)?,
        )
    })
}

/// Whether a text is a trace parent of version 00 of W3C Trace Context:
/// `00-{32 hex}-{16 hex}-{2 hex}`, neither id all zero.
pub fn is_parent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace, span, flags] = parts[..] else {
        return false;
    };
    version == "00" && is_id(trace, 32) && is_id(span, 16) && is_hex(flags, 2)
}

fn is_id(text: &str, digits: usize) -> bool {
    is_hex(text, digits) && text.bytes().any(|b| b != b'0')
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// `Root=1-{8 hex}-{24 hex};Parent={16 hex};Sampled=0|1` (AWS X-Ray: tracing header).
fn of_aws(header: &str) -> Option<String> {
    let part = |name: &str| {
        header
            .split(';')
            .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
    };
    let (epoch, unique) = part("Root")?.strip_prefix("1-")?.split_once('-')?;
    let flags = if part("Sampled") == Some("1") {
        "01"
    } else {
        "00"
    };
    let parent = format!("00-{epoch}{unique}-{}-{flags}", part("Parent")?);
    is_parent(&parent).then_some(parent)
}
