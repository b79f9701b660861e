//! Why the API server did not do what it was asked.

use crate::edge::causes;
use kube::core::Status;

/// Why a call failed, named by what the caller can do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// The object is not the version that the caller read: read again, decide again.
    #[error("conflict: {0}")]
    Conflict(String),
    /// An object of this name is there already.
    #[error("already exists: {0}")]
    Exists(String),
    /// The object, its namespace or its kind is not there.
    #[error("not found: {0}")]
    Gone(String),
    /// The server has seen the request and does not want it.
    #[error("refused: {0}")]
    Refused(String),
    /// No answer, or none that says anything: the call may have had its effect.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

impl ClusterError {
    /// Whether it is for want of a right, in the words of the API server.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Self::Refused(text) if text.contains("forbidden"))
    }
}

impl From<kube::Error> for ClusterError {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => of_status(&status),
            // The display of a transport error hides its cause: walk down to it.
            other => Self::Unavailable(causes::in_words(&other)),
        }
    }
}

pub(super) fn of_status(status: &Status) -> ClusterError {
    let text = causes::cut(&status.message);
    match (status.code, status.reason.as_str()) {
        (409, "AlreadyExists") => ClusterError::Exists(text),
        (409, _) => ClusterError::Conflict(text),
        // An object that is not valid is named; operations that do not fit it are answered
        // without a name (k8s.io/apiserver, handlers/patch.go: NewGenericServerResponse).
        (422, _) if !names_object(status) => ClusterError::Conflict(text),
        (404 | 410, _) => ClusterError::Gone(text),
        // Too many requests and time-outs say nothing about the request itself.
        (408 | 429, _) => ClusterError::Unavailable(text),
        (400..500, _) => ClusterError::Refused(text),
        _ => ClusterError::Unavailable(text),
    }
}

fn names_object(status: &Status) -> bool {
    let details = status.details.as_ref();
    details.is_some_and(|details| !details.name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_say_what_the_caller_can_do() {
        let text = || "text".to_owned();
        let cases = [
            (409, "AlreadyExists", ClusterError::Exists(text())),
            (409, "Conflict", ClusterError::Conflict(text())),
            (404, "NotFound", ClusterError::Gone(text())),
            (403, "Forbidden", ClusterError::Refused(text())),
            (429, "TooManyRequests", ClusterError::Unavailable(text())),
            (500, "InternalError", ClusterError::Unavailable(text())),
            (504, "Timeout", ClusterError::Unavailable(text())),
        ];
        for (code, reason, expected) in cases {
            let status = Status {
                code,
                reason: reason.to_owned(),
                message: text(),
                ..Status::default()
            };
            assert_eq!(of_status(&status), expected, "{code} {reason}");
        }
    }

    #[test]
    fn an_object_that_is_not_valid_is_no_conflict_and_operations_that_do_not_fit_are() {
        let of_name = |name: &str| {
            let status = serde_json::json!({ "code": 422, "details": { "name": name } });
            of_status(&serde_json::from_value(status).unwrap())
        };
        assert!(matches!(of_name("rr-1"), ClusterError::Refused(_)));
        assert!(matches!(of_name(""), ClusterError::Conflict(_)));
    }
}
