//! What the ledger says of itself: its clock, its version, when the inbox was empty.

use super::error::Failure;
use super::migrate::newest_version;
use super::row::{get, ledger_now, time};
use super::{Store, StoreError};
use crate::domain::order::short_hash;
use crate::domain::time::Time;
use std::time::Duration;

/// The name of the fact that [`Store::set_inbox_empty`] writes.
pub(super) const INBOX_EMPTY_AT: &str = "inbox_empty_at";

/// The name of the fact that [`Store::set_dead_letters_swept`] writes.
pub(super) const DEAD_LETTERS_SWEPT_AT: &str = "dead_letters_swept_at";

/// The name of the fact that [`Store::set_dead_letters_gone`] writes.
pub(super) const DEAD_LETTERS_GONE_BEFORE: &str = "dead_letters_gone_before";

/// How the names of the facts begin that [`Store::watch_dead_letter_queue`] writes; the rest is a
/// hash of the queue's ARN, which may be longer than a name.
const DEAD_LETTER_QUEUE: &str = "dead_letter_queue/";

const OTHER_QUEUES: &str = concat!(
    "SELECT 1 FROM ledger_meta WHERE name LIKE ? AND name <> ? AND micros > ",
    ledger_now!(),
    " - ? LIMIT 1"
);

const SET_LATER: &str = "INSERT INTO ledger_meta (name, micros) VALUES (?, ?) \
     ON DUPLICATE KEY UPDATE micros = GREATEST(micros, VALUES(micros))";

/// Locks the row in either case: what is to be done once is done by one process at a time.
const TAKE_UP: &str = "INSERT INTO ledger_meta (name, micros) VALUES (?, 0) \
     ON DUPLICATE KEY UPDATE micros = micros";

const DONE_AT: &str = "SELECT micros FROM ledger_meta WHERE name = ?";

const DONE: &str = concat!(
    "UPDATE ledger_meta SET micros = ",
    ledger_now!(),
    " WHERE name = ?"
);

const UNDONE: &str = "UPDATE ledger_meta SET micros = 0 WHERE name = ? AND micros <> 0";

const SCHEMA_VERSION: &str =
    "SELECT MAX(version) AS version FROM _sqlx_migrations WHERE success = TRUE";

/// How something ended that is done once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Once<E> {
    /// It was done now.
    Now,
    /// It had been done before.
    Before,
    /// It could not be done.
    Failed(E),
}

impl Store {
    /// The ledger's clock. Also the cheapest question whether it answers.
    ///
    /// # Errors
    /// [`StoreError`]; a read changes nothing.
    pub async fn now(&self) -> Result<Time, StoreError> {
        let query = sqlx::query(concat!("SELECT ", ledger_now!(), " AS now"));
        let rows = self.call().await?.read(query).await?;
        let row = rows
            .first()
            .ok_or_else(|| StoreError::Broken("no time".to_owned()))?;
        time(row, "now")
    }

    /// Notes that the callback inbox was empty. `as_of` is [`Store::now`] as it was
    /// *before* the inbox was asked: a callback parked while the answer was on its way
    /// must not count as seen. An earlier time than the one noted changes nothing.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat is harmless.
    pub async fn set_inbox_empty(&self, as_of: Time) -> Result<(), StoreError> {
        self.set_later(INBOX_EMPTY_AT, as_of).await
    }

    /// Notes that every message of the dead-letter queue was met by a look that began then, by
    /// [`Store::now`]. An earlier time than the one noted changes nothing.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat is harmless.
    pub async fn set_dead_letters_swept(&self, as_of: Time) -> Result<(), StoreError> {
        self.set_later(DEAD_LETTERS_SWEPT_AT, as_of).await
    }

    /// Notes that the messages which were last met in the dead-letter queue before that, by
    /// [`Store::now`], have left it. An earlier time than the one noted changes nothing.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat is harmless.
    pub async fn set_dead_letters_gone(&self, before: Time) -> Result<(), StoreError> {
        self.set_later(DEAD_LETTERS_GONE_BEFORE, before).await
    }

