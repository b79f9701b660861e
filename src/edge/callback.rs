//! A callback as a factory makes it, to try the way that it takes.

use super::causes;
use crate::domain::arrival::PATH_PREFIX;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Client, RequestBuilder, Response, redirect, retry};
use serde_json::Value;
use std::time::Duration;

/// What the legacy factory waits for an answer.
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(5);

/// Header of every answer of a receiver, whatever its status, and what it says. Web servers and
/// the default backends of ingresses answer 404 too, to whatever they do not know.
pub const MARK: (HeaderName, HeaderValue) = (
    HeaderName::from_static("restock-role"),
    HeaderValue::from_static("receiver"),
);

/// What answered a callback, or a knock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// Whether a receiver says that it is one.
    pub by_receiver: bool,
}

/// Posts the order's own JSON to the URL that came with it, once. The legacy factory follows no
/// redirect, so this does not either.
///
/// # Errors
/// In words, and without the URL: it holds a token.
pub async fn call_back(url: &str, order: &Value) -> Result<Answered, String> {
    let answer = send(client()?.post(url).json(order)).await?;
    Ok(Answered::by(&answer))
}

/// Where callbacks go to, below this base URL.
pub fn door(base: &str) -> String {
    format!("{}{PATH_PREFIX}/", base.trim_end_matches('/'))
}

/// Asks for nothing at the [`door`] of this base URL, by GET, with the patience of a callback.
///
/// # Errors
/// In words, and without the URL.
pub async fn knock(base: &str) -> Result<Answered, String> {
    let answer = send(client()?.get(door(base))).await?;
    Ok(Answered::by(&answer))
}

impl Answered {
    fn by(answer: &Response) -> Self {
        let (name, value) = MARK;
        Self {
            status: answer.status().as_u16(),
            by_receiver: answer.headers().get(name) == Some(&value),
        }
    }
}

fn client() -> Result<Client, String> {
    let client = Client::builder()
        .timeout(CALLBACK_TIMEOUT)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .build();
    client.map_err(in_words)
}

async fn send(call: RequestBuilder) -> Result<Response, String> {
    call.send().await.map_err(in_words)
}

fn in_words(error: reqwest::Error) -> String {
    causes::in_words(&error.without_url())
}
