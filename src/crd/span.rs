//! Spans of time as people write them in a manifest: `5m`, `1h30m`, `250ms`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What a span looks like: at most three parts of at most six digits, so that no text can
/// overflow the sum. A part of the syntax of Go's durations, which CEL's `duration()` reads.
const PATTERN: &str = "^([0-9]{1,6}(h|m|s|ms)){1,3}$";

/// Digits of one part, as in [`PATTERN`].
const DIGITS_MAX: usize = 6;

/// Parts of a span, as in [`PATTERN`].
const PARTS_MAX: usize = 3;

/// The units, the longest first: the order in which they are written.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// A span of time, to the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(Duration);

/// A text that is no span.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no span of time such as 30s, 5m or 1h30m")]
pub struct NotASpan(String);

impl Span {
    /// This many seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// This many minutes.
    pub const fn from_mins(minutes: u64) -> Self {
        Self(Duration::from_secs(minutes * 60))
    }

    /// The span itself.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, NotASpan> {
        let refused = || NotASpan(text.chars().take(32).collect());
        let (mut rest, mut parts, mut millis) = (text, 0, 0);
        while !rest.is_empty() {
            let digits = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            let (count, after) = rest.split_at(digits);
            let unit = after
                .find(|c: char| c.is_ascii_digit())
                .unwrap_or(after.len());
            let (name, next) = after.split_at(unit);
            let (_, unit_ms) = UNITS
                .iter()
                .find(|(unit, _)| *unit == name)
                .ok_or_else(refused)?;
            if count.len() > DIGITS_MAX || parts == PARTS_MAX {
                return Err(refused());
            }
            millis += unit_ms * count.parse::<u64>().map_err(|_| refused())?;
            parts += 1;
            rest = next;
        }
        if parts == 0 {
            Err(refused())
        } else {
            Ok(Self(Duration::from_millis(millis)))
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, unit_ms) in UNITS {
            let count = rest / unit_ms;
            rest %= unit_ms;
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for Span {
    type Error = NotASpan;
    fn try_from(text: String) -> Result<Self, NotASpan> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> String {
        span.to_string()
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "maxLength": 24, "pattern": PATTERN })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_written_in_whole_units() {
        for (text, millis, written) in [
            ("5m", 300_000, "5m"),
            ("90m", 5_400_000, "1h30m"),
            ("1h30m5s", 5_405_000, "1h30m5s"),
            ("1500ms", 1_500, "1s500ms"),
            ("0s", 0, "0s"),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.duration(), Duration::from_millis(millis), "{text}");
            assert_eq!(span.to_string(), written);
        }
    }

    #[test]
    fn what_is_no_span_is_refused_and_never_overflows() {
        for text in [
            "",
            "5",
            "m",
            "-5m",
            "1.5h",
            "5 m",
            "9999999h",
            "1h1m1s1ms",
            "5µs",
            "1e9h",
        ] {
            assert!(text.parse::<Span>().is_err(), "{text:?}");
        }
        assert!("999999h999999h999999h".parse::<Span>().is_ok());
    }
}
