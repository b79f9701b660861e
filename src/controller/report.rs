//! What people and machines are told of a pass, beside the status: notices, Events,
//! metrics. None of it is the only record of anything.

use crate::controller::context::Context;
use crate::controller::observe::Subject;
use crate::crd::time::from_micro_time;
use crate::crd::words;
use crate::domain::notice::{self, Kind, Subject as NoticeSubject};
use crate::domain::order::Order;
use crate::domain::progress::{Answer, OrderOutcome, Phase, Progress};
use crate::intake::order_body;
use crate::process::clock;
use kube::runtime::events::{Event, EventType};
use kube::{Resource as _, ResourceExt as _};
use serde_json::Value;
use std::time::Duration;

/// An Event is for people who look just then: it must not hold up a pass.
const EVENT_DEADLINE: Duration = Duration::from_secs(3);

/// Longest note that the API takes, in bytes.
const EVENT_NOTE_MAX: usize = 1_024;

impl Subject {
    /// The notice of this kind about the request as it stands.
    pub(super) fn notice(&self, kind: Kind) -> NoticeSubject {
        let progress = &self.progress;
        let spec = &self.object.spec;
        let order = progress.order.as_ref();
        NoticeSubject {
            notice_id: notice::id_of(&self.request.id, kind, progress),
            kind,
            request_id: self.request.id.clone(),
            namespace: self.namespace().to_owned(),
            name: self.object.name_any(),
            factory: progress.factory().map(|factory| factory.name.clone()),
            cause: words::Reason::from(progress.reason).as_str(),
            product: order.map_or(spec.product_id.clone(), |order| order.sku.to_string()),
            quantity: order.map(|order| order.quantity.get()).or(spec.quantity),
            ordered_at: progress.placing_since.filter(|_| was_ordered(progress)),
            order_id: progress.factory_order_id.clone(),
            message: progress.message.clone(),
            at: clock::now(),
        }
    }
}

/// Whether the factory may have an order of this request.
const fn was_ordered(progress: &Progress) -> bool {
    matches!(
        progress.outcome,
        OrderOutcome::Placed | OrderOutcome::Unknown
    )
}

impl Context {
    /// Counts a change of phase, and files an Event where it is a failure.
    pub(super) async fn report_phase(&self, subject: &Subject, progress: &Progress) {
        self.metrics.entered(progress.phase, progress.reason);
        if progress.phase != Phase::Failed {
            return;
        }
        let reason = words::Reason::from(progress.reason).as_str();
        let note = progress.message.clone();
        self.file(subject, EventType::Warning, reason, "Restock", note)
            .await;
    }

    /// Files an Event about a person's word: who said it, why, and what became of it. The
    /// object has it too.
    pub(super) async fn report_word(&self, subject: &Subject, progress: &Progress) {
        let Some(handled) = &progress.handled_resolution else {
            return;
        };
        let word = &handled.word;
        let (type_, reason, became) = match &handled.refusal {
            None => (EventType::Normal, "WordDone", String::new()),
            Some(why) => (
                EventType::Warning,
                "WordRefused",
                format!(" Refused: {why}."),
            ),
        };
        let (by, verb, attempt) = (&word.by, word.verb.as_str(), word.attempt);
        let note = format!(
            "{by} said {verb} of attempt {attempt}: {}.{became}",
            word.reason
        );
        tracing::info!(request_id = %subject.request.id, reason, note, "a person's word");
        // Events of one reason and action are counted as one, with the note of the first: each
        // word is an action of its own.
        let action = format!("{verb}OfAttempt{attempt}");
        self.file(subject, type_, reason, &action, note).await;
    }

    /// Files an Event about goods that a person says have come, and that no receiver books.
    pub(super) async fn report_unbooked(&self, subject: &Subject, why: &str) {
        let note = format!("The receiver does not book the goods: {why}. It is tried again.");
        self.file(subject, EventType::Warning, "NotBooked", "Book", note)
            .await;
    }

    async fn file(
        &self,
        subject: &Subject,
        type_: EventType,
        reason: &str,
        action: &str,
        mut note: String,
    ) {
        note.truncate(note.floor_char_boundary(EVENT_NOTE_MAX));
        let event = Event {
            type_,
            reason: reason.to_owned(),
            note: Some(note),
            action: action.to_owned(),
            secondary: None,
        };
        let reference = subject.object.object_ref(&());
        let filing = self.events.publish(&event, &reference);
        if !matches!(
            tokio::time::timeout(EVENT_DEADLINE, filing).await,
            Ok(Ok(()))
        ) {
            tracing::debug!(request_id = %subject.request.id, "the Event was not filed");
        }
    }

    /// Counts what a POST came to.
    pub(super) fn answered(&self, subject: &Subject, answer: &Answer) {
        // The message's own time: it may have waited in the queue for hours.
        let source = subject.object.spec.source.as_ref();
        let sent_at = source.map(|source| from_micro_time(&source.sent_at));
        let age = clock::now().since(sent_at.unwrap_or(subject.request.created_at));
        self.metrics.answered(answer, age);
        tracing::info!(
            request_id = %subject.request.id,
            name = subject.object.name_any(),
            ?answer,
            "ordered"
        );
    }

    /// The order as the factory reads it.
    pub(super) fn order_body(&self, subject: &Subject, order: &Order, path: &str) -> Value {
        let payload = self
            .destinations
            .find(&order.factory)
            .map(|factory| factory.spec.payload.clone())
            .unwrap_or_default();
        let base = self.settings.callback_url.trim_end_matches('/');
        let callback_url = format!("{base}{path}");
        let request = &subject.request.id;
        order_body(payload, &subject.object.spec, request, order, callback_url)
    }
}
