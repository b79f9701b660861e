//! The limits of a Factory that sets none, and how the domain sees them.

use crate::crd::factory::FactorySpec;
use crate::crd::span::Span;
use crate::crd::words::OnOverdue;
use crate::domain::policy::Policy;

impl FactorySpec {
    pub(super) const fn default_max_quantity() -> u32 {
        10_000
    }

    pub(super) const fn default_orders_per_second() -> u32 {
        10
    }

    pub(super) const fn default_burst() -> u32 {
        10
    }

    /// Ten orders a second, each under way for 50 s at the legacy factory, twice over.
    pub(super) const fn default_max_in_flight() -> u32 {
        1_000
    }

    pub(super) const fn default_connect_timeout() -> Span {
        Span::from_secs(3)
    }

    pub(super) const fn default_total_timeout() -> Span {
        Span::from_secs(10)
    }

    pub(super) const fn default_callback_deadline() -> Span {
        Span::from_mins(5)
    }

    pub(super) const fn default_max_attempts() -> u32 {
        1
    }

    pub(super) const fn default_on_overdue() -> OnOverdue {
        OnOverdue::Fail
    }

    pub(super) const fn default_retry_for() -> Span {
        Span::from_mins(6 * 60)
    }

    pub(super) const fn default_delayed_after() -> Span {
        Span::from_mins(15)
    }

    /// The limits by which requests at this Factory are decided. What no Factory can set
    /// keeps the software's own values.
    pub fn policy(&self) -> Policy {
        Policy {
            max_attempts: self.max_attempts,
            on_overdue: self.on_overdue.into(),
            callback_deadline: self.callback_deadline.duration(),
            retry_for: self.retry_for.duration(),
            delayed_after: self.delayed_after.duration(),
            ..Policy::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factory_that_sets_nothing_has_the_default_policy() {
        let spec: FactorySpec =
            serde_json::from_value(serde_json::json!({ "url": "https://factory.example" }))
                .unwrap();
        assert_eq!(spec.policy(), Policy::default());
    }
}
