//! SQS's own way to move all dead letters back: a task that runs there, one at a time.

use super::{Queue, whole};
use crate::domain::time::Time;
use crate::edge::aws::{self, AwsError};
use aws_sdk_sqs::types::ListMessageMoveTasksResultEntry;

/// Most messages that a task may be told to move in a second (SQS API reference,
/// StartMessageMoveTask).
pub const MOVED_PER_SECOND_MAX: u32 = 500;

/// A task, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// RUNNING, COMPLETED, CANCELLING, CANCELLED or FAILED.
    pub status: String,
    /// What cancels it; only while it runs.
    pub handle: Option<String>,
    /// Messages moved so far, approximately.
    pub moved: u64,
    /// Messages that there were to move when it began, if it has begun.
    pub to_move: Option<u64>,
    /// When it was started.
    pub started_at: Time,
    /// Why it failed, if it did.
    pub failure: Option<String>,
}

impl Move {
    /// Whether messages are still being moved.
    pub fn is_active(&self) -> bool {
        matches!(self.status.as_str(), "RUNNING" | "CANCELLING")
    }
}

impl From<ListMessageMoveTasksResultEntry> for Move {
    fn from(entry: ListMessageMoveTasksResultEntry) -> Self {
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        Self {
            status: entry.status.unwrap_or_default(),
            handle: entry.task_handle,
            moved: count(entry.approximate_number_of_messages_moved),
            to_move: entry.approximate_number_of_messages_to_move.map(count),
            started_at: Time::from_micros(entry.started_timestamp.saturating_mul(1_000)),
            failure: entry.failure_reason,
        }
    }
}

impl Queue {
    /// Has SQS move all messages of this dead-letter queue to where they came from.
    ///
    /// # Errors
    /// [`AwsError::Refused`] also while another task runs.
    pub async fn start_move(&self, arn: &str, per_second: u32) -> Result<(), AwsError> {
        let starting = self.client.start_message_move_task().source_arn(arn);
        let starting = starting.max_number_of_messages_per_second(whole(per_second.into()));
        let started = starting.send().await;
        started.map(drop).map_err(|error| aws::failure(&error))
    }

    /// The latest task of this dead-letter queue, if there was one.
    ///
    /// # Errors
    /// [`AwsError`].
    pub async fn latest_move(&self, arn: &str) -> Result<Option<Move>, AwsError> {
        let listing = self.client.list_message_move_tasks().source_arn(arn);
        let listed = listing.max_results(1).send().await;
        let listed = listed.map_err(|error| aws::failure(&error))?;
        let latest = listed.results.unwrap_or_default().into_iter().next();
        Ok(latest.map(Move::from))
    }
}
