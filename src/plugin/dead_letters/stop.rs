//! Ctrl-C: letters that are hidden are given back before the end, and what was done is said.

use crate::plugin::failure::Failure;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a look may take to end: a copy and a deletion of ten seconds each at most, and a hundred
/// calls that give a thousand letters back.
const ENDS_WITHIN: Duration = Duration::from_secs(45);

/// Whether somebody wants an end, and whether letters are hidden just then.
#[derive(Clone, Default)]
pub(super) struct Stop {
    asked: CancellationToken,
    is_looking: Arc<AtomicBool>,
}

impl Stop {
    /// Lets it come to its end, or ends it at Ctrl-C; at the second one at once.
    pub(super) async fn or_end(
        &self,
        doing: impl Future<Output = Result<(), Failure>>,
    ) -> Result<(), Failure> {
        let mut doing = std::pin::pin!(doing);
        tokio::select! {
            done = &mut doing => return done,
            // Where nobody can say it, it ends as ever.
            Ok(()) = tokio::signal::ctrl_c() => self.asked.cancel(),
        }
        if !self.is_looking.load(Ordering::Relaxed) {
            return Err(interrupted());
        }
        tokio::select! {
            done = doing => done,
            Ok(()) = tokio::signal::ctrl_c() => Err(cut_off()),
            () = tokio::time::sleep(ENDS_WITHIN) => Err(cut_off()),
        }
    }

    /// Of a look, with all that is done to what it meets.
    pub(super) fn looking(&self, is_looking: bool) {
        self.is_looking.store(is_looking, Ordering::Relaxed);
    }

    /// Whether to go on.
    pub(super) fn go_on(&self) -> Result<(), Failure> {
        match self.asked.is_cancelled() {
            true => Err(interrupted()),
            false => Ok(()),
        }
    }
}

fn cut_off() -> Failure {
    Failure::interrupted(
        "ended by Ctrl-C, before letters that were hidden for a look were given back",
        "They come back by themselves within two minutes. Run it again then: what was done is done, \
         and what was done by half is done whole.",
    )
}

fn interrupted() -> Failure {
    Failure::interrupted(
        "ended by Ctrl-C",
        "What was done is done, and the others are where they were, unless SQS moves them by itself. \
         Run it again for those.",
    )
}