    /// Notes that this dead-letter queue is watched now. The answer is whether another one was
    /// within so long: the ledger keeps the letters of one.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat is harmless.
    pub async fn watch_dead_letter_queue(
        &self,
        arn: &str,
        lately: Duration,
    ) -> Result<bool, StoreError> {
        let name = format!("{DEAD_LETTER_QUEUE}{}", short_hash(arn.as_bytes()));
        let as_of = self.now().await?;
        self.set_later(&name, as_of).await?;
        let lately = i64::try_from(lately.as_micros()).unwrap_or(i64::MAX);
        let others = sqlx::query(OTHER_QUEUES)
            .bind(format!("{DEAD_LETTER_QUEUE}%"))
            .bind(&name)
            .bind(lately);
        Ok(!self.call().await?.read(others).await?.is_empty())
    }

    async fn set_later(&self, name: &str, as_of: Time) -> Result<(), StoreError> {
        let query = sqlx::query(SET_LATER).bind(name).bind(as_of.as_micros());
        self.call().await?.write(query).await?;
        Ok(())
    }

    /// Does what is to be done once, for all processes and restarts, until it is
    /// [undone](Self::undo). If it fails, or its process dies, it is done again when it is next
    /// asked for: at least once, and by one process at a time. It must end within the 60 s for
    /// which the server keeps a silent connection.
    ///
    /// # Errors
    /// [`StoreError`], which may follow what was done; else what `act` says, as a value.
    pub async fn once<E>(
        &self,
        name: &str,
        act: impl AsyncFnOnce() -> Result<(), E>,
    ) -> Result<Once<E>, StoreError> {
        Ok(self.try_once(name, act).await?)
    }

    async fn try_once<E>(
        &self,
        name: &str,
        act: impl AsyncFnOnce() -> Result<(), E>,
    ) -> Result<Once<E>, Failure> {
        let mut call = self.transaction().await?;
        call.write(sqlx::query(TAKE_UP).bind(name)).await?;
        let rows = call.read(sqlx::query(DONE_AT).bind(name)).await?;
        let done_at = rows
            .first()
            .map_or(Ok(0), |row| get::<i64>(row, "micros"))?;
        if done_at > 0 {
            call.rollback().await;
            return Ok(Once::Before);
        }
        if let Err(why) = act().await {
            call.go_on();
            call.rollback().await;
            return Ok(Once::Failed(why));
        }
        call.go_on();
        call.write(sqlx::query(DONE).bind(name)).await?;
        call.commit().await?;
        Ok(Once::Now)
    }

    /// Has what was done [once](Self::once) done again when it is next asked for.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat is harmless.
    pub async fn undo(&self, name: &str) -> Result<(), StoreError> {
        let query = sqlx::query(UNDONE).bind(name);
        self.call().await?.write(query).await?;
        Ok(())
    }

    /// The number of the last migration that was applied; none on a ledger without any.
    ///
    /// # Errors
    /// [`StoreError::Broken`] also if no migration ever ran.
    pub async fn schema_version(&self) -> Result<Option<i64>, StoreError> {
        let rows = self.call().await?.read(sqlx::query(SCHEMA_VERSION)).await?;
        rows.first().map_or(Ok(None), |row| get(row, "version"))
    }

    /// That the ledger is as new as this software, or newer: a release adds to the schema
    /// and only the next one takes away, so that the one before can still run.
    ///
    /// # Errors
    /// [`StoreError::Broken`] tells a person to run `restock-operator migrate`.
    pub async fn require_schema(&self) -> Result<(), StoreError> {
        let needed = newest_version();
        match self.schema_version().await? {
            Some(version) if version >= needed => Ok(()),
            found => Err(StoreError::Broken(format!(
                "its schema is version {}, this software needs {needed}; \
                 run `restock-operator migrate`",
                found.map_or_else(|| "none".to_owned(), |version| version.to_string())
            ))),
        }
    }
}
