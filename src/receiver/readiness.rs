//! The receiver is ready while it can commit or park.

use crate::edge::aws::CALL_DEADLINE as AWS_DEADLINE;
use crate::process::clock;
use crate::receiver::desk::Desk;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How often both neighbours are asked.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// Longest time for one round of questions: both at once, the slower one counts.
const ROUND_MAX: Duration = Duration::from_secs(ASK_EVERY.as_secs() + AWS_DEADLINE.as_secs());

/// Keeps the condition true to what the neighbours answer, until told to stop.
pub(super) async fn watch(desk: Arc<Desk>) {
    let condition = desk.process.health.condition("arrivals");
    let pulse = desk.process.health.pulse("readiness", ROUND_MAX);
    let stop = desk.process.shutdown.clone();
    loop {
        let (ledger, inbox) = tokio::join!(desk.store.require_schema(), desk.inbox.attributes());
        let now = clock::now();
        let ledger = ledger.err().map(|why| why.to_string());
        let inbox = inbox.err().map(|why| why.to_string());
        let ledger = ledger.or_else(|| desk.commits.at(now));
        let inbox = inbox.or_else(|| desk.parks.at(now));
        match (ledger, inbox) {
            (Some(ledger), Some(inbox)) => {
                condition.not_ready(format!("cannot commit ({ledger}) nor park ({inbox})"));
            }
            _ => condition.ready(),
        }
        pulse.beat();
        if timeout(ASK_EVERY, stop.cancelled()).await.is_ok() {
            // Callbacks are still taken for a while: load balancers should go elsewhere.
            return condition.not_ready("shutting down");
        }
    }
}
