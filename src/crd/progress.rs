//! The domain's progress, written into a status and read back without loss.

use crate::crd::conditions::conditions;
use crate::crd::resolution::{HandledResolution, NoQuantity};
use crate::crd::schema::MESSAGE_CHARACTERS_MAX;
use crate::crd::status::{
    Arrival, FOREIGN_ID_CHARACTERS_MAX, FactoryReference, Notice, RestockRequestStatus,
};
use crate::crd::time::{from_micro_time, micro_time};
use crate::crd::words::{self, Phase};
use crate::domain::order::{FactoryKey, Nonce, Order, Quantity, Sku, WordError};
use crate::domain::progress::{self as domain, Arrived, Delay, Progress, Told};
use crate::domain::time::Time;

/// Why a status cannot be read. Only another writer than the controller makes such one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusError {
    /// Only a request that was never recorded has no reason.
    #[error("status.reason is missing while status.phase is {phase}")]
    NoReason {
        /// The phase that needs one.
        phase: &'static str,
    },
    /// Product, quantity and Factory are fixed together, so only some of them are no order.
    #[error(
        "status.product, status.quantity and status.factory must be there together or not at all"
    )]
    HalfAnOrder,
    /// A word of a person that is none.
    #[error("status.handledResolution: {0}")]
    Resolution(#[from] NoQuantity),
    /// A field whose text is no word of the domain.
    #[error("status.{field}: {error}")]
    Word {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        error: WordError,
    },
}

impl RestockRequestStatus {
    /// The status that records `progress`, decided from `generation` of the object at
    /// `now`. `previous` is the status that it replaces: times that were set once, and
    /// conditions that still hold, are kept from there.
    pub fn record(progress: &Progress, generation: i64, now: Time, previous: &Self) -> Self {
        let order = progress.order.as_ref();
        Self {
            phase: progress.phase.into(),
            reason: Some(progress.reason.into()),
            message: Some(capped(&progress.message, MESSAGE_CHARACTERS_MAX)),
            finished: progress.finished,
            order_outcome: Some(progress.outcome.into()),
            product: order.map(|order| order.sku.as_str().to_owned()),
            quantity: order.map(|order| order.quantity.get()),
            factory: order.map(|order| FactoryReference::from(&order.factory)),
            attempt: Some(progress.attempt),
            retries: (progress.retries > 0).then_some(progress.retries),
            reopened: (progress.reopened > 0).then_some(progress.reopened),
            nonce: progress
                .nonce
                .as_ref()
                .map(|nonce| nonce.as_str().to_owned()),
            placing_since: progress.placing_since.map(micro_time),
            factory_order_id: progress
                .factory_order_id
                .as_ref()
                .map(|id| capped(id, FOREIGN_ID_CHARACTERS_MAX)),
            deadline: progress.deadline.map(micro_time),
            next_attempt_at: progress.next_attempt_at.map(micro_time),
            retry_since: progress.retry_since.map(micro_time),
            arrival: progress.arrival.as_ref().map(Arrival::from),
            delay: delay_word(progress.delay),
            notice: progress.told.as_ref().map(Notice::from),
            start_time: Some(
                previous
                    .start_time
                    .clone()
                    .unwrap_or_else(|| micro_time(now)),
            ),
            completion_time: match progress.phase {
                domain::Phase::Pending | domain::Phase::Placing | domain::Phase::Awaiting => None,
                ended if previous.phase == Phase::from(ended) => previous.completion_time.clone(),
                _ => Some(micro_time(now)),
            },
            handled_resolution: progress
                .handled_resolution
                .as_ref()
                .map(HandledResolution::from),
            observed_generation: generation,
            conditions: conditions(progress, generation, now, &previous.conditions),
        }
    }
}

impl TryFrom<&RestockRequestStatus> for Progress {
    type Error = StatusError;

