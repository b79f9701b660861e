//! Message move tasks (redrive) as AWS has them, where the crate's own are not: letters that were
//! received and shown again are moved too, and what is moved is a new message, with a new id and
//! a new time (SQS developer guide, dead-letter queue redrive).

use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use fakecloud_core::auth::IamAction;
use fakecloud_core::service::{AwsRequest, AwsResponse, AwsService, AwsServiceError};
use fakecloud_sqs::{SharedSqsState, SqsService, SqsState};
use serde_json::Value;

/// SQS, with its move tasks put right.
pub struct Sqs {
    service: SqsService,
    state: SharedSqsState,
}

impl Sqs {
    pub fn new(service: SqsService, state: SharedSqsState) -> Self {
        Self { service, state }
    }

    /// Makes ready what a task is about to move.
    fn prepare(&self, request: &AwsRequest) {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let source = body["SourceArn"].as_str().unwrap_or_default();
        let mut accounts = self.state.write();
        let state = accounts.regional_mut(&request.account_id, &request.region);
        if is_free(state, source) {
            renew(state, source);
        }
    }
}

/// Whether no task moves the letters of this queue.
fn is_free(state: &SqsState, source: &str) -> bool {
    let mut tasks = state.message_move_tasks.iter();
    !tasks.any(|task| {
        task.source_arn == source && matches!(task.status.as_str(), "RUNNING" | "CANCELLING")
    })
}

fn renew(state: &mut SqsState, source: &str) {
    let is_dead_letter_queue = state.queues.values().any(|queue| {
        let redrive = queue.redrive_policy.as_ref();
        redrive.is_some_and(|policy| policy.dead_letter_target_arn == source)
    });
    let Some(queue) = state.queues.values_mut().find(|queue| queue.arn == source) else {
        return;
    };
    if !is_dead_letter_queue {
        return;
    }
    // The crate brings these back only at the next receive.
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_millis() as i64;
    let (shown, hidden) = std::mem::take(&mut queue.inflight)
        .into_iter()
        .partition::<Vec<_>, _>(|letter| {
            letter
                .visible_at
                .is_some_and(|at| at.timestamp_millis() <= now)
        });
    queue.inflight = hidden;
    queue.messages.extend(shown);
    for letter in &mut queue.messages {
        letter.message_id = uuid::Uuid::new_v4().to_string();
        letter.sent_timestamp = now;
        letter.receipt_handle = None;
        letter.first_received_at = None;
    }
}

#[async_trait]
impl AwsService for Sqs {
    fn service_name(&self) -> &str {
        self.service.service_name()
    }

    async fn handle(&self, request: AwsRequest) -> Result<AwsResponse, AwsServiceError> {
        if request.action == "StartMessageMoveTask" {
            self.prepare(&request);
        }
        self.service.handle(request).await
    }

    fn supported_actions(&self) -> &[&str] {
        self.service.supported_actions()
    }

    fn iam_enforceable(&self) -> bool {
        self.service.iam_enforceable()
    }

    fn iam_action_for(&self, request: &AwsRequest) -> Option<IamAction> {
        self.service.iam_action_for(request)
    }
}
