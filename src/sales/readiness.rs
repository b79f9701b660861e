//! The shop is ready while the ledger answers, and takes what is sold.

use super::shop::Shop;
use crate::edge::store::CALL_DEADLINE;
use crate::process::clock;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How often the ledger is asked.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// Longest time for one round: the pause and one call.
const ROUND_MAX: Duration = Duration::from_secs(ASK_EVERY.as_secs() + CALL_DEADLINE.as_secs());

/// Keeps the condition true to what the ledger answers, until told to stop.
pub(super) async fn watch(shop: Arc<Shop>) {
    let condition = shop.process.health.condition("ledger");
    let pulse = shop.process.health.pulse("readiness", ROUND_MAX);
    let stop = shop.process.shutdown.clone();
    loop {
        let schema = shop.store.require_schema().await;
        let why = schema.err().map(|why| why.to_string());
        match why.or_else(|| shop.till.trouble.at(clock::now())) {
            Some(why) => condition.not_ready(why),
            None => condition.ready(),
        }
        pulse.beat();
        if timeout(ASK_EVERY, stop.cancelled()).await.is_ok() {
            // Purchases are still taken for a while: load balancers should go elsewhere.
            return condition.not_ready("shutting down");
        }
    }
}
