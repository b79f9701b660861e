//! Letters that nobody was told of, told once: claim, publish, and only then mark.
//!
//! Died before the publish: the claim lapses and the letters are told later. Died after
//! it: they are told again. While a channel does not acknowledge, the claim is renewed
//! before each try, so that the others have the notice once.

use super::metrics::Metrics;
use super::notice;
use crate::domain::notice::Notice;
use crate::edge::channels::{Acknowledgements, Channels, in_words};
use crate::edge::store::dead_letters::DeadLetter;
use crate::edge::store::{Store, StoreError};
use crate::process::health::Pulse;
use crate::process::random;
use std::time::Duration;

/// How long claimed letters are ours: many turns for channels that do not answer.
const HOLD: Duration = Duration::from_secs(600);

/// Notices of one turn: 2,000 letters. The rest is told in the next one.
const NOTICES_MAX: usize = 10;

/// Why letters are still untold.
#[derive(Debug, thiserror::Error)]
pub(super) enum TellError {
    #[error(transparent)]
    Ledger(#[from] StoreError),
    #[error("{0}")]
    Channels(String),
}

/// A notice on its way.
struct Pending {
    letters: Vec<DeadLetter>,
    id: String,
    notice: Notice,
    acknowledged: Acknowledgements,
    claimant: String,
}

/// Tells the operations team.
pub(super) struct Teller {
    channels: Channels,
    store: Store,
    metrics: Metrics,
    /// Kept from turn to turn, so that a channel that has acknowledged is not told again
    /// because of one that has not.
    pending: Option<Pending>,
}

impl Teller {
    pub(super) fn new(channels: Channels, store: Store, metrics: Metrics) -> Self {
        Self {
            channels,
            store,
            metrics,
            pending: None,
        }
    }

    /// Tells all that is untold, as far as one turn goes, and that so many more stand
    /// `behind`, which nobody can look at.
    pub(super) async fn turn(
        &mut self,
        dead_queue_arn: &str,
        behind: u64,
        pulse: &Pulse,
    ) -> Result<(), TellError> {
        for _ in 0..NOTICES_MAX {
            pulse.beat();
            let pending = match self.renewed().await? {
                Some(pending) => Some(pending),
                None => self.claim(dead_queue_arn, behind).await?,
            };
            let Some(pending) = pending else {
                return Ok(());
            };
            self.send(pending).await?;
        }
        Ok(())
    }

    /// What an earlier turn could not finish, unless another process has taken it over.
    async fn renewed(&mut self) -> Result<Option<Pending>, StoreError> {
        let Some(pending) = &self.pending else {
            return Ok(None);
        };
        let ours = self.store.renew_claim(&pending.claimant, HOLD).await?;
        let all = pending.letters.len() as u64;
        Ok(self.pending.take().filter(|_| ours == all))
    }

    async fn claim(
        &self,
        dead_queue_arn: &str,
        behind: u64,
    ) -> Result<Option<Pending>, StoreError> {
        let claimant = random::hex_128();
        let letters = self
            .store
            .claim_untold(notice::LETTERS_MAX, &claimant, HOLD)
            .await?;
        if letters.is_empty() {
            return Ok(None);
        }
        let (id, notice) = notice::compose(&letters, dead_queue_arn, behind);
        let acknowledged = Acknowledgements::default();
        Ok(Some(Pending {
            letters,
            id,
            notice,
            acknowledged,
            claimant,
        }))
    }

    async fn send(&mut self, mut pending: Pending) -> Result<(), TellError> {
        if let Err(failed) = self
            .channels
            .send(&pending.notice, &mut pending.acknowledged)
            .await
        {
            self.pending = Some(pending);
            return Err(TellError::Channels(in_words(&failed)));
        }
        if let Err(why) = self.store.mark_told(&pending.letters, &pending.id).await {
            self.pending = Some(pending);
            return Err(why.into());
        }
        let letters = pending.letters.len();
        tracing::info!(letters, notice_id = pending.id, "dead letters told");
        self.metrics.told.inc_by(letters as u64);
        Ok(())
    }
}
