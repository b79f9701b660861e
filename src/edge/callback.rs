//! A callback as a factory makes it, to try the way that it takes.

use super::causes;
use reqwest::{Client, RequestBuilder, redirect, retry};
use serde_json::Value;
use std::time::Duration;

/// What the legacy factory waits for an answer.
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(5);

/// Posts the order's own JSON to the URL that came with it, once; the status of the answer.
/// The legacy factory follows no redirect, so this does not either.
///
/// # Errors
/// In words, and without the URL: it holds a token.
pub async fn call_back(url: &str, order: &Value) -> Result<u16, String> {
    status(client()?.post(url).json(order)).await
}

/// Asks there for nothing, by GET, with the patience of a callback; the status of the answer.
///
/// # Errors
/// In words, and without the URL.
pub async fn knock(url: &str) -> Result<u16, String> {
    status(client()?.get(url)).await
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

async fn status(call: RequestBuilder) -> Result<u16, String> {
    let answer = call.send().await.map_err(in_words)?;
    Ok(answer.status().as_u16())
}

fn in_words(error: reqwest::Error) -> String {
    causes::in_words(&error.without_url())
}
