//! The letters that are in the queue now, as far as this process has met them.

use crate::domain::time::Time;
use crate::edge::store::dead_letters::NotedDeadLetter;
use crate::intake::Cause;
use std::collections::HashMap;

/// Sweeps after which a letter that is not met is taken to be gone. One may miss it: another
/// process hides what it looks at for as long as its sweep takes.
const SWEEPS_UNMET_MAX: u64 = 3;

/// A letter that was noted.
#[derive(Debug)]
pub(super) struct Letter {
    /// Its row in the ledger.
    pub(super) noted: NotedDeadLetter,
    /// Why it is here.
    pub(super) cause: Cause,
    /// When it was sent.
    pub(super) sent_at: Option<Time>,
}

/// By message id. Bounded by what [`SWEEPS_UNMET_MAX`] sweeps and the one under way can
/// meet: 4,000 letters of some 200 bytes.
#[derive(Debug, Default)]
pub(super) struct Present {
    letters: HashMap<String, (Letter, u64)>,
    sweep: u64,
}

impl Present {
    /// The row of a letter that is known; it was met now.
    pub(super) fn meet(&mut self, message_id: &str) -> Option<&NotedDeadLetter> {
        let (letter, met_in) = self.letters.get_mut(message_id)?;
        *met_in = self.sweep;
        Some(&letter.noted)
    }

    /// One more, met now.
    pub(super) fn add(&mut self, letter: Letter) {
        let id = letter.noted.message_id.clone();
        self.letters.insert(id, (letter, self.sweep));
    }

    /// It has no row any more.
    pub(super) fn forget(&mut self, message_id: &str) {
        self.letters.remove(message_id);
    }

    /// Ends a sweep, which met all of them if it met the whole queue.
    pub(super) fn end_sweep(&mut self, whole: bool) {
        let kept_for = if whole { 1 } else { SWEEPS_UNMET_MAX };
        self.sweep += 1;
        let sweep = self.sweep;
        self.letters
            .retain(|_, (_, met_in)| *met_in + kept_for >= sweep);
    }

    /// When the oldest was sent.
    pub(super) fn oldest(&self) -> Option<Time> {
        self.letters
            .values()
            .filter_map(|(letter, _)| letter.sent_at)
            .min()
    }

    /// How many are here for this.
    pub(super) fn count(&self, cause: Cause) -> usize {
        let causes = self.letters.values().map(|(letter, _)| letter.cause);
        causes.filter(|one| *one == cause).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::RequestId;

    fn letter(id: &str, sent_at: i64) -> Letter {
        Letter {
            noted: NotedDeadLetter {
                request_id: RequestId::parse("a").unwrap(),
                message_id: id.to_owned(),
            },
            cause: Cause::NoProduct,
            sent_at: Some(Time::from_micros(sent_at)),
        }
    }

    #[test]
    fn a_letter_that_is_hidden_for_a_while_is_not_gone() {
        let mut present = Present::default();
        present.add(letter("old", 1));
        present.add(letter("young", 2));
        for _ in 0..SWEEPS_UNMET_MAX {
            assert!(present.meet("young").is_some());
            present.end_sweep(false);
            assert_eq!(present.oldest(), Some(Time::from_micros(1)));
        }
        assert!(present.meet("young").is_some());
        present.end_sweep(false);
        assert_eq!(present.oldest(), Some(Time::from_micros(2)));
        assert_eq!(present.count(Cause::NoProduct), 1);
        assert!(present.meet("old").is_none());
    }

    #[test]
    fn after_a_sweep_of_the_whole_queue_what_was_not_met_is_gone() {
        let mut present = Present::default();
        present.add(letter("redriven", 1));
        present.end_sweep(true);
        assert_eq!(present.count(Cause::NoProduct), 1);
        present.end_sweep(true);
        assert_eq!(
            (present.count(Cause::NoProduct), present.oldest()),
            (0, None)
        );
    }
}
