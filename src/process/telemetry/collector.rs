//! The collector that takes traces: one more neighbour that may be away.

use crate::process::clock;
use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::{Client, redirect};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;

/// From one complaint of the collector to the next: an outage is seen and fills no log.
const COMPLAIN_EVERY: Duration = Duration::from_secs(5 * 60);

/// A client of the collector, for the thread that exports: that one has no runtime.
#[derive(Debug)]
pub(super) struct Collector {
    client: Client,
    runtime: Handle,
    /// When the last complaint was made, since the machine's start.
    complained: Mutex<Option<Duration>>,
}

impl Collector {
    /// A client whose every call ends within `deadline`.
    pub(super) fn new(deadline: Duration) -> anyhow::Result<Self> {
        let client = Client::builder()
            .timeout(deadline)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self {
            client,
            runtime: Handle::current(),
            complained: Mutex::default(),
        })
    }

    fn complain(&self, why: &str) {
        let now = clock::since_boot();
        let mut complained = self
            .complained
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if complained.is_none_or(|last| now.saturating_sub(last) >= COMPLAIN_EVERY) {
            *complained = Some(now);
            tracing::warn!(why, "the collector does not take traces: some are lost");
        }
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sending = async move { client.send_bytes(request).await };
        // A process that ends may end this task: no trace is worth waiting for.
        let answer = self.runtime.spawn(sending).await.map_err(HttpError::from);
        let answer = answer.and_then(|answer| answer);
        match &answer {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) => self.complain(answer.status().as_str()),
            Err(error) => self.complain(&causes(error.as_ref())),
        }
        answer
    }
}

/// The error and what is behind it: the first line alone says only that sending failed.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    causes.join(": ")
}
