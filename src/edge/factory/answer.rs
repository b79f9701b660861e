//! What an answer of the factory means.

use crate::domain::progress::Answer;
use jiff::Timestamp;
use reqwest::header::{DATE, HeaderName, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use std::time::Duration;

/// Most of an answer that is read. It only holds an id, for people.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Longest order id that is shown.
const ORDER_ID_CHARACTERS_MAX: usize = 64;

/// What 429 without Retry-After means, and a date that nothing tells the distance of:
/// common gateways count by the minute.
const THROTTLE_DEFAULT: Duration = Duration::from_secs(60);

/// Longest text of an error.
const ERROR_CHARACTERS_MAX: usize = 200;

/// An error without an answer. Only where no connection came to be can no byte have left.
pub(super) fn of_error(error: &reqwest::Error) -> Answer {
    let why = causes(error);
    if error.is_connect() {
        Answer::NotSent(why)
    } else {
        Answer::InDoubt(why)
    }
}

/// The status line alone decides; the body cannot change it.
pub(super) async fn of_response(response: Response) -> Answer {
    let status = response.status();
    let retry_after = retry_after(&response);
    match (status, retry_after) {
        (status, _) if status.is_success() => Answer::Placed {
            order_id: order_id(response).await,
        },
        (StatusCode::TOO_MANY_REQUESTS, wait) => Answer::Throttled {
            retry_after: wait.unwrap_or(THROTTLE_DEFAULT),
        },
        (StatusCode::SERVICE_UNAVAILABLE, Some(retry_after)) => Answer::Throttled { retry_after },
        (StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY, _) => {
            Answer::InDoubt(format!("HTTP {}", status.as_u16()))
        }
        (status, _) if status.is_redirection() || status.is_client_error() => Answer::Refused {
            status: Some(status.as_u16()),
        },
        (status, _) => Answer::InDoubt(format!("HTTP {}", status.as_u16())),
    }
}

/// Seconds, or a date (RFC 9110, 10.2.3). Anything else is as good as no header.
///
/// A date is measured from the answer's own Date: both are by the factory's clock, which
/// need not agree with ours.
fn retry_after(response: &Response) -> Option<Duration> {
    if let Ok(seconds) = header(response, &RETRY_AFTER)?.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = date(response, &RETRY_AFTER)?;
    let Some(answered) = date(response, &DATE) else {
        return Some(THROTTLE_DEFAULT);
    };
    Some(Duration::try_from(until.duration_since(answered)).unwrap_or_default())
}

fn date(response: &Response, name: &HeaderName) -> Option<Timestamp> {
    let read = jiff::fmt::rfc2822::parse(header(response, name)?).ok()?;
    Some(read.timestamp())
}

fn header<'a>(response: &'a Response, name: &HeaderName) -> Option<&'a str> {
    Some(response.headers().get(name)?.to_str().ok()?.trim())
}

/// The factory's id of the order, where its answer has one. A cut, late, huge or garbled
/// body is no id, nothing more.
async fn order_id(mut response: Response) -> Option<String> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    let json: Value = serde_json::from_slice(&body).ok()?;
    let id = json.pointer("/data/id").or(json.get("id"))?.as_str()?;
    let plain = id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let fits = (1..=ORDER_ID_CHARACTERS_MAX).contains(&id.len());
    (plain && fits).then(|| id.to_owned())
}

/// The chain of causes, without the URL: it may hold what a person put there.
fn causes(error: &reqwest::Error) -> String {
    let mut words = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        words.push(inner.to_string());
        cause = inner.source();
    }
    let text = match (error.is_timeout(), error.is_connect()) {
        (true, true) => "no connection in time".to_owned(),
        (true, false) => "no answer in time".to_owned(),
        (false, _) if words.is_empty() => "no answer".to_owned(),
        (false, _) => words.join(": "),
    };
    text.chars()
        .filter(|c| !c.is_control())
        .take(ERROR_CHARACTERS_MAX)
        .collect()
}
