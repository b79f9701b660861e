//! What the shop counts.

use crate::domain::purchase::{Answer, Verdict};
use crate::process::metrics::{Registry, counters};
use crate::sales::till::NoVerdict;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use std::time::Duration;

/// Seconds to an answer: one transaction is a few milliseconds, the longest wait at the till 5 s.
const ANSWER_SECONDS: [f64; 10] = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Purchases that share a transaction, up to its largest number.
const GROUP_SIZES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// How a purchase ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(super) enum PurchaseResult {
    /// 200, now or before.
    Sold,
    /// 409, now or before.
    OutOfStock,
    /// 422.
    KeyReused,
    /// 404.
    UnknownProduct,
    /// 503, too many wait; nothing was done.
    Busy,
    /// 503, the ledger did not take it; nothing was done.
    Unavailable,
    /// 503, the key knows.
    Unknown,
}

impl PurchaseResult {
    const ALL: [Self; 7] = [
        Self::Sold,
        Self::OutOfStock,
        Self::KeyReused,
        Self::UnknownProduct,
        Self::Busy,
        Self::Unavailable,
        Self::Unknown,
    ];
}

impl From<&Result<Verdict, NoVerdict>> for PurchaseResult {
    fn from(ended: &Result<Verdict, NoVerdict>) -> Self {
        match ended {
            Ok(Verdict::Answered(Answer::Sold { .. })) => Self::Sold,
            Ok(Verdict::Answered(Answer::OutOfStock { .. })) => Self::OutOfStock,
            Ok(Verdict::KeyReused) => Self::KeyReused,
            Err(NoVerdict::NoSuchProduct) => Self::UnknownProduct,
            Err(NoVerdict::Busy) => Self::Busy,
            Err(NoVerdict::Unavailable(_)) => Self::Unavailable,
            Ok(Verdict::Unreadable(_)) | Err(NoVerdict::Unknown(_)) => Self::Unknown,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PurchaseLabels {
    result: PurchaseResult,
}

/// The role's metrics; every series starts at 0.
pub(super) struct Metrics {
    purchases: Family<PurchaseLabels, Counter>,
    answer: Histogram,
    group: Histogram,
}

impl Metrics {
    pub(super) fn register(registry: &Registry) -> Self {
        let metrics = Self {
            purchases: counters(PurchaseResult::ALL.map(|result| PurchaseLabels { result })),
            answer: Histogram::new(ANSWER_SECONDS),
            group: Histogram::new(GROUP_SIZES),
        };
        registry.register(
            "restock_sales_purchases",
            "Purchases by how they ended, repeats included",
            metrics.purchases.clone(),
        );
        registry.register(
            "restock_sales_answer_seconds",
            "From a purchase at the till to its verdict",
            metrics.answer.clone(),
        );
        registry.register(
            "restock_sales_group_purchases",
            "Purchases of one product that were decided together",
            metrics.group.clone(),
        );
        metrics
    }

    /// A purchase ended so, after that time.
    pub(super) fn ended(&self, ended: &Result<Verdict, NoVerdict>, took: Duration) {
        let result = PurchaseResult::from(ended);
        self.purchases
            .get_or_create(&PurchaseLabels { result })
            .inc();
        self.answer.observe(took.as_secs_f64());
    }

    /// So many are decided together.
    pub(super) fn group(&self, purchases: usize) {
        self.group
            .observe(u32::try_from(purchases).map_or(f64::MAX, f64::from));
    }
}
