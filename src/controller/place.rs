//! Performs the effects of one order, in the order that `domain::placing` says.

use crate::controller::context::Context;
use crate::controller::observe::Subject;
use crate::controller::record::{record, write};
use crate::crd::request::{RestockRequest, to_progress};
use crate::domain::decide::{LOOK_AGAIN, released, unanswered};
use crate::domain::notice;
use crate::domain::order::{Nonce, Order};
use crate::domain::placing::{Effect, Report, next};
use crate::domain::progress::{Answer, Delay, Observed, Phase, Progress, RowOutcome};
use crate::domain::settle::{can_be_settled, settle};
use crate::domain::time::Time;
use crate::edge::cluster::{self, ClusterError};
use crate::edge::store::StoreError;
use crate::edge::store::attempts::{Fenced, NewAttempt, Opened};
use crate::process::clock;
use crate::process::telemetry::{Kind, Stage};
use kube::ResourceExt as _;
use kube::runtime::controller::Action;
use std::time::Duration;

/// How long after the announcement was sent the row's insert and the POST may begin: a
/// process that was paused longer must not act on an intent that others may have fenced.
const HEAD_START: Duration = Duration::from_secs(5);

/// Writes of one answer against people who edit the object meanwhile.
const RECORD_TRIES_MAX: u32 = 5;

/// One attempt under way.
struct Attempt<'a> {
    subject: &'a Subject,
    context: &'a Context,
    order: &'a Order,
    progress: Progress,
    nonce: Nonce,
    row: NewAttempt,
    /// The newest version of the object that we know of.
    object: RestockRequest,
    sent_at: (Duration, Time),
}

/// Takes a permit, announces the attempt, orders, and records the answer.
pub(super) async fn place(
    subject: &Subject,
    seen: &Observed,
    announced: Progress,
    order: &Order,
    context: &Context,
) -> Action {
    let request = &subject.request;
    let permit = match context.permit(order, request) {
        Ok(permit) => permit,
        Err(busy) => {
            tracing::debug!(request_id = %request.id, why = busy.why, "waiting");
            if subject.progress.delay == Delay::Marked {
                context.notifier.tell(subject.notice(notice::Kind::Delayed));
            }
            let shown = match busy.factory_answers {
                true => released(&subject.progress),
                false => unanswered(&subject.progress, &order.factory.name, clock::now()),
            };
            return match shown {
                Some(shown) => record(subject, seen, &shown, context).await,
                None => Action::requeue(busy.retry_in),
            };
        }
    };
    let nonce = context.draw_nonce();
    let progress = Progress {
        nonce: Some(nonce.clone()),
        ..announced
    };
    let Some(row) = attempt_row(subject, &progress, context) else {
        return Action::requeue(LOOK_AGAIN);
    };
    let attempt = Attempt {
        subject,
        context,
        order,
        progress,
        nonce,
        row,
        object: subject.object.clone(),
        sent_at: (clock::since_boot(), clock::now()),
    };
    if attempt.run().await {
        permit.spend();
    }
    // The watch brings what was written; if nothing was, this looks again.
    Action::requeue(LOOK_AGAIN)
}

/// The row of the attempt that `progress` announces; none before there is an order.
pub(super) fn attempt_row(
    subject: &Subject,
    progress: &Progress,
    context: &Context,
) -> Option<NewAttempt> {
    let order = progress.order.as_ref()?;
    let policy = context.destinations.policy(Some(&order.factory));
    Some(NewAttempt {
        request_id: subject.request.id.clone(),
        attempt: progress.attempt,
        uid: subject.request.uid.clone(),
        namespace: subject.namespace().to_owned(),
        name: subject.object.name_any(),
        sku: order.sku.clone(),
        quantity: order.quantity,
        factory: order.factory.name.clone(),
        nonce: progress.nonce.clone()?,
        deadline_after: policy.callback_deadline,
    })
}

