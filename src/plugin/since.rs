//! Points in time on a command line.

use crate::domain::time::Time;
use crate::plugin::view::moment;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::str::FromStr;
use std::time::Duration;

/// How long ago, or since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Since {
    Ago(Duration),
    At(Time),
}

impl Since {
    /// The point in time.
    pub(super) fn from(self, now: Time) -> Time {
        match self {
            Self::Ago(span) => now - span,
            Self::At(time) => time,
        }
    }
}

impl FromStr for Since {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(span) = span(text) {
            return Ok(Self::Ago(span));
        }
        let day = |date: Date| date.to_zoned(TimeZone::UTC).map(|at| at.timestamp());
        let time = text.parse::<Timestamp>();
        let time = time.or_else(|_| text.parse::<Date>().and_then(day));
        time.map(|at| Self::At(moment(at)))
            .map_err(|_| "must be like 7d, 12h, 30m, 2026-11-26 or 2026-11-26T20:00:00Z")
    }
}

fn span(text: &str) -> Option<Duration> {
    const MINUTE: u64 = 60;
    let unit = text.chars().next_back().filter(char::is_ascii)?;
    let seconds = match unit {
        's' => 1,
        'm' => MINUTE,
        'h' => 60 * MINUTE,
        'd' => 24 * 60 * MINUTE,
        _ => return None,
    };
    let count: u32 = text[..text.len() - 1].parse().ok()?;
    Some(Duration::from_secs(u64::from(count) * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_days_and_times_are_read() {
        let now: Timestamp = "2026-11-26T20:00:00Z".parse().unwrap();
        let from = |text: &str| text.parse().map(|since: Since| since.from(moment(now)));
        for (text, at) in [
            ("7d", "2026-11-19T20:00:00Z"),
            ("90m", "2026-11-26T18:30:00Z"),
            ("2026-11-20", "2026-11-20T00:00:00Z"),
            ("2026-11-20T01:02:03Z", "2026-11-20T01:02:03Z"),
        ] {
            assert_eq!(from(text), Ok(moment(at.parse().unwrap())), "{text}");
        }
        for wrong in ["", "d", "7", "-1d", "7 d", "yesterday", "글", "7w"] {
            assert!(from(wrong).is_err(), "{wrong}");
        }
        assert!(
            from(&format!("{}d", u32::MAX)).is_ok(),
            "before all history"
        );
    }
}
