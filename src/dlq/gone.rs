//! Which letters have left the queue, as far as looks can tell that meet what they can.

use crate::domain::time::Time;
use std::time::Duration;

/// Longest that somebody who looks at a letter hides it, two minutes (`kubectl restock dlq`; this
/// role half a minute), and half a minute for our next look to come to it.
const HIDDEN_MAX: Duration = Duration::from_secs(150);

/// Each look at a queue that holds more than one look meets gets some of it, whichever: looks that
/// together met the whole of it fourteen times over have missed one letter with a probability of
/// e⁻¹⁴, less than one in a million. In thousandths, to count in whole numbers.
const ROUND: u64 = 14_000;

/// A look that came to its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// When, by the ledger's clock.
    pub(super) began: Time,
    /// Letters that were met, each counted once.
    pub(super) met: u64,
    /// Whether it went on until no more were to be had.
    pub(super) ran_dry: bool,
    /// Letters in the queue before it, those that somebody hid included.
    pub(super) depth: u64,
    /// Of these, those that somebody hid.
    pub(super) hidden: u64,
    /// Whether the queue held just those that were met at its end.
    pub(super) is_all: bool,
}

impl Look {
    /// Whether it met the whole queue.
    pub(super) fn is_to_end(&self) -> bool {
        self.ran_dry && self.met >= self.depth
    }

    /// Whether what it did not meet is not there. Where somebody hid one, before or meanwhile,
    /// another one that came may make up the number.
    pub(super) fn is_sure(&self) -> bool {
        self.is_to_end() && self.hidden == 0 && self.is_all
    }
}

/// Since when what nobody met has gone.
#[derive(Debug)]
pub(super) struct Gone {
    /// What nobody met for so long while looks ran dry: at least two of them.
    unmet_for: Duration,
    /// When the first of the looks began that do not run dry, and how much they met.
    round: Option<(Time, u64)>,
}

impl Gone {
    /// Of looks with so much time between them.
    pub(super) fn at_intervals(interval: Duration) -> Self {
        Self {
            unmet_for: HIDDEN_MAX + interval,
            round: None,
        }
    }

    /// For what ops are told, which cannot wait for long: also where one look does not meet all.
    pub(super) fn soon(&self, look: &Look) -> Time {
        if look.is_sure() {
            look.began
        } else {
            look.began - self.unmet_for
        }
    }

    /// For what people see: what was last met before it has gone, in all probability. None while
    /// looks that do not run dry have not met enough.
    pub(super) fn at_last(&mut self, look: &Look) -> Option<Time> {
        if look.ran_dry {
            self.round = None;
            return Some(look.began - self.unmet_for);
        }
        let (began, met) = self.round.unwrap_or((look.began, 0));
        let met = met + look.met * 1_000 / look.depth.max(look.met).max(1);
        self.round = (met < ROUND).then_some((began, met));
        (met >= ROUND).then_some(began)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn look(minute: u32, met: u64, depth: u64) -> Look {
        Look {
            began: Time::default() + minute * MINUTE,
            met,
            ran_dry: met < 1_000,
            depth,
            hidden: 0,
            is_all: met == depth,
        }
    }

    #[test]
    fn only_a_look_at_all_of_it_while_nobody_hides_any_is_sure() {
        let sure = look(60, 10, 10);
        assert!(sure.is_sure() && sure.is_to_end());
        let beside_others = Look { hidden: 1, ..sure };
        assert!(!beside_others.is_sure() && beside_others.is_to_end());
        let made_up = Look {
            is_all: false,
            ..sure
        };
        assert!(!made_up.is_sure() && made_up.is_to_end());
        let behind = look(60, 10, 12);
        assert!(!behind.is_sure() && !behind.is_to_end());
        let cut_off = Look {
            ran_dry: false,
            ..sure
        };
        assert!(!cut_off.is_sure() && !cut_off.is_to_end());
        let gone = Gone::at_intervals(MINUTE);
        assert_eq!(gone.soon(&sure), sure.began);
        assert_eq!(gone.soon(&behind), sure.began - Duration::from_secs(210));
    }

    #[test]
    fn what_two_looks_miss_that_run_dry_has_gone_also_where_some_stand_behind_others() {
        for interval in [1, 60, 600].map(Duration::from_secs) {
            let mut gone = Gone::at_intervals(interval);
            let fifo = look(60, 10, 5_000);
            let before = gone.at_last(&fifo).unwrap();
            assert!(before + interval + 2 * MINUTE < fifo.began, "{interval:?}");
        }
    }

    #[test]
    fn where_no_look_meets_all_what_has_gone_is_known_after_so_many_looks() {
        for (depth, looks) in [(1_000, 14), (1_001, 15), (5_000, 70), (100_000, 1_400)] {
            let mut gone = Gone::at_intervals(MINUTE);
            for round in 0..2 {
                for minute in round * looks..(round + 1) * looks - 1 {
                    assert_eq!(gone.at_last(&look(minute, 1_000, depth)), None);
                }
                let last = look((round + 1) * looks - 1, 1_000, depth);
                let began = Time::default() + round * looks * MINUTE;
                assert_eq!(gone.at_last(&last), Some(began), "{depth}");
            }
        }
    }

    #[test]
    fn a_look_that_runs_dry_ends_a_round() {
        let mut gone = Gone::at_intervals(MINUTE);
        for minute in 0..13 {
            assert_eq!(gone.at_last(&look(minute, 1_000, 1_000)), None);
        }
        assert!(gone.at_last(&look(13, 900, 900)).is_some());
        assert_eq!(gone.at_last(&look(14, 1_000, 1_000)), None);
    }
}
