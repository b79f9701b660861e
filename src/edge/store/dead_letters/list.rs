//! Reading `dead_letter`: what was met in the dead-letter queue, and whether it is still there.

use super::{DeadLetter, dead_letter};
use crate::domain::time::Time;
use crate::edge::store::call::Call;
use crate::edge::store::meta::{DEAD_LETTERS_GONE_BEFORE, DEAD_LETTERS_SWEPT_AT};
use crate::edge::store::page::{Mark, newest_first};
use crate::edge::store::row::{get, optional_time, time};
use crate::edge::store::{Store, StoreError};
use sqlx::mysql::MySqlRow;

/// A dead letter and what was done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedDeadLetter {
    /// The letter.
    pub letter: DeadLetter,
    /// When the operations team was told.
    pub told_at: Option<Time>,
    /// By which notice.
    pub notice_id: Option<String>,
    /// Whether it has left the queue, in all probability: redriven, discarded, or too old.
    pub is_gone: bool,
}

impl ListedDeadLetter {
    /// Where the page behind this row begins.
    pub fn mark(&self) -> Mark {
        Mark {
            at: self.letter.first_seen_at,
            request_id: Some(self.letter.request_id.clone()),
            rest: self.letter.message_id.clone(),
        }
    }
}

/// A page of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedDeadLetters {
    /// The newest first.
    pub letters: Vec<ListedDeadLetter>,
    /// When the last look began that met the whole queue.
    pub swept_at: Option<Time>,
    /// What was last met before that is gone; what has gone since is not known yet.
    pub gone_before: Option<Time>,
}

const LOOKED: &str = "SELECT micros FROM ledger_meta WHERE name = ?";

const LIST: &str = concat!(
    "SELECT request_id, message_id, reason, sent_at, first_seen_at, last_seen_at, times_seen, \
     died_before, first_died_at, told_at, notice_id FROM dead_letter WHERE last_seen_at >= ? AND ",
    newest_first!("first_seen_at", "message_id")
);

impl Store {
    /// At most `limit` dead letters behind this mark, the newest first; those that have left the
    /// queue only if they are asked for.
    ///
    /// # Errors
    /// [`StoreError`]; a read changes nothing.
    pub async fn dead_letters(
        &self,
        with_gone: bool,
        behind: &Mark,
        limit: u32,
    ) -> Result<ListedDeadLetters, StoreError> {
        let mut call = self.call().await?;
        let swept_at = looked(&mut call, DEAD_LETTERS_SWEPT_AT).await?;
        let gone_before = looked(&mut call, DEAD_LETTERS_GONE_BEFORE).await?;
        let here_since = gone_before.unwrap_or_default();
        let met_since = if with_gone {
            i64::MIN
        } else {
            here_since.as_micros()
        };
        let query = behind.bind(sqlx::query(LIST).bind(met_since)).bind(limit);
        let rows = call.read(query).await?;
        let letters = rows.iter().map(|row| listed(row, here_since));
        let letters = letters.collect::<Result<_, _>>()?;
        Ok(ListedDeadLetters {
            letters,
            swept_at,
            gone_before,
        })
    }
}

async fn looked(call: &mut Call, name: &str) -> Result<Option<Time>, StoreError> {
    let rows = call.read(sqlx::query(LOOKED).bind(name)).await?;
    rows.first().map(|row| time(row, "micros")).transpose()
}

fn listed(row: &MySqlRow, here_since: Time) -> Result<ListedDeadLetter, StoreError> {
    let letter = dead_letter(row)?;
    Ok(ListedDeadLetter {
        is_gone: letter.last_seen_at < here_since,
        letter,
        told_at: optional_time(row, "told_at")?,
        notice_id: get(row, "notice_id")?,
    })
}
