//! A callback as a factory makes it, to try the way that it takes.

use super::causes;
use reqwest::{Client, redirect, retry};
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
    let client = Client::builder()
        .timeout(CALLBACK_TIMEOUT)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .build();
    let in_words = |error: reqwest::Error| causes::in_words(&error.without_url());
    let answer = client.map_err(in_words)?.post(url).json(order).send().await;
    answer
        .map(|answer| answer.status().as_u16())
        .map_err(in_words)
}
