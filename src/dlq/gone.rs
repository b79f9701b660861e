//! Which letters have left the queue, as far as looks can tell that meet what they can.

use crate::domain::time::Time;
use std::collections::VecDeque;
use std::time::Duration;

/// Longest that somebody who looks at a letter hides it at a time, two minutes (`kubectl restock
/// dlq`; this role half a minute), and half a minute for our next look to come to it.
const HIDDEN_MAX: Duration = Duration::from_secs(150);

/// How long it is waited for a look during which nobody hid any: three times what a command needs
/// that sends a thousand letters back, one a second. SQS hides one for twelve hours at most, and
/// who does that cannot keep those in the list for ever that have long gone.
const IN_THE_WAY_MAX: Duration = Duration::from_secs(3_600);

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
    /// Whether each look begins with the same letters, as in a FIFO queue.
    pub(super) is_ordered: bool,
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

/// Since when what nobody met has gone. What two looks missed that lie further apart than anybody
/// hides a letter was not hidden from both: nothing is known before there are two such looks, as
/// after a start.
#[derive(Debug, Default)]
pub(super) struct Gone {
    /// The looks within [`HIDDEN_MAX`], the oldest first. The role looks once a second at most.
    lately: VecDeque<Look>,
    /// When the latest of the looks before these began.
    before: Option<Time>,
    /// When the latest of them began that ran dry while nobody hid any: people who work through
    /// the queue hide what they leave again and again.
    clear: Option<Time>,
    /// When the first look began of which all this is known.
    since: Option<Time>,
    /// When the first of the looks began that do not run dry, and how much they met.
    round: Option<(Time, u64)>,
}

impl Gone {
    /// One more look.
    pub(super) fn add(&mut self, look: Look) {
        self.since.get_or_insert(look.began);
        self.lately.push_back(look);
        let is_apart = |earlier: &Look| earlier.began + HIDDEN_MAX <= look.began;
        while let Some(earlier) = self.lately.pop_front_if(|earlier| is_apart(earlier)) {
            self.pass(&earlier);
        }
    }

    fn pass(&mut self, earlier: &Look) {
        self.before = Some(earlier.began);
        let waited_since = self.clear.or(self.since).unwrap_or(earlier.began);
        let waited = earlier.began.since(waited_since);
        if earlier.ran_dry && (earlier.hidden == 0 || waited > IN_THE_WAY_MAX) {
            self.clear = Some(earlier.began);
        }
    }

    /// For what ops are told, which cannot wait for long: also where one look does not meet all,
    /// or somebody is in the way. What was last met before that has gone.
    pub(super) fn soon(&self) -> Option<Time> {
        match self.lately.back() {
            Some(look) if look.is_sure() => Some(look.began),
            _ => self.before,
        }
    }

