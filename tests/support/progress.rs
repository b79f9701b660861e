//! A progress with every field set.

use restock_operator::domain::order::{FactoryKey, Nonce, Order, Quantity, Sku};
use restock_operator::domain::progress::{
    Arrived, Delay, OrderOutcome, Phase, Progress, Reason, Told,
};
use restock_operator::domain::time::Time;
use restock_operator::domain::word::{Handled, Resolution, Verb};

pub(crate) const NOW: Time = Time::from_micros(1_700_000_000_123_456);

/// Every field set.
pub(crate) fn full_progress() -> Progress {
    let quantity = Quantity::new(7).unwrap();
    let factory = FactoryKey {
        name: "legacy".into(),
        uid: "f-1".into(),
    };
    Progress {
        phase: Phase::Failed,
        reason: Reason::CallbackOverdue,
        message: "No callback came.".into(),
        finished: true,
        outcome: OrderOutcome::Placed,
        order: Some(Order {
            sku: Sku::parse("CP-502101").unwrap(),
            quantity,
            factory,
        }),
        attempt: 2,
        retries: 1,
        reopened: 1,
        nonce: Some(Nonce::new("0123456789abcdef0123456789abcdef")),
        placing_since: Some(NOW),
        factory_order_id: Some("order-1".into()),
        deadline: Some(NOW),
        next_attempt_at: Some(NOW),
        retry_since: Some(NOW),
        arrival: Some(Arrived { quantity, at: NOW }),
        delay: Delay::Told,
        told: Some(Told {
            notice_id: "notice-1".into(),
            publish_id: "publish-1".into(),
            channels: vec!["sns".into(), "ses".into()],
            at: NOW,
        }),
        handled_resolution: Some(Handled {
            word: Resolution {
                verb: Verb::Arrived(quantity),
                attempt: 1,
                reason: "counted".into(),
                by: "me".into(),
            },
            refusal: Some("the request is at attempt 2".into()),
            at: NOW,
        }),
    }
}
