//! Bodies, bounded in size and time.

use super::problem::{Problem, Reason};
use axum::body::{Body, Bytes, to_bytes};
use http_body_util::LengthLimitError;
use std::error::Error as _;
use std::time::Duration;
use tokio::time::timeout;

/// Bytes of a body: a purchase of the longest words in the longest spelling is below 2 KiB.
const BODY_BYTES_MAX: usize = 4 * 1024;

/// How long a body may take. A buyer's program sends it with the head.
const BODY_WITHIN: Duration = Duration::from_secs(5);

/// The whole body.
pub(super) async fn read(body: Body) -> Result<Bytes, Problem> {
    match timeout(BODY_WITHIN, to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(why)) if why.source().is_some_and(|why| why.is::<LengthLimitError>()) => {
            Err(Problem::new(
                Reason::BodyTooLarge,
                format!("At most {BODY_BYTES_MAX} bytes are taken."),
            ))
        }
        // Or the caller hung up, and reads no answer.
        Ok(Err(why)) => Err(Problem::field("body", format!("cannot be read: {why}"))),
        Err(_) => Err(Problem::new(
            Reason::BodyTooSlow,
            format!("It may take {} s.", BODY_WITHIN.as_secs()),
        )),
    }
}
