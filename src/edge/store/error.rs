//! Errors of the ledger, named by what the caller should do.

use sqlx::mysql::MySqlDatabaseError;

/// What a failed call means for its caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Nothing was done. Try again later.
    #[error("the ledger is unavailable, nothing was done: {0}")]
    Unavailable(String),
    /// Nothing was done: other transactions were in the way until the deadline. Only what was
    /// asked for is concerned. Try again later.
    #[error("another transaction of the ledger was in the way, nothing was done")]
    Locked,
    /// It may have been done, or not. Read it back, or repeat the call where it says that
    /// a repeat is harmless.
    #[error("it is unknown whether the ledger did it: {0}")]
    CommitUnknown(String),
    /// Nothing was done, and trying again will not help until a person mends something.
    #[error("the ledger cannot be used: {0}")]
    Broken(String),
    /// As `Broken`, but only what was asked for is concerned: one row holds what this
    /// version cannot read.
    #[error("a row of the ledger cannot be used: {0}")]
    Unusable(String),
}

/// What a failed statement means for the function that ran it.
#[derive(Debug)]
pub(super) enum Failure {
    /// A row with this key stands already. The transaction was rolled back.
    Duplicate,
    /// Another transaction was in the way. This one was rolled back; it may be repeated.
    Locked,
    /// Anything else.
    Other(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Other(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Duplicate => Self::Broken("unexpected duplicate key".to_owned()),
            Failure::Locked => Self::Locked,
            Failure::Other(error) => error,
        }
    }
}

/// Whether an error leaves it open that the statement was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It cannot have been: a read, or a transaction whose COMMIT was not sent.
    None,
    /// It can have been: a COMMIT, or a write that is its own transaction.
    Possible,
}

impl Effect {
    /// The error for a call that ended without a usable answer.
    pub(super) fn no_answer(self, why: String) -> Failure {
        Failure::Other(match self {
            Self::None => StoreError::Unavailable(why),
            Self::Possible => StoreError::CommitUnknown(why),
        })
    }

    /// What an error of the driver means.
    pub(super) fn judge(self, error: &sqlx::Error) -> Failure {
        let sqlx::Error::Database(answer) = error else {
            return self.no_answer(error.to_string());
        };
        let answer = answer.downcast_ref::<MySqlDatabaseError>();
        let text = answer.to_string();
        // Numbers are the same in MySQL and MariaDB, but for those that are named.
        match (answer.number(), answer.code().unwrap_or_default()) {
            // Deadlock, lock wait time-out.
            (1213 | 1205, _) => Failure::Locked,
            (1062, _) => Failure::Duplicate,
            // Read-only: after a failover this connection may lead to the old writer.
            (1290 | 1792 | 1836, _) => Failure::Other(StoreError::Unavailable(text)),
            // No such table.
            (1146, _) => Failure::Other(StoreError::Broken(format!(
                "{text}; run `restock-operator migrate`"
            ))),
            // Out of range, constraint, syntax or rights; CHECK in MySQL.
            (_, state)
                if ["22", "23", "42"]
                    .iter()
                    .any(|class| state.starts_with(class)) =>
            {
                Failure::Other(StoreError::Broken(text))
            }
            (3819, _) => Failure::Other(StoreError::Broken(text)),
            _ => self.no_answer(text),
        }
    }
}
