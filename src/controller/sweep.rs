//! The net below the objects: an order whose request was deleted while it was on its way
//! is still missed by somebody when its goods do not come.
//!
//! Level-triggered, like everything that reads the ledger: every sweep begins at the
//! start, and whatever a crash left undone is found by the next one.

use crate::controller::areas::{self, AreaError};
use crate::controller::live::Live;
use crate::controller::tell::Notifier;
use crate::crd::request::{RestockRequest, to_progress};
use crate::crd::words::Reason;
use crate::domain::notice::{self, Kind, Subject};
use crate::domain::progress::{Reason as DomainReason, RowOutcome};
use crate::edge::cluster;
use crate::edge::store::attempts::OverdueAttempt;
use crate::edge::store::{Store, StoreError};
use crate::process::args::Area;
use crate::process::health::Pulse;
use kube::api::Api;
use kube::{Client, ResourceExt as _};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Pause between two sweeps. What is swept up is minutes late already.
pub const PAUSE: Duration = Duration::from_secs(30);

/// Attempts read at a time.
const PAGE: u32 = 100;

/// Between two signs of life: the pause, or one read of the cluster (10 s) and two calls
/// of the ledger (4 s each).
pub const TURN_DEADLINE: Duration = Duration::from_secs(30);

const NOT_COMPLETED: &str = "the sweep for deleted requests was not completed";

/// Whom a sweep asks and tells.
pub struct Sweeper {
    /// The ledger.
    pub store: Store,
    /// The cluster.
    pub client: Client,
    /// What is swept: one ledger may serve many controllers, each with areas of its own.
    pub areas: Vec<Area>,
    /// The requests there that are not finished, from the watch: most need no call.
    pub live: Live<RestockRequest>,
    /// Tells the operations team.
    pub notifier: Notifier,
}

/// What is to be done about an overdue attempt.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Its object lives and is at work on it.
    Leave,
    /// Its object told how it ended, under this notice.
    Told(String),
    /// There is nothing to tell: the request has its goods, or ended as a duplicate.
    Close,
    /// There is no object to tell it.
    Tell,
}

/// Sweeps until shutdown, while `leads` says that this process should.
pub async fn run(
    sweeper: Sweeper,
    leads: impl Fn() -> bool,
    pulse: Pulse,
    shutdown: CancellationToken,
) {
    while !shutdown.is_cancelled() {
        if leads()
            && let Err(error) = sweeper.sweep(&pulse, &shutdown).await
        {
            tracing::warn!(%error, "{NOT_COMPLETED}");
        }
        pulse.beat();
        shutdown
            .run_until_cancelled(tokio::time::sleep(PAUSE))
            .await;
    }
}

impl Sweeper {
    /// One sweep over everything overdue, area by area: one that does not answer keeps no
    /// other from being swept.
    ///
    /// # Errors
    /// [`StoreError`]; what was done until then stays done.
    pub async fn sweep(&self, pulse: &Pulse, stop: &CancellationToken) -> Result<(), StoreError> {
        for area in &self.areas {
            let swept = self.area(area, pulse, stop).await;
            areas::settle(area, swept, NOT_COMPLETED)?;
            pulse.beat();
        }
        Ok(())
    }

    async fn area(
        &self,
        area: &Area,
        pulse: &Pulse,
        stop: &CancellationToken,
    ) -> Result<(), AreaError> {
        let namespace = area.namespace();
        let mut last: Option<OverdueAttempt> = None;
        loop {
            let after = last.as_ref().map(|row| (&row.request_id, row.attempt));
            let page = self.store.overdue_untold(namespace, after, PAGE).await?;
            for row in &page {
                if stop.is_cancelled() {
                    return Ok(());
                }
                self.handle(row).await?;
                pulse.beat();
            }
            // Keys only rise, so this ends where the ledger does.
            last = page.into_iter().last();
            if last.is_none() {
                return Ok(());
            }
            pulse.beat();
        }
    }

    async fn handle(&self, row: &OverdueAttempt) -> Result<(), AreaError> {
        if self.live.get(&row.namespace, &row.name, &row.uid).is_some() {
            return Ok(());
        }
        let requests: Api<RestockRequest> = Api::namespaced(self.client.clone(), &row.namespace);
        let object = cluster::get(&requests, &row.name).await?;
        let (id, attempt) = (&row.request_id, row.attempt);
        match verdict(row, object.as_ref()) {
            Verdict::Leave => {}
            Verdict::Told(notice) => self.store.mark_attempt_told(id, attempt, &notice).await?,
            Verdict::Close => self.store.close_overdue(id, attempt).await?,
            Verdict::Tell => self.tell(row).await?,
        }
        Ok(())
    }

    /// Publish, then mark: a crash in between tells twice, under one id, and never not
    /// at all.
    async fn tell(&self, row: &OverdueAttempt) -> Result<(), AreaError> {
        let notice = notice::id(&row.request_id, Kind::Gone, row.attempt);
        if self.notifier.acknowledged(&notice).is_none() {
            self.notifier.tell(subject(row, notice));
            return Ok(());
        }
        self.store
            .mark_attempt_told(&row.request_id, row.attempt, &notice)
            .await?;
        self.notifier.forget(&notice);
        Ok(())
    }
}

