//! The outcome of an attempt as the ledger spells it.

use crate::domain::progress::RowOutcome;
use crate::edge::store::StoreError;

pub(super) const fn outcome_text(outcome: RowOutcome) -> &'static str {
    match outcome {
        RowOutcome::Open => "open",
        RowOutcome::NotSent => "not_sent",
        RowOutcome::Throttled => "throttled",
        RowOutcome::Placed => "placed",
        RowOutcome::Unknown => "unknown",
        RowOutcome::Refused => "refused",
    }
}

pub(super) fn outcome_of(text: &str) -> Result<RowOutcome, StoreError> {
    Ok(match text {
        "open" => RowOutcome::Open,
        "not_sent" => RowOutcome::NotSent,
        "throttled" => RowOutcome::Throttled,
        "placed" => RowOutcome::Placed,
        "unknown" => RowOutcome::Unknown,
        "refused" => RowOutcome::Refused,
        other => return Err(StoreError::Unusable(format!("unknown outcome {other:?}"))),
    })
}
