//! Letters that nobody was told of, told once: claim, publish, and only then mark.
//!
//! Died before the publish: the claim lapses and the letters are told later. Died after
//! it: they are told again. While a channel does not acknowledge, the claim is kept, so that the
//! others have the notice once; and what comes meanwhile is told to those that do.

use super::claims::{Claim, Claims, HOLD};
use super::metrics::Metrics;
use super::notice::{self, Whereabouts};
use crate::domain::notice::Notice;
use crate::edge::aws::AwsError;
use crate::edge::channels::{Acknowledgements, Channel, Channels, in_words};
use crate::edge::store::dead_letters::DeadLetter;
use crate::edge::store::{Store, StoreError};
use crate::process::health::Pulse;
use crate::process::random;
use std::collections::VecDeque;

/// Notices of one turn: 2,000 letters. The rest is told in the next one.
const NOTICES_MAX: usize = 10;

/// Notices that some channel has not acknowledged: 10,000 letters. Beyond, nobody is told of more
/// before one of them is.
const PENDING_MAX: usize = 50;

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
    /// The channels that did not acknowledge it when it was last tried.
    missed: Vec<Channel>,
    claim: Claim,
}

/// The channels that did not take a notice in this turn, each once, and why.
type Failed = Vec<(Channel, AwsError)>;

/// Tells the operations team.
pub(super) struct Teller {
    channels: Channels,
    store: Store,
    metrics: Metrics,
    claims: Claims,
    /// Kept from turn to turn, so that a channel that has acknowledged is not told again
    /// because of one that has not. What was tried last comes last: a notice that a channel never
    /// takes is in no other's way.
    pending: VecDeque<Pending>,
}

impl Teller {
    pub(super) fn new(channels: Channels, store: Store, metrics: Metrics, claims: Claims) -> Self {
        Self {
            channels,
            store,
            metrics,
            claims,
            pending: VecDeque::new(),
        }
    }

    /// Tells all that is untold, as far as one turn goes, and that so many more stand
    /// `behind`, which nobody can look at.
    pub(super) async fn turn(
        &mut self,
        whereabouts: &Whereabouts<'_>,
        pulse: &Pulse,
    ) -> Result<(), TellError> {
        let mut failed = Vec::new();
        for _ in 0..self.pending.len() {
            pulse.beat();
            self.try_again(&mut failed).await?;
        }
        for _ in 0..NOTICES_MAX {
            if self.pending.len() >= PENDING_MAX {
                break;
            }
            pulse.beat();
            let Some(pending) = self.claim(whereabouts).await? else {
                break;
            };
            let heard = self.send(pending, &mut failed).await?;
            if !heard {
                break;
            }
        }
        if failed.is_empty() {
            Ok(())
        } else {
            Err(TellError::Channels(in_words(&failed)))
        }
    }

    /// What an earlier turn could not finish, unless another process has taken it over. Not by a
    /// channel that has failed in this turn already: each may take long to say so.
    async fn try_again(&mut self, failed: &mut Failed) -> Result<(), TellError> {
        let Some(pending) = self.pending.pop_front() else {
            return Ok(());
        };
        let ours = match self.store.renew_claim(&pending.claim.claimant, HOLD).await {
            Ok(ours) => ours,
            Err(why) => {
                self.pending.push_front(pending);
                return Err(why.into());
            }
        };
        if ours < pending.letters.len() as u64 {
            return Ok(());
        }
        let has_failed = |channel| failed.iter().any(|(one, _)| *one == channel);
        if !pending.missed.is_empty() && pending.missed.iter().copied().all(has_failed) {
            self.pending.push_back(pending);
            return Ok(());
        }
        self.send(pending, failed).await?;
        Ok(())
    }

    async fn claim(&self, whereabouts: &Whereabouts<'_>) -> Result<Option<Pending>, StoreError> {
        let claim = self.claims.hold(random::hex_128());
        let letters = self
            .store
            .claim_untold(notice::LETTERS_MAX, &claim.claimant, HOLD)
            .await?;
        if letters.is_empty() {
            return Ok(None);
        }
        let (id, notice) = notice::compose(&letters, whereabouts);
        Ok(Some(Pending {
            letters,
            id,
            notice,
            acknowledged: Acknowledgements::default(),
            missed: Vec::new(),
            claim,
        }))
    }

    /// Whether any channel has it.
    async fn send(
        &mut self,
        mut pending: Pending,
        failed: &mut Failed,
    ) -> Result<bool, StoreError> {
        let sending = self
            .channels
            .send(&pending.notice, &mut pending.acknowledged);
        let sent = sending.await;
        let heard = !pending.acknowledged.is_empty();
        pending.missed.clear();
        if let Err(missed) = sent {
            pending
                .missed
                .extend(missed.iter().map(|(channel, _)| channel));
            self.pending.push_back(pending);
            for (channel, why) in missed {
                if failed.iter().all(|(one, _)| *one != channel) {
                    failed.push((channel, why));
                }
            }
            return Ok(heard);
        }
        if let Err(why) = self.store.mark_told(&pending.letters, &pending.id).await {
            self.pending.push_back(pending);
            return Err(why);
        }
        let letters = pending.letters.len();
        tracing::info!(letters, notice_id = pending.id, "dead letters told");
        self.metrics.told.inc_by(letters as u64);
        Ok(heard)
    }
}
