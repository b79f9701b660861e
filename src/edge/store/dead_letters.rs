//! `dead_letter`: messages met in the dead-letter queue, each told once.

pub mod deaths;
pub mod list;

use super::call::retried;
use super::error::Failure;
use super::row::{get, ledger_now, number, optional_time, time, word};
use super::{Store, StoreError};
use crate::domain::order::RequestId;
use crate::domain::time::Time;
use deaths::{deaths, may_be_earlier};
use sqlx::mysql::MySqlRow;
use std::time::Duration;

/// A message as it was met in the dead-letter queue.
#[derive(Clone, Debug)]
pub struct SeenDeadLetter {
    /// The request it stands for; made from its content if it names none.
    pub request_id: RequestId,
    /// Whether its sender or SNS gave it that id: else it is known by its content, as are
    /// those that are equal to it.
    pub is_named: bool,
    /// What it was noted as before a redrive made its message id its event id.
    pub formerly: Option<NotedDeadLetter>,
    /// The queue's own id of the message.
    pub message_id: String,
    /// Why it could not become a request; at most [`REASON_CHARACTERS_MAX`].
    pub reason: String,
    /// When it was sent, by the clock of the queue.
    pub sent_at: Option<Time>,
}

/// A message that was met and of which nobody was told yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The request it stands for.
    pub request_id: RequestId,
    /// The queue's own id of the message.
    pub message_id: String,
    /// Why it could not become a request.
    pub reason: String,
    /// When it was sent, by the clock of the queue.
    pub sent_at: Option<Time>,
    /// When it was first met, by the ledger's clock.
    pub first_seen_at: Time,
    /// When it was last met, by the ledger's clock.
    pub last_seen_at: Time,
    /// In how many looks at the queue it was met.
    pub times_seen: u32,
    /// How often the same request died before this message was sent.
    pub died_before: u32,
    /// When the first of those was first met, by the ledger's clock.
    pub first_died_at: Option<Time>,
}

/// A message that was noted before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotedDeadLetter {
    /// The request it stands for.
    pub request_id: RequestId,
    /// The queue's own id of the message.
    pub message_id: String,
}

/// Characters of a reason that the ledger keeps; the rest is cut.
pub const REASON_CHARACTERS_MAX: usize = 255;

/// The claim is left alone: a message that is met again while it is being told would
/// otherwise be told twice. How often it died before is known at once where nothing can have
/// come before it, or where it says itself what it was; else [`Store::settle_death`] says it.
const SEE: &str = concat!(
    "INSERT INTO dead_letter (request_id, message_id, reason, sent_at, is_named, first_seen_at, \
     last_seen_at, times_seen, died_before, first_died_at) SELECT ?, ?, ?, ?, ?, ",
    ledger_now!(),
    ", ",
    ledger_now!(),
    ", 1, IF(deaths IS NULL OR says_so, COALESCE(deaths, 0), NULL), IF(says_so, since, NULL) \
     FROM (SELECT ",
    deaths!(),
    ", COALESCE(MAX(message_id = ?), FALSE) AS says_so FROM dead_letter \
     WHERE (request_id = ? AND message_id = ?) OR ",
    may_be_earlier!(),
    ") AS earlier ON DUPLICATE KEY UPDATE times_seen = times_seen + 1, \
     last_seen_at = VALUES(last_seen_at), reason = VALUES(reason)"
);

const SEE_AGAIN: &str = concat!(
    "UPDATE dead_letter SET times_seen = times_seen + 1, last_seen_at = ",
    ledger_now!(),
    " WHERE request_id = ? AND message_id = ?"
);

/// One statement: two processes that claim at once take turns at the rows. How often a message
/// died is said in its notice, and so has to be known.
const CLAIM: &str = concat!(
    "UPDATE dead_letter SET claimed_by = ?, claimed_until = ",
    ledger_now!(),
    " + ? WHERE told_at IS NULL AND claimed_by IS NULL AND died_before IS NOT NULL \
     ORDER BY first_seen_at LIMIT ?"
);

const LAPSED: &str = concat!(
    "SELECT claimed_by FROM dead_letter WHERE told_at IS NULL AND claimed_until < ",
    ledger_now!(),
    " ORDER BY first_seen_at LIMIT 1"
);

/// Of two that try it at once, the second finds nothing left.
const TAKE_OVER: &str = concat!(
    "UPDATE dead_letter SET claimed_by = ?, claimed_until = ",
    ledger_now!(),
    " + ? WHERE claimed_by = ? AND told_at IS NULL AND claimed_until < ",
    ledger_now!(),
    " ORDER BY first_seen_at LIMIT ?"
);

const CLAIMED: &str = "SELECT request_id, message_id, reason, sent_at, first_seen_at, \
     last_seen_at, times_seen, died_before, first_died_at FROM dead_letter \
     WHERE claimed_by = ? AND told_at IS NULL ORDER BY first_seen_at LIMIT ?";

const RENEW: &str = concat!(
    "UPDATE dead_letter SET claimed_until = ",
    ledger_now!(),
    " + ? WHERE claimed_by = ? AND told_at IS NULL"
);

const TOLD: &str = concat!(
    "UPDATE dead_letter SET told_at = COALESCE(told_at, ",
    ledger_now!(),
    "), notice_id = COALESCE(notice_id, ?) WHERE request_id = ? AND message_id = ?"
);

