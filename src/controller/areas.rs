//! Rounds over the ledger that go area by area and ask the cluster about each row: one area
//! that does not answer keeps no other from its turn.

use crate::edge::cluster::ClusterError;
use crate::edge::store::StoreError;
use crate::process::args::Area;

/// Why the work on an area ended before its end; the next round begins anew.
#[derive(Debug, thiserror::Error)]
pub(super) enum AreaError {
    /// The ledger did not answer: it is one for all areas.
    #[error("the ledger: {0}")]
    Ledger(#[from] StoreError),
    /// The API server did not answer.
    #[error("the cluster: {0}")]
    Cluster(#[from] ClusterError),
}

/// What came of the work on an area; none, and a line that says what is `undone`, if the
/// cluster did not answer for it.
///
/// # Errors
/// [`StoreError`]: the round ends.
pub(super) fn settle<T>(
    area: &Area,
    worked: Result<T, AreaError>,
    undone: &str,
) -> Result<Option<T>, StoreError> {
    match worked {
        Ok(done) => Ok(Some(done)),
        Err(AreaError::Ledger(error)) => Err(error),
        Err(AreaError::Cluster(error)) => {
            tracing::warn!(namespace = %area, %error, "{undone}");
            Ok(None)
        }
    }
}
