//! A token bucket: an explicit burst, then a steady rate.

use std::time::Duration;

/// Tokens in hand. Time is an argument: since boot.
#[derive(Clone, Debug, Default)]
pub(super) struct Bucket {
    per_second: f64,
    burst: f64,
    tokens: f64,
    filled_at: Duration,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn full(per_second: u32, burst: u32) -> Self {
        let burst = f64::from(burst.max(1));
        let per_second = f64::from(per_second.max(1));
        Self {
            per_second,
            burst,
            tokens: burst,
            filled_at: Duration::ZERO,
        }
    }

    /// Whole tokens in hand.
    pub(super) fn whole(&mut self, now: Duration) -> u32 {
        self.fill(now);
        // At most the burst, which is a u32.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to burst"
        )]
        let whole = self.tokens as u32;
        whole
    }

    /// Takes one token, or says when there will be one.
    pub(super) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        self.fill(now);
        if self.tokens < 1.0 {
            return Err(Duration::from_secs_f64(
                (1.0 - self.tokens) / self.per_second,
            ));
        }
        self.tokens -= 1.0;
        Ok(())
    }

    /// One token was not used after all.
    pub(super) fn give_back(&mut self) {
        self.tokens = (self.tokens + 1.0).min(self.burst);
    }

    fn fill(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.filled_at).as_secs_f64();
        self.tokens = (self.tokens + passed * self.per_second).min(self.burst);
        self.filled_at = self.filled_at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop_assert, proptest};

    proptest! {
        /// Never more than the burst and the rate allow, in any window.
        #[test]
        fn no_window_has_more_than_burst_and_rate(
            per_second in 1_u32..50,
            burst in 1_u32..20,
            pauses in proptest::collection::vec(any::<u16>(), 1..200),
        ) {
            let mut bucket = Bucket::full(per_second, burst);
            let mut now = Duration::from_secs(10);
            let mut taken = Vec::new();
            for pause in pauses {
                now += Duration::from_millis(u64::from(pause % 200));
                if bucket.take(now).is_ok() {
                    taken.push(now);
                }
            }
            for (first, from) in taken.iter().enumerate() {
                for (count, to) in taken[first..].iter().enumerate() {
                    let window = (*to - *from).as_secs_f64();
                    let allowed = f64::from(burst) + window * f64::from(per_second) + 1e-6;
                    prop_assert!((count as f64) < allowed, "{count} in {window} s");
                }
            }
        }
    }
}