impl Store {
    /// Notes that a message was met in the dead-letter queue.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat only counts once more.
    pub async fn see_dead_letter(&self, seen: &SeenDeadLetter) -> Result<(), StoreError> {
        let reason: String = seen.reason.chars().take(REASON_CHARACTERS_MAX).collect();
        let sent_at = seen.sent_at.map(Time::as_micros);
        let formerly = seen.formerly.as_ref();
        let former_id = formerly.map(|former| former.request_id.as_str());
        let former_message = formerly.map(|former| former.message_id.as_str());
        let see = || {
            sqlx::query(SEE)
                .bind(seen.request_id.as_str())
                .bind(&seen.message_id)
                .bind(&reason)
                .bind(sent_at)
                .bind(seen.is_named)
                .bind(former_message)
                .bind(former_id)
                .bind(former_message)
                .bind(seen.request_id.as_str())
                .bind(&seen.message_id)
                .bind(sent_at)
        };
        retried(async || Ok(self.call().await?.write(see()).await?)).await?;
        Ok(())
    }

    /// Notes that these messages, noted before, are still there. The answer is those that the
    /// ledger does not know, as after it was restored: they have to be noted again.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat only counts once more.
    pub async fn see_dead_letters_again(
        &self,
        noted: &[NotedDeadLetter],
    ) -> Result<Vec<NotedDeadLetter>, StoreError> {
        if noted.is_empty() {
            return Ok(Vec::new());
        }
        // Two processes that met the same ones lock them in the same order.
        let mut noted = noted.to_vec();
        noted.sort_unstable();
        retried(async || self.try_see_again(&noted).await).await
    }

    async fn try_see_again(
        &self,
        noted: &[NotedDeadLetter],
    ) -> Result<Vec<NotedDeadLetter>, Failure> {
        let mut unknown = Vec::new();
        let mut call = self.transaction().await?;
        for letter in noted {
            let query = sqlx::query(SEE_AGAIN)
                .bind(letter.request_id.as_str())
                .bind(&letter.message_id);
            if call.write(query).await? == 0 {
                unknown.push(letter.clone());
            }
        }
        call.commit().await?;
        Ok(unknown)
    }

    /// Takes at most `limit` untold messages, oldest first, for this claimant alone and for
    /// that long: time enough to publish and mark them, or another one will tell them too.
    /// What another claimant held for too long comes first, and alone: the same messages
    /// make the same notice, which may have been published before that one died.
    /// `claimant` must be new, and `limit` the same, for each call.
    ///
    /// # Errors
    /// [`StoreError`]; what was claimed and not told is free again after that time.
    pub async fn claim_untold(
        &self,
        limit: u32,
        claimant: &str,
        hold_for: Duration,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let mut call = self.call().await?;
        let hold_for = micros(hold_for);
        let lapsed = call.read(sqlx::query(LAPSED)).await?;
        let mut taken = 0;
        if let Some(row) = lapsed.first() {
            let before: String = get(row, "claimed_by")?;
            let take_over = sqlx::query(TAKE_OVER).bind(claimant).bind(hold_for);
            taken = call.write(take_over.bind(before).bind(limit)).await?;
        }
        if taken == 0 {
            let claim = sqlx::query(CLAIM).bind(claimant).bind(hold_for);
            call.write(claim.bind(limit)).await?;
        }
        let rows = call
            .read(sqlx::query(CLAIMED).bind(claimant).bind(limit))
            .await?;
        rows.iter().map(dead_letter).collect()
    }

    /// Keeps what this claimant holds for that long from now on; the number of messages
    /// that it still holds. Fewer than it claimed: another one has taken the rest.
    ///
    /// # Errors
    /// [`StoreError`]; the claim may end at its old time.
    pub async fn renew_claim(&self, claimant: &str, hold_for: Duration) -> Result<u64, StoreError> {
        let query = sqlx::query(RENEW).bind(micros(hold_for)).bind(claimant);
        Ok(self.call().await?.write(query).await?)
    }

    /// Marks messages as told by this notice. Call it after the publish was acknowledged.
    ///
    /// # Errors
    /// [`StoreError`]; a repeat is harmless.
    pub async fn mark_told(
        &self,
        letters: &[DeadLetter],
        notice_id: &str,
    ) -> Result<(), StoreError> {
        retried(async || self.try_mark_told(letters, notice_id).await).await
    }

    async fn try_mark_told(&self, letters: &[DeadLetter], notice_id: &str) -> Result<(), Failure> {
        let mut call = self.transaction().await?;
        for letter in letters {
            let query = sqlx::query(TOLD)
                .bind(notice_id)
                .bind(letter.request_id.as_str())
                .bind(&letter.message_id);
            call.write(query).await?;
        }
        Ok(call.commit().await?)
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX / 2)
}

fn dead_letter(row: &MySqlRow) -> Result<DeadLetter, StoreError> {
    Ok(DeadLetter {
        request_id: word(row, "request_id")?,
        message_id: get(row, "message_id")?,
        reason: get(row, "reason")?,
        sent_at: optional_time(row, "sent_at")?,
        first_seen_at: time(row, "first_seen_at")?,
        last_seen_at: time(row, "last_seen_at")?,
        times_seen: number(row, "times_seen")?,
        // Not known yet of one that is only listed, or was claimed by an older version.
        died_before: match get::<Option<i64>>(row, "died_before")? {
            Some(_) => number(row, "died_before")?,
            None => 0,
        },
        first_died_at: optional_time(row, "first_died_at")?,
    })
}