    /// For what people see: what was last met before it has gone, in all probability. None while
    /// looks that do not run dry have not met enough.
    pub(super) fn at_last(&mut self) -> Option<Time> {
        let look = *self.lately.back()?;
        if look.ran_dry {
            self.round = None;
            return self.clear;
        }
        if look.is_ordered {
            return None;
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

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: u32) -> Time {
        Time::default() + seconds * SECOND
    }

    /// A look of that second.
    fn look(second: u32, met: u64, depth: u64) -> Look {
        Look {
            began: at(second),
            met,
            ran_dry: met < 1_000,
            depth,
            hidden: 0,
            is_all: met == depth,
            is_ordered: false,
        }
    }

    fn after(looks: impl IntoIterator<Item = Look>) -> Gone {
        let mut gone = Gone::default();
        looks.into_iter().for_each(|look| gone.add(look));
        gone
    }

    #[test]
    fn only_a_look_at_all_of_it_while_nobody_hides_any_is_sure() {
        let sure = look(600, 10, 10);
        assert!(sure.is_sure() && sure.is_to_end());
        let beside_others = Look { hidden: 1, ..sure };
        assert!(!beside_others.is_sure() && beside_others.is_to_end());
        let made_up = Look {
            is_all: false,
            ..sure
        };
        assert!(!made_up.is_sure() && made_up.is_to_end());
        let behind = look(600, 10, 12);
        assert!(!behind.is_sure() && !behind.is_to_end());
        let cut_off = Look {
            ran_dry: false,
            ..sure
        };
        assert!(!cut_off.is_sure() && !cut_off.is_to_end());
        assert_eq!(after([sure]).soon(), Some(sure.began));
        assert_eq!(after([look(0, 9, 10), behind]).soon(), Some(at(0)));
    }

    #[test]
    fn what_one_look_missed_after_a_pause_has_not_gone() {
        let mut gone = after([look(0, 10, 10)]);
        assert_eq!(gone.at_last(), None);
        // The role stood still for an hour. Of what it then does not meet, only what it did not
        // meet before either has gone.
        for second in [3_600, 3_660, 3_720] {
            gone.add(look(second, 5, 10));
            assert_eq!((gone.soon(), gone.at_last()), (Some(at(0)), Some(at(0))));
        }
        gone.add(look(3_780, 5, 10));
        assert_eq!(gone.at_last(), Some(at(3_600)));
    }

    #[test]
    fn what_two_looks_miss_further_apart_than_one_is_hidden_has_gone() {
        for interval in [1, 60, 600] {
            // In a FIFO queue, some stand behind others.
            let mut gone = after((0..=600 / interval).map(|one| Look {
                is_ordered: true,
                ..look(one * interval, 10, 5_000)
            }));
            let last = at(600 / interval * interval);
            let before = gone.at_last().unwrap();
            assert!(before + HIDDEN_MAX <= last, "{interval}");
            let lag = HIDDEN_MAX + interval * SECOND;
            assert!(last.since(before) <= lag.max(600 * SECOND), "{interval}");
            assert_eq!(gone.soon(), Some(before));
        }
    }

    #[test]
    fn who_works_through_the_queue_makes_nothing_leave_it() {
        let in_the_way = |minute: u32| Look {
            hidden: 700,
            ..look(minute * 60, 200, 900)
        };
        let mut gone = after([look(0, 900, 900)]);
        for minute in 1..60 {
            gone.add(in_the_way(minute));
            assert!(gone.at_last().is_none_or(|before| before == at(0)));
        }
        // But not for ever.
        (60..70).for_each(|minute| gone.add(in_the_way(minute)));
        assert!(gone.at_last() > Some(at(3_600)));
        // Also not where it was so from the first look on.
        assert_eq!(after((0..30).map(in_the_way)).at_last(), None);
    }

    #[test]
    fn where_no_look_meets_all_what_has_gone_is_known_after_so_many_looks() {
        for (depth, looks) in [(1_000, 14), (1_001, 15), (5_000, 70), (100_000, 1_400)] {
            let mut gone = Gone::default();
            for round in 0..2 {
                for one in round * looks..(round + 1) * looks - 1 {
                    gone.add(look(one * 60, 1_000, depth));
                    assert_eq!(gone.at_last(), None);
                }
                gone.add(look(((round + 1) * looks - 1) * 60, 1_000, depth));
                let began = at(round * looks * 60);
                assert_eq!(gone.at_last(), Some(began), "{depth}");
            }
        }
    }

    #[test]
    fn of_a_queue_that_shows_the_same_letters_first_nothing_is_known_behind_them() {
        let mut gone = Gone::default();
        for minute in 0..100 {
            gone.add(Look {
                is_ordered: true,
                ..look(minute * 60, 1_000, 1_500)
            });
            assert_eq!(gone.at_last(), None);
        }
    }

    #[test]
    fn a_look_that_runs_dry_ends_a_round() {
        let mut gone = Gone::default();
        for minute in 0..13 {
            gone.add(look(minute * 60, 1_000, 1_000));
            assert_eq!(gone.at_last(), None);
        }
        for minute in 13..17 {
            gone.add(look(minute * 60, 900, 900));
        }
        assert_eq!(gone.at_last(), Some(at(13 * 60)));
        gone.add(look(17 * 60, 1_000, 1_000));
        assert_eq!(gone.at_last(), None);
    }
}
