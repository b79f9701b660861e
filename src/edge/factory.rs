//! The Factory API: one POST, and what its answer means.
//!
//! The client of this POST is its own. Whatever could send an order twice, or somewhere
//! else, is off: retries, redirects, proxies, idle connections, HTTP/2.

mod allow;
mod answer;
mod body;
mod headers;

pub use allow::AllowList;
pub use body::{OrderText, PayloadKeys, order_body};

use crate::domain::progress::Answer;
use allow::GuardedResolver;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, Url, redirect, retry};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Name of the header that carries the trace parent (W3C Trace Context).
const TRACE_PARENT: &str = "traceparent";

/// Where orders go, from a Factory's spec.
#[derive(Clone, Debug)]
pub struct Target {
    /// Absolute URL.
    pub url: String,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for the answer, from the first try to connect.
    pub total_timeout: Duration,
    /// Directory of a mounted Secret: each file is a header, named like it.
    pub headers: Option<PathBuf>,
    /// Whether http is good enough.
    pub allow_insecure: bool,
}

/// Why a Factory cannot be ordered from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not a usable URL.
    #[error("its URL cannot be used: {0}")]
    InvalidUrl(String),
    /// The operator's own list does not have the host.
    #[error("host {0} is not on the operator's --factory-allow list")]
    HostNotAllowed(String),
    /// The Secret of headersFrom is not mounted, or not usable.
    #[error("the headers of headersFrom are missing: {0}")]
    HeadersMissing(String),
    /// The client could not be built, such as for want of CA certificates.
    #[error("no client: {0}")]
    NoClient(String),
}

impl TargetError {
    /// The reason of the Factory's Ready condition.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::InvalidUrl(_) => "InvalidUrl",
            Self::HostNotAllowed(_) => "HostNotAllowed",
            Self::HeadersMissing(_) => "HeadersMissing",
            Self::NoClient(_) => "NoClient",
        }
    }
}

/// A client for the orders of one Factory; clones share it.
#[derive(Clone, Debug)]
pub struct FactoryClient {
    client: Client,
    url: Url,
    headers: Option<PathBuf>,
}

impl FactoryClient {
    /// A client for this target, if the list has its host.
    ///
    /// # Errors
    /// [`TargetError`] says what to mend.
    pub fn new(target: &Target, allow: &AllowList) -> Result<Self, TargetError> {
        let url = Url::parse(&target.url).map_err(|e| TargetError::InvalidUrl(e.to_string()))?;
        let may_carry = match url.scheme() {
            "https" => true,
            "http" => target.allow_insecure,
            _ => false,
        };
        if !may_carry || !url.username().is_empty() || url.password().is_some() {
            let why = "https is needed unless allowInsecure, and no user name or password";
            return Err(TargetError::InvalidUrl(why.to_owned()));
        }
        allow.admit(&url)?;
        if let Some(directory) = &target.headers {
            headers::read(directory)?;
        }
        let client = Client::builder()
            .http1_only()
            .pool_max_idle_per_host(0)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .connect_timeout(target.connect_timeout)
            .timeout(target.total_timeout)
            .dns_resolver(Arc::new(GuardedResolver::new(allow.clone())))
            .build()
            .map_err(|error| TargetError::NoClient(error.to_string()))?;
        Ok(Self {
            client,
            url,
            headers: target.headers.clone(),
        })
    }

    /// Whether what an order needs is still there: the Secret of headersFrom can go at any
    /// moment. Reads synchronously: a mounted Secret lives in memory.
    ///
    /// # Errors
    /// [`TargetError::HeadersMissing`].
    pub fn check(&self) -> Result<(), TargetError> {
        self.headers.iter().try_for_each(|directory| {
            headers::read(directory)?;
            Ok(())
        })
    }

    /// Sends one order, once.
    pub async fn post(&self, order: &Value, trace_parent: Option<&str>) -> Answer {
        // Read for each order: a rotated Secret is used without a restart.
        let headers = match &self.headers {
            Some(directory) => match headers::read(directory) {
                Ok(headers) => headers,
                Err(error) => return Answer::NotSent(error.to_string()),
            },
            None => HeaderMap::new(),
        };
        let mut request = self
            .client
            .post(self.url.clone())
            .headers(headers)
            .json(order);
        // A broken trace is left out: it never costs an order.
        if let Some(parent) = trace_parent.and_then(|text| HeaderValue::from_str(text).ok()) {
            request = request.header(TRACE_PARENT, parent);
        }
        match request.send().await {
            Ok(response) => answer::of_response(response).await,
            Err(error) => answer::of_error(&error),
        }
    }
}
