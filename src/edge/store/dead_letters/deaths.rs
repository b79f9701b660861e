//! How often a dead letter died before: which of the earlier letters of its request it was.
//!
//! A redrive gives a letter a new message id and a new time (SQS developer guide, dead-letter
//! queue redrive). So an earlier letter that was still met after this one was sent is not it, but
//! lies beside it; and one that was not may only be hidden, by somebody who looks at it.

use super::NotedDeadLetter;
use crate::domain::time::Time;
use crate::edge::store::row::{get, optional_time, word};
use crate::edge::store::{Store, StoreError};
use sqlx::mysql::MySqlRow;

/// What the letters before one come to. Its deaths are those of the one that died most often, and
/// one more: letters that lay there together did not follow one another.
macro_rules! deaths {
    () => {
        "MAX(COALESCE(died_before, 0)) + 1 AS deaths, \
         MIN(COALESCE(first_died_at, first_seen_at)) AS since"
    };
}
pub(super) use deaths;

/// The letters that this one may have been. There are never more of them: what is met later is
/// met after it was sent.
macro_rules! may_be_earlier {
    () => {
        "(request_id = ? AND message_id <> ? AND last_seen_at < ?)"
    };
}
pub(super) use may_be_earlier;

/// Those with an id of their own first: they wait for none that lies there, and so are not kept
/// waiting by those that do.
const UNSETTLED: &str = "SELECT request_id, message_id, sent_at, is_named FROM dead_letter \
     WHERE told_at IS NULL AND died_before IS NULL \
     ORDER BY is_named DESC, first_seen_at LIMIT ?";

const EARLIER: &str = concat!(
    "SELECT ",
    deaths!(),
    ", MAX(last_seen_at) AS latest FROM dead_letter WHERE ",
    may_be_earlier!()
);

const SETTLE: &str = "UPDATE dead_letter SET died_before = ?, first_died_at = ? \
     WHERE request_id = ? AND message_id = ? AND died_before IS NULL";

/// A letter of which it is not known how often it died before. Nobody is told of it yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsettledDeath {
    letter: NotedDeadLetter,
    sent_at: Option<Time>,
    is_named: bool,
}

impl Store {
    /// At most `limit` of them, those with an id of their own first, then the oldest.
    ///
    /// # Errors
    /// [`StoreError`]; a read changes nothing.
    pub async fn unsettled_deaths(&self, limit: u32) -> Result<Vec<UnsettledDeath>, StoreError> {
        let query = sqlx::query(UNSETTLED).bind(limit);
        let rows = self.call().await?.read(query).await?;
        rows.iter().map(unsettled).collect()
    }

    /// Settles how often this one died before, if that can be said: letters that were last met
    /// before `gone_before` have left the queue. It stays unsettled while an equal one may lie
    /// there, unseen. One with an id of its own does not wait: at worst one that was sent twice
    /// is taken for one that returned. What is read and what is written need not be of one moment:
    /// what is met in between was not gone, and is waited for.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat is harmless.
    pub async fn settle_death(
        &self,
        death: &UnsettledDeath,
        gone_before: Time,
    ) -> Result<(), StoreError> {
        let (request_id, message_id) = (death.letter.request_id.as_str(), &death.letter.message_id);
        let earlier = sqlx::query(EARLIER).bind(request_id).bind(message_id);
        let earlier = earlier.bind(death.sent_at.map(Time::as_micros));
        let mut call = self.call().await?;
        let rows = call.read(earlier).await?;
        let row = rows
            .first()
            .ok_or_else(|| StoreError::Broken("no sum of deaths".to_owned()))?;
        let latest = optional_time(row, "latest")?;
        if !death.is_named && latest.is_some_and(|latest| latest >= gone_before) {
            return Ok(());
        }
        let settle = sqlx::query(SETTLE)
            .bind(get::<Option<i64>>(row, "deaths")?.unwrap_or_default())
            .bind(get::<Option<i64>>(row, "since")?)
            .bind(request_id)
            .bind(message_id);
        call.write(settle).await?;
        Ok(())
    }
}

fn unsettled(row: &MySqlRow) -> Result<UnsettledDeath, StoreError> {
    Ok(UnsettledDeath {
        letter: NotedDeadLetter {
            request_id: word(row, "request_id")?,
            message_id: get(row, "message_id")?,
        },
        sent_at: optional_time(row, "sent_at")?,
        is_named: get(row, "is_named")?,
    })
}