impl Attempt<'_> {
    /// Runs to the last effect; says whether the factory was asked: a POST that was not
    /// begun after all has told the breaker nothing.
    async fn run(mut self) -> bool {
        let mut effect = Effect::Announce;
        let mut posted = false;
        while effect != Effect::Leave {
            let report = self.perform(&effect).await;
            posted |= matches!(report, Report::Answered(_));
            tracing::debug!(request_id = %self.subject.request.id, ?effect, ?report, "effect");
            effect = next(&effect, report);
        }
        posted
    }

    async fn perform(&mut self, effect: &Effect) -> Report {
        match effect {
            Effect::Announce => self.announce().await,
            Effect::ReadBack => self.read_back().await,
            Effect::InsertRow => self.insert_row().await,
            Effect::ReadRow => self.read_row().await,
            Effect::GiveUp => self.give_up().await,
            Effect::Post => self.post().await,
            Effect::CloseRow(answer) => self.close_row(answer).await,
            Effect::RecordAnswer(answer) => self.record_answer(answer).await,
            Effect::Leave => Report::Done,
        }
    }

    async fn announce(&mut self) -> Report {
        self.sent_at = (clock::since_boot(), clock::now());
        match write(&self.object, &self.progress, self.context).await {
            Ok(object) => {
                self.object = object;
                Report::Done
            }
            Err(ClusterError::Conflict(_)) => Report::Refused,
            Err(ClusterError::Unavailable(_)) => Report::Unknown,
            Err(error) => Report::NotDone(error.to_string()),
        }
    }

    async fn read_back(&mut self) -> Report {
        let name = self.object.name_any();
        let requests = self.context.requests(&self.row.namespace);
        match cluster::get(&requests, &name).await {
            Ok(Some(object)) if self.is_ours(&object) => {
                self.object = object;
                Report::Ours
            }
            Ok(_) => Report::Refused,
            Err(_) => Report::Unknown,
        }
    }

    /// Whether this is our object, still in the attempt that we announced.
    fn is_ours(&self, object: &RestockRequest) -> bool {
        let same = object.uid().as_deref() == Some(self.subject.request.uid.as_str());
        let nonce = to_progress(object).ok().and_then(|progress| progress.nonce);
        same && nonce.as_ref() == Some(&self.nonce)
    }

    async fn insert_row(&self) -> Report {
        // Here it is certain that it was announced: by an answer, or by what was read back.
        let progress = &self.progress;
        self.context
            .metrics
            .entered(progress.phase, progress.reason);
        if let Some(why) = self.too_late() {
            return Report::NotDone(why);
        }
        match self.context.ledger.store.open_attempt(&self.row).await {
            Ok(Opened::Inserted) => Report::Done,
            Ok(Opened::Blocked | Opened::Taken) => Report::Refused,
            Err(StoreError::CommitUnknown(_)) => Report::Unknown,
            Err(error) => Report::NotDone(error.to_string()),
        }
    }

    async fn read_row(&self) -> Report {
        let reading = self
            .context
            .ledger
            .store
            .read_attempt(&self.row.request_id, self.row.attempt);
        match reading.await {
            Ok(Some(row)) if row.nonce == self.nonce => Report::Row(Some(row.outcome)),
            Ok(Some(_)) => Report::Row(Some(RowOutcome::Unknown)),
            Ok(None) => Report::Row(None),
            Err(_) => Report::Unknown,
        }
    }

    async fn give_up(&self) -> Report {
        match self.context.ledger.store.fence_attempt(&self.row).await {
            Ok(Fenced::Inserted) => Report::Done,
            Ok(Fenced::Taken) => Report::Refused,
            Err(_) => Report::Unknown,
        }
    }

    async fn post(&self) -> Report {
        let client = match self.context.destinations.client(&self.order.factory) {
            Ok(client) => client,
            Err(why) => return Report::NotDone(why),
        };
        // Our own word, handed to the factory: what its callback must bring back.
        let claims = self.subject.claims(&self.progress, self.order.quantity);
        let Some(claims) = claims else {
            return Report::NotDone("it was never announced".to_owned());
        };
        let path = self.context.keys.ring().sign(&claims);
        let body = self.context.order_body(self.subject, self.order, &path);
        // Checked last: whatever came before may have taken its time.
        if let Some(why) = self.too_late() {
            return Report::NotDone(why);
        }
        let posting = client.post(&body, self.subject.trace_parent());
        let answer = self.stage().follow(posting, class).await;
        self.context.gates.report(&self.order.factory, &answer);
        self.context.answered(self.subject, &answer);
        Report::Answered(answer)
    }

    async fn close_row(&self, answer: &Answer) -> Report {
        let row = &self.row;
        let outcome = answer.row_outcome();
        let store = &self.context.ledger.store;
        match store
            .close_attempt(&row.request_id, row.attempt, &self.nonce, outcome)
            .await
        {
            Ok(_) => Report::Done,
            Err(error) => {
                self.hold(answer);
                Report::NotDone(error.to_string())
            }
        }
    }

    /// Records the answer while the attempt is ours to record. Whoever edits the object
    /// meanwhile only costs another try.
    async fn record_answer(&mut self, answer: &Answer) -> Report {
        for _ in 0..RECORD_TRIES_MAX {
            let Ok(progress) = to_progress(&self.object) else {
                break;
            };
            if !can_be_settled(&progress) {
                return Report::Done;
            }
            let settled = settle(&progress, answer, clock::now());
            match write(&self.object, &settled, self.context).await {
                Ok(_) => {
                    self.context.memory.forget(&self.subject.request.uid);
                    self.context.report_phase(self.subject, &settled).await;
                    return Report::Done;
                }
                Err(ClusterError::Conflict(_)) => {}
                // Deleted meanwhile: no object owes anything any more.
                Err(ClusterError::Gone(_)) => return Report::Refused,
                Err(_) => break,
            }
            if self.read_back().await != Report::Ours {
                return Report::Refused;
            }
        }
        self.hold(answer);
        Report::Unknown
    }

    fn hold(&self, answer: &Answer) {
        self.context
            .memory
            .hold(&self.subject.request.uid, &self.nonce, answer.clone());
    }

    fn too_late(&self) -> Option<String> {
        let (boot, wall) = self.sent_at;
        let by_boot = clock::since_boot().saturating_sub(boot);
        let by_wall = clock::now().since(wall);
        let late = by_boot.max(by_wall) > HEAD_START;
        late.then(|| "this process was held up after it announced the order".to_owned())
    }

    /// The POST, for the request's trace.
    fn stage(&self) -> Stage<'_> {
        Stage {
            name: "order",
            kind: Kind::Client,
            request_id: self.row.request_id.as_str(),
            trace_parent: self.subject.trace_parent(),
            object: Some((&self.row.namespace, &self.row.name)),
            attempt: Some(self.row.attempt),
        }
    }
}

/// The class of the answer, for the request's trace.
const fn class(answer: &Answer) -> &'static str {
    match answer {
        Answer::NotSent(_) => "NotSent",
        Answer::Throttled { .. } => "Throttled",
        Answer::Refused { .. } => "Refused",
        Answer::Placed { .. } => "Placed",
        Answer::InDoubt(_) => "InDoubt",
    }
}

/// Whether the object is in a phase that takes one of its Factory's places.
pub(super) fn in_flight(progress: &Progress) -> bool {
    matches!(progress.phase, Phase::Placing | Phase::Awaiting)
}
