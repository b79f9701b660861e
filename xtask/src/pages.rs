//! Pages of processes on this machine.

use std::time::Duration;

use anyhow::Result;

/// For one question to a process on this machine.
const HTTP_LIMIT: Duration = Duration::from_secs(5);

/// Asks nobody but whom it is told to.
pub(crate) fn client() -> Result<reqwest::Client> {
    // An error says that one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(HTTP_LIMIT).no_proxy();
    Ok(client.build()?)
}

/// What a readiness page complains of, if anything.
pub(crate) async fn problem(client: &reqwest::Client, url: &str) -> Option<String> {
    let asked = async {
        let answer = client.get(url).send().await?;
        let good = answer.status().is_success();
        Ok::<_, reqwest::Error>((!good).then_some(answer.text().await?))
    };
    let answer = asked.await;
    answer.unwrap_or_else(|error| Some(error.to_string()))
}
