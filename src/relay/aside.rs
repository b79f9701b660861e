//! Messages that the topic refuses while it takes others: they are in nobody's way.

use std::collections::BTreeMap;
use std::time::Duration;

/// For how long they are not tried again. Their content never changes, but a topic may.
const KEPT_ASIDE: Duration = Duration::from_secs(60 * 60);

/// Rows remembered, of a few bytes each; what is forgotten is only tried again.
const ROWS_MAX: usize = 10_000;

/// The rows, and until when they are left alone, in time since boot.
#[derive(Debug, Default)]
pub(super) struct Aside {
    rows: BTreeMap<i64, Duration>,
}

impl Aside {
    /// Whether this row is to be left alone now.
    pub(super) fn has(&self, row: i64, now: Duration) -> bool {
        self.rows.get(&row).is_some_and(|until| now < *until)
    }

    /// Leaves this row alone from now on, for a while.
    pub(super) fn put(&mut self, row: i64, now: Duration) {
        self.rows.retain(|_, until| now < *until);
        if self.rows.len() >= ROWS_MAX {
            self.rows.pop_first();
        }
        self.rows.insert(row, now + KEPT_ASIDE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_left_alone_for_a_while_and_memory_is_bounded() {
        let (mut aside, now) = (Aside::default(), Duration::from_secs(7));
        aside.put(1, now);
        assert!(aside.has(1, now) && !aside.has(2, now));
        assert!(!aside.has(1, now + KEPT_ASIDE));
        for row in 1..=ROWS_MAX as i64 + 1 {
            aside.put(row, now);
        }
        assert_eq!(aside.rows.len(), ROWS_MAX);
        aside.put(1, now + KEPT_ASIDE);
        assert_eq!(aside.rows.len(), 1, "the others' time is over");
    }
}
