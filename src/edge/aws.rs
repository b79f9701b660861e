//! What every AWS client of this software shares: TLS, deadlines, retries and the
//! meaning of an error.
//!
//! Region, credentials and `AWS_ENDPOINT_URL` come from the SDK's own chain, so that
//! IRSA, Pod Identity and a local AWS need no setting of ours.

use super::causes;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::{Builder, tls};
use std::error::Error;
use std::time::Duration;

/// What a role waits for that has no region, as people read it.
pub const REGION: &str = "AWS region";

/// Longest wait for a connection: the same region is a few milliseconds away.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Longest wait for the answer to one try.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest wait for one call, with the SDK's own retries: the deadline callers count on.
pub const CALL_DEADLINE: Duration = Duration::from_secs(10);

/// Tries within [`CALL_DEADLINE`]. Every call made with them may run twice: deletes and
/// visibility changes by nature, publishes because their readers know the notice's id.
const ATTEMPTS_MAX: u32 = 3;

/// Why an AWS call failed, named by what the caller can do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AwsError {
    /// Too much was asked of it: try again, later and less often.
    #[error("throttled: {0}")]
    Throttled(String),
    /// No answer, or one that blames the service: try again later. The call may have
    /// had its effect.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// The queue, topic, identity or secret does not exist: a person has to create or name it.
    #[error("does not exist: {0}")]
    Gone(String),
    /// The credentials are missing, wrong or not allowed to: a person has to grant it.
    #[error("denied: {0}")]
    Denied(String),
    /// The request itself is wrong: the same one will be refused again.
    #[error("refused: {0}")]
    Refused(String),
}

/// The configuration that every client is made from.
///
/// # Errors
/// [`AwsError::Refused`] without a region. A role [waits](REGION) for it: a person must set it,
/// and to end would only have the role started again.
pub async fn config() -> Result<SdkConfig, AwsError> {
    config_in(None).await
}

/// The same for this region, if one is named, whatever the environment says.
///
/// # Errors
/// As [`config`].
pub async fn config_in(region: Option<String>) -> Result<SdkConfig, AwsError> {
    let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let http = Builder::new().tls_provider(ring).build_https();
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(region) = region {
        loader = loader.region(Region::new(region));
    }
    let config = loader
        .http_client(http)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX))
        .timeout_config(timeouts(ATTEMPT_TIMEOUT, CALL_DEADLINE))
        .load()
        .await;
    match config.region() {
        None => Err(AwsError::Refused(
            "no AWS region: set AWS_REGION (aws.region of the chart), or make the pod's identity \
             (IRSA, Pod Identity) and then new pods: kubectl rollout restart"
                .to_owned(),
        )),
        Some(region) => {
            tracing::info!(%region, "using this AWS region");
            Ok(config)
        }
    }
}

/// Deadlines for one try and for the whole call.
pub(super) fn timeouts(attempt: Duration, call: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(attempt)
        .operation_timeout(call)
        .build()
}

/// What a failed call means to its caller.
pub(super) fn failure<E>(error: &SdkError<E>) -> AwsError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let text = causes::in_words(error);
    let SdkError::ServiceError(answer) = error else {
        return unanswered(error, text);
    };
    let status = answer.raw().status().as_u16();
    by_code(answer.err().code().unwrap_or_default(), status, text)
}

/// What a single entry of a batch means to its caller that a service did not take.
pub(super) fn entry_failure(code: &str, sender_fault: bool, text: &str) -> AwsError {
    let status = if sender_fault { 400 } else { 500 };
    by_code(code, status, causes::cut(&format!("{code}: {text}")))
}

/// Credentials are fetched before anything is sent, so their absence looks like a
/// failed dispatch: it needs a person all the same.
fn unanswered<E: Error + 'static>(error: &SdkError<E>, text: String) -> AwsError {
    match error {
        SdkError::ConstructionFailure(_) => AwsError::Refused(text),
        SdkError::DispatchFailure(failure) if failure.is_user() => AwsError::Denied(text),
        _ if text.to_ascii_lowercase().contains("credentials") => AwsError::Denied(text),
        _ => AwsError::Unavailable(text),
    }
}

fn by_code(code: &str, status: u16, text: String) -> AwsError {
    // Codes carry their service in front: `AWS.SimpleQueueService.NonExistentQueue`.
    let code = code.rsplit('.').next().unwrap_or(code);
    if status == 429 || code.contains("Throttl") || matches!(code, "OverLimit" | "RequestThrottled")
    {
        AwsError::Throttled(text)
    } else if matches!(
        code,
        "QueueDoesNotExist" | "NonExistentQueue" | "ResourceNotFoundException"
    ) || code.starts_with("NotFound")
    {
        AwsError::Gone(text)
    } else if matches!(status, 401 | 403) || code.contains("AccessDenied") {
        AwsError::Denied(text)
    } else if status >= 500 {
        AwsError::Unavailable(text)
    } else {
        AwsError::Refused(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_what_the_caller_can_do() {
        let text = || "text".to_owned();
        let cases = [
            (
                "AWS.SimpleQueueService.NonExistentQueue",
                400,
                AwsError::Gone(text()),
            ),
            ("NotFoundException", 404, AwsError::Gone(text())),
            ("ResourceNotFoundException", 400, AwsError::Gone(text())),
            ("RequestThrottled", 403, AwsError::Throttled(text())),
            ("ThrottlingException", 400, AwsError::Throttled(text())),
            ("AccessDeniedException", 400, AwsError::Denied(text())),
            ("InvalidClientTokenId", 403, AwsError::Denied(text())),
            ("InternalFailure", 500, AwsError::Unavailable(text())),
            ("InvalidMessageContents", 400, AwsError::Refused(text())),
        ];
        for (code, status, expected) in cases {
            assert_eq!(by_code(code, status, text()), expected, "{code}");
        }
    }
}
