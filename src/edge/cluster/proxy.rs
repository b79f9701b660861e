//! What a role answers at its read port, asked through the API server's service proxy.

use super::error::of_status;
use super::{ClusterError, unusable};
use crate::edge::causes;
use axum::http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use kube::client::{Body, Client};
use kube::core::Status;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::time::Duration;

/// A Service and the name of its port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxied<'a> {
    /// Where it is.
    pub namespace: &'a str,
    /// Its name.
    pub service: &'a str,
    /// The port's name: RBAC compares both as they are written here.
    pub port: &'a str,
}

impl Proxied<'_> {
    /// The JSON of this page, such as `v1/check`, with these parameters.
    ///
    /// # Errors
    /// [`ClusterError`], of the API server or of the Service itself:
    /// [`ClusterError::Unavailable`] also if the answer has more bytes than `bytes_max`, or is
    /// not here at the deadline.
    pub async fn get(
        &self,
        client: &Client,
        page: &str,
        parameters: &[(&str, String)],
        bytes_max: usize,
        deadline: Duration,
    ) -> Result<Value, ClusterError> {
        get(client, &self.path(page, parameters), bytes_max, deadline).await
    }

    fn path(&self, page: &str, parameters: &[(&str, String)]) -> String {
        let Self {
            namespace,
            service,
            port,
        } = self;
        let encoded = |(name, value): &(&str, String)| {
            format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
        };
        let query = parameters.iter().map(encoded).collect::<Vec<_>>().join("&");
        format!("/api/v1/namespaces/{namespace}/services/{service}:{port}/proxy/{page}?{query}")
    }
}

/// The JSON at this path of the API server.
pub(super) async fn get(
    client: &Client,
    path: &str,
    bytes_max: usize,
    deadline: Duration,
) -> Result<Value, ClusterError> {
    let request = Request::get(path).body(Body::empty());
    let request = request.map_err(|why| unusable(&why))?;
    let asking = answer(client, request, bytes_max);
    let asked = tokio::time::timeout(deadline, asking).await;
    asked.unwrap_or_else(|_| {
        let seconds = deadline.as_secs();
        Err(ClusterError::Unavailable(format!(
            "no answer in {seconds} s"
        )))
    })
}

async fn answer(
    client: &Client,
    request: Request<Body>,
    bytes_max: usize,
) -> Result<Value, ClusterError> {
    let (head, body) = client.send(request).await?.into_parts();
    let body = Limited::new(body, bytes_max).collect().await;
    let body = body.map_err(|why| unusable(&why))?.to_bytes();
    if head.status.is_success() {
        return serde_json::from_slice(&body).map_err(|why| unusable(&why));
    }
    Err(failure(head.status, &body))
}

/// The API server says it as a `Status`, a role as an `error`; whatever else is on the way says
/// anything.
fn failure(code: StatusCode, body: &[u8]) -> ClusterError {
    if let Ok(status) = serde_json::from_slice::<Status>(body)
        && status.code == code.as_u16()
    {
        return of_status(&status);
    }
    let said: Option<Value> = serde_json::from_slice(body).ok();
    let said = said.as_ref().and_then(|said| said["error"].as_str());
    let text = said.map_or_else(|| code.to_string(), causes::cut);
    match code.as_u16() {
        404 => ClusterError::Gone(text),
        400..500 => ClusterError::Refused(text),
        _ => ClusterError::Unavailable(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_written_as_a_role_names_it_and_values_cannot_leave_their_place() {
        let controller = Proxied {
            namespace: "restock",
            service: "a-controller-read",
            port: "read",
        };
        let parameters = [
            ("sku", "a/../b&limit=9 도".to_owned()),
            ("limit", "1".to_owned()),
        ];
        assert_eq!(
            controller.path("v1/history", &parameters),
            "/api/v1/namespaces/restock/services/a-controller-read:read/proxy/v1/history?\
             sku=a%2F%2E%2E%2Fb%26limit%3D9%20%EB%8F%84&limit=1"
        );
    }

    #[test]
    fn whoever_refuses_is_heard() {
        let forbidden = br#"{"kind":"Status","message":"x is forbidden","code":403}"#;
        let said = failure(StatusCode::FORBIDDEN, forbidden);
        assert!(said.is_forbidden(), "{said}");
        let role = |code, text: &str| failure(code, text.as_bytes()).to_string();
        let waits = role(
            StatusCode::SERVICE_UNAVAILABLE,
            r#"{"error":"it waits\u001b"}"#,
        );
        assert_eq!(waits, "unavailable: it waits");
        let wrong = role(StatusCode::BAD_REQUEST, r#"{"error":"limit"}"#);
        assert_eq!(wrong, "refused: limit");
        let older = role(StatusCode::NOT_FOUND, "404 page");
        assert_eq!(older, "not found: 404 Not Found");
    }
}