    fn try_from(status: &RestockRequestStatus) -> Result<Self, StatusError> {
        let handled = status.handled_resolution.as_ref();
        Ok(Self {
            phase: status.phase.into(),
            reason: read_reason(status)?,
            message: status.message.clone().unwrap_or_default(),
            finished: status.finished,
            outcome: status.order_outcome.map(Into::into).unwrap_or_default(),
            order: read_order(status)?,
            attempt: status.attempt.unwrap_or_default(),
            retries: status.retries.unwrap_or_default(),
            reopened: status.reopened.unwrap_or_default(),
            nonce: status.nonce.clone().map(Nonce::new),
            placing_since: status.placing_since.as_ref().map(from_micro_time),
            factory_order_id: status.factory_order_id.clone(),
            deadline: status.deadline.as_ref().map(from_micro_time),
            next_attempt_at: status.next_attempt_at.as_ref().map(from_micro_time),
            retry_since: status.retry_since.as_ref().map(from_micro_time),
            arrival: status.arrival.as_ref().map(read_arrival).transpose()?,
            delay: match status.delay {
                None => Delay::None,
                Some(words::Delay::Marked) => Delay::Marked,
                Some(words::Delay::Told) => Delay::Told,
            },
            told: status.notice.as_ref().map(Told::from),
            handled_resolution: handled.map(TryInto::try_into).transpose()?,
        })
    }
}

fn read_reason(status: &RestockRequestStatus) -> Result<domain::Reason, StatusError> {
    match (status.reason, status.phase) {
        (Some(reason), _) => Ok(reason.into()),
        (None, Phase::Pending) => Ok(domain::Reason::New),
        (None, phase) => Err(StatusError::NoReason {
            phase: phase.as_str(),
        }),
    }
}

fn read_order(status: &RestockRequestStatus) -> Result<Option<Order>, StatusError> {
    let (product, quantity, factory) = match (&status.product, status.quantity, &status.factory) {
        (Some(product), Some(quantity), Some(factory)) => (product, quantity, factory),
        (None, None, None) => return Ok(None),
        _ => return Err(StatusError::HalfAnOrder),
    };
    Ok(Some(Order {
        sku: Sku::parse(product).map_err(word("product"))?,
        quantity: Quantity::new(quantity).map_err(word("quantity"))?,
        factory: FactoryKey {
            name: factory.name.clone(),
            uid: factory.uid.clone(),
        },
    }))
}

fn read_arrival(arrival: &Arrival) -> Result<Arrived, StatusError> {
    Ok(Arrived {
        quantity: Quantity::new(arrival.quantity).map_err(word("arrival.quantity"))?,
        at: from_micro_time(&arrival.at),
    })
}

fn word(field: &'static str) -> impl Fn(WordError) -> StatusError {
    move |error| StatusError::Word { field, error }
}

const fn delay_word(delay: Delay) -> Option<words::Delay> {
    match delay {
        Delay::None => None,
        Delay::Marked => Some(words::Delay::Marked),
        Delay::Told => Some(words::Delay::Told),
    }
}

/// At most this many characters: what is longer than the schema allows would be refused
/// whole, and the request with it.
pub(crate) fn capped(text: &str, characters_max: usize) -> String {
    text.chars().take(characters_max).collect()
}

impl From<&FactoryKey> for FactoryReference {
    fn from(key: &FactoryKey) -> Self {
        Self {
            name: key.name.clone(),
            uid: key.uid.clone(),
        }
    }
}

impl From<&Arrived> for Arrival {
    fn from(arrived: &Arrived) -> Self {
        Self {
            quantity: arrived.quantity.get(),
            at: micro_time(arrived.at),
        }
    }
}

impl From<&Told> for Notice {
    fn from(told: &Told) -> Self {
        Self {
            id: capped(&told.notice_id, FOREIGN_ID_CHARACTERS_MAX),
            publish_id: capped(&told.publish_id, FOREIGN_ID_CHARACTERS_MAX),
            channels: told.channels.clone(),
            at: micro_time(told.at),
        }
    }
}

impl From<&Notice> for Told {
    fn from(notice: &Notice) -> Self {
        Self {
            notice_id: notice.id.clone(),
            publish_id: notice.publish_id.clone(),
            channels: notice.channels.clone(),
            at: from_micro_time(&notice.at),
        }
    }
}
