//! Reading `archive`: what became of requests, also of those whose objects are gone.

use super::page::{Mark, newest_first};
use super::row::{get, time, word};
use super::{Store, StoreError};
use crate::domain::order::RequestId;
use crate::domain::time::Time;
use sqlx::mysql::MySqlRow;

/// A finished request as it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archived {
    /// The request.
    pub request_id: RequestId,
    /// Its object.
    pub uid: String,
    /// Namespace, name, spec and status of the object, as JSON.
    pub object: String,
    /// When it finished, by the ledger's clock.
    pub archived_at: Time,
}

impl Archived {
    /// Where the page behind this row begins.
    pub fn mark(&self) -> Mark {
        Mark {
            at: self.archived_at,
            request_id: Some(self.request_id.clone()),
            rest: self.uid.clone(),
        }
    }
}

/// Which requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// All of them.
    All,
    /// Those of a product: by its SKU, or if none was ever found by what it was asked for as.
    Product(String),
    /// Those of this request id, as many as there were objects that stood for it, and those whose
    /// object had this name.
    Known(String),
}

macro_rules! archived {
    ($about:literal) => {
        concat!(
            "SELECT request_id, uid, object, archived_at FROM archive WHERE ",
            $about,
            "archived_at >= ? AND ",
            newest_first!("archived_at", "uid")
        )
    };
}

const OF_ALL: &str = archived!("");
const OF_PRODUCT: &str = archived!("sku = ? AND ");
/// Each by an index of its own: a year of rows is not read for a name that is not there.
const OF_KNOWN: &str = concat!(
    "SELECT request_id, uid, object, archived_at FROM (\
     SELECT request_id, uid, object, archived_at FROM archive WHERE request_id = ? UNION \
     SELECT request_id, uid, object, archived_at FROM archive WHERE name = ?) AS known \
     WHERE archived_at >= ? AND ",
    newest_first!("archived_at", "uid")
);

impl Store {
    /// At most `limit` requests that finished at `since` or later, behind this mark, the newest
    /// first. Each takes as many bytes as its object.
    ///
    /// # Errors
    /// [`StoreError`]; a read changes nothing.
    pub async fn history(
        &self,
        about: &About,
        since: Time,
        behind: &Mark,
        limit: u32,
    ) -> Result<Vec<Archived>, StoreError> {
        let query = match about {
            About::All => sqlx::query(OF_ALL),
            About::Product(sku) => sqlx::query(OF_PRODUCT).bind(sku),
            About::Known(name) => {
                // An object that stands for a message is named after its request id.
                let id = name.strip_prefix("rr-").unwrap_or(name);
                sqlx::query(OF_KNOWN).bind(id).bind(name)
            }
        };
        let query = behind.bind(query.bind(since.as_micros())).bind(limit);
        let rows = self.call().await?.read(query).await?;
        rows.iter().map(archived).collect()
    }
}

fn archived(row: &MySqlRow) -> Result<Archived, StoreError> {
    Ok(Archived {
        request_id: word(row, "request_id")?,
        uid: get(row, "uid")?,
        object: get(row, "object")?,
        archived_at: time(row, "archived_at")?,
    })
}