fn verdict(row: &OverdueAttempt, object: Option<&RestockRequest>) -> Verdict {
    let same = |object: &&RestockRequest| object.uid().as_ref() == Some(&row.uid);
    let Some(object) = object.filter(same) else {
        return if row.other_attempt_arrived {
            Verdict::Close
        } else {
            Verdict::Tell
        };
    };
    match to_progress(object) {
        Ok(progress) if progress.finished => match progress.told {
            Some(told) => Verdict::Told(told.notice_id),
            None => Verdict::Close,
        },
        // An object that cannot be read is a person's to mend, and its passes say so.
        _ => Verdict::Leave,
    }
}

fn subject(row: &OverdueAttempt, notice_id: String) -> Subject {
    let (reason, known) = match row.outcome {
        RowOutcome::Placed => (
            DomainReason::CallbackOverdue,
            "The factory accepted the order",
        ),
        _ => (
            DomainReason::OrderOutcomeUnknown,
            "The factory may have the order",
        ),
    };
    Subject {
        notice_id,
        kind: Kind::Gone,
        request_id: row.request_id.clone(),
        namespace: row.namespace.clone(),
        name: row.name.clone(),
        factory: Some(row.factory.clone()),
        cause: Reason::from(reason).as_str(),
        product: row.sku.to_string(),
        quantity: Some(row.quantity.get()),
        ordered_at: Some(row.opened_at),
        // The ledger does not keep it.
        order_id: None,
        message: format!(
            "{known} of attempt {}, no callback came, and the RestockRequest was deleted.",
            row.attempt
        ),
        at: row.deadline,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::{Quantity, RequestId, Sku};
    use crate::domain::time::Time;
    use serde_json::{Value, json};

    fn row() -> OverdueAttempt {
        OverdueAttempt {
            request_id: RequestId::parse("abcdefghij2345672345").unwrap(),
            attempt: 1,
            uid: "uid-1".to_owned(),
            namespace: "shop".to_owned(),
            name: "rr-abcdefghij2345672345".to_owned(),
            sku: Sku::parse("CP-502101").unwrap(),
            quantity: Quantity::new(3).unwrap(),
            factory: "seoul".to_owned(),
            outcome: RowOutcome::Placed,
            opened_at: Time::from_micros(5),
            deadline: Time::from_micros(7),
            other_attempt_arrived: false,
        }
    }

    fn object(uid: &str, status: &Value) -> RestockRequest {
        serde_json::from_value(json!({
            "apiVersion": "restock.dev/v1alpha1",
            "kind": "RestockRequest",
            "metadata": { "name": row().name, "namespace": "shop", "uid": uid },
            "spec": { "productId": "CP-502101" },
            "status": status,
        }))
        .unwrap()
    }

    fn failed(finished: bool, notice: Value) -> Value {
        json!({
            "phase": "Failed", "reason": "CallbackOverdue", "finished": finished,
            "notice": notice, "conditions": [],
        })
    }

    #[test]
    fn a_deleted_or_recreated_object_is_told_about() {
        assert_eq!(verdict(&row(), None), Verdict::Tell);
        let other = object("uid-2", &failed(false, Value::Null));
        assert_eq!(verdict(&row(), Some(&other)), Verdict::Tell);
    }

    #[test]
    fn a_request_that_has_its_goods_is_not() {
        let row = OverdueAttempt {
            other_attempt_arrived: true,
            ..row()
        };
        assert_eq!(verdict(&row, None), Verdict::Close);
        let status = json!({ "phase": "Succeeded", "reason": "Arrived", "finished": true });
        assert_eq!(
            verdict(&row, Some(&object("uid-1", &status))),
            Verdict::Close
        );
    }

    #[test]
    fn a_live_object_tells_for_itself_and_its_word_is_taken_over() {
        let working = object("uid-1", &failed(false, Value::Null));
        assert_eq!(verdict(&row(), Some(&working)), Verdict::Leave);
        let notice = json!({
            "id": "n1", "publishId": "p1", "channels": ["sns"], "at": "2026-01-02T03:04:05.000000Z",
        });
        let told = object("uid-1", &failed(true, notice));
        assert_eq!(verdict(&row(), Some(&told)), Verdict::Told("n1".to_owned()));
    }

    #[test]
    fn an_object_that_cannot_be_read_is_left_to_a_person() {
        let broken = json!({ "phase": "Awaiting", "finished": true });
        assert_eq!(
            verdict(&row(), Some(&object("uid-1", &broken))),
            Verdict::Leave
        );
    }

    #[test]
    fn what_is_told_says_what_is_known() {
        let placed = subject(&row(), "n".to_owned());
        assert_eq!(placed.cause, "CallbackOverdue");
        let doubt = OverdueAttempt {
            outcome: RowOutcome::Open,
            ..row()
        };
        assert_eq!(subject(&doubt, "n".to_owned()).cause, "OrderOutcomeUnknown");
    }
}
