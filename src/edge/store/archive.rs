//! `archive`: a finished request as it stood, for the time after its object is gone.

use super::row::ledger_now;
use super::{Store, StoreError};
use crate::domain::order::RequestId;

/// A request that fails and is mended by a late arrival finishes twice: the last word stays.
const ARCHIVE: &str = concat!(
    "INSERT INTO archive (request_id, uid, object, archived_at) VALUES (?, ?, ?, ",
    ledger_now!(),
    ") ON DUPLICATE KEY UPDATE object = VALUES(object), archived_at = VALUES(archived_at)"
);

impl Store {
    /// Keeps a finished request. `object` is its JSON, bounded by what the cluster stores.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat is harmless.
    pub async fn archive(&self, id: &RequestId, uid: &str, object: &str) -> Result<(), StoreError> {
        let query = sqlx::query(ARCHIVE)
            .bind(id.as_str())
            .bind(uid)
            .bind(object);
        self.call().await?.write(query).await?;
        Ok(())
    }
}
