//! One use of one connection: statements up to a deadline, at most one transaction.

use super::CALL_DEADLINE;
use super::connections::Lent;
use super::error::{Effect, Failure, StoreError};
use sqlx::Executor;
use sqlx::mysql::{MySql, MySqlArguments, MySqlConnection, MySqlQueryResult, MySqlRow};
use sqlx::query::Query;
use tokio::time::{Instant, timeout_at};

const NO_ANSWER: &str = "no answer in time";

/// A statement with its parameters.
pub(super) type Statement<'q> = Query<'q, MySql, MySqlArguments>;

/// A connection that goes back only when nothing is open on it. If the
/// deadline passes, or the caller is dropped in mid-statement, it is cut instead: the
/// server then rolls back, and no later call meets the rest of this one's answer.
pub(super) struct Call {
    /// Present until dropped.
    connection: Option<Lent>,
    ends_at: Instant,
    in_transaction: bool,
    in_flight: bool,
}

impl Call {
    pub(super) fn new(connection: Lent, ends_at: Instant) -> Self {
        Self {
            connection: Some(connection),
            ends_at,
            in_transaction: false,
            in_flight: false,
        }
    }

    /// Opens the transaction. If a later statement fails, it is rolled back at once.
    pub(super) async fn begin(&mut self) -> Result<(), StoreError> {
        self.control("START TRANSACTION")
            .await
            .map_err(StoreError::Unavailable)?;
        self.in_transaction = true;
        Ok(())
    }

    /// Begins the deadline anew, where the caller had something else to do between two
    /// statements.
    pub(super) fn go_on(&mut self) {
        self.ends_at = Instant::now() + CALL_DEADLINE;
    }

    /// Commits. Any error leaves it open whether it was committed: even a server that
    /// refuses can have replicated it.
    pub(super) async fn commit(&mut self) -> Result<(), StoreError> {
        self.control("COMMIT")
            .await
            .map_err(StoreError::CommitUnknown)?;
        self.in_transaction = false;
        Ok(())
    }

    /// Gives the transaction up.
    pub(super) async fn rollback(&mut self) {
        // If this fails the connection is cut when dropped, and the server rolls back.
        if self.control("ROLLBACK").await.is_ok() {
            self.in_transaction = false;
        }
    }

    /// Runs a statement that only reads. Every such statement has a LIMIT, or reads by a
    /// whole key: the answer is kept in memory.
    pub(super) async fn read(
        &mut self,
        statement: Statement<'_>,
    ) -> Result<Vec<MySqlRow>, Failure> {
        let ends_at = self.ends_at;
        let answer = statement.fetch_all(self.start());
        let answer = timeout_at(ends_at, answer).await;
        self.end(answer, Effect::None).await
    }

    /// Runs a statement that writes; the number of rows that it met.
    pub(super) async fn write(&mut self, statement: Statement<'_>) -> Result<u64, Failure> {
        // The driver asks the server for rows met, not rows changed: a repeat of the same
        // write gives the same answer.
        Ok(self.execute(statement).await?.rows_affected())
    }

    /// Runs a statement that writes at most one row, and says a number by
    /// `LAST_INSERT_ID(expression)`, which comes with the server's answer; none if it met no row.
    pub(super) async fn write_and_tell(
        &mut self,
        statement: Statement<'_>,
    ) -> Result<Option<u64>, Failure> {
        let answer = self.execute(statement).await?;
        Ok((answer.rows_affected() == 1).then(|| answer.last_insert_id()))
    }

    async fn execute(&mut self, statement: Statement<'_>) -> Result<MySqlQueryResult, Failure> {
        let effect = if self.in_transaction {
            Effect::None
        } else {
            Effect::Possible
        };
        let ends_at = self.ends_at;
        let answer = statement.execute(self.start());
        let answer = timeout_at(ends_at, answer).await;
        self.end(answer, effect).await
    }

    async fn control(&mut self, statement: &'static str) -> Result<(), String> {
        let ends_at = self.ends_at;
        match timeout_at(ends_at, self.start().execute(statement)).await {
            Ok(Ok(_)) => {
                self.in_flight = false;
                Ok(())
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(NO_ANSWER.to_owned()),
        }
    }

    fn start(&mut self) -> &mut MySqlConnection {
        self.in_flight = true;
        self.connection.as_mut().expect("present until dropped")
    }

    async fn end<T>(
        &mut self,
        answer: Result<Result<T, sqlx::Error>, tokio::time::error::Elapsed>,
        effect: Effect,
    ) -> Result<T, Failure> {
        let failure = match answer {
            Ok(Ok(value)) => {
                self.in_flight = false;
                return Ok(value);
            }
            Ok(Err(error)) => effect.judge(&error),
            Err(_) => effect.no_answer(NO_ANSWER.to_owned()),
        };
        if matches!(failure, Failure::Duplicate | Failure::Locked) {
            // The server answered: the connection is good, and only the statement failed.
            self.in_flight = false;
            if self.in_transaction {
                self.rollback().await;
            }
        }
        Err(failure)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if (self.in_transaction || self.in_flight)
            && let Some(connection) = self.connection.take()
        {
            connection.cut();
        }
    }
}

/// Whole-transaction tries when other transactions are in the way. Two that meet again
/// and again are rare, and a lock wait of 1 s leaves room for no more before a deadline.
const TRIES_MAX: usize = 4;

/// Repeats a whole transaction while it fails for another one's locks: at most
/// [`TRIES_MAX`] tries, all of them before the deadline that they share.
pub(super) async fn retried<T, F>(mut transaction: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, Failure>>,
{
    for _ in 1..TRIES_MAX {
        match transaction().await {
            Err(Failure::Locked) => {}
            ended => return Ok(ended?),
        }
    }
    Ok(transaction().await?)
}
