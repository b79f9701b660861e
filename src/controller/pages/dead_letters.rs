//! `GET /v1/dead-letters`: messages that could not become a request.

use super::{Reading, query, unreadable};
use crate::edge::store::dead_letters::list::ListedDeadLetter;
use crate::process::read_server::Refusal;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Also those that have left the queue.
    #[serde(default)]
    gone: bool,
    limit: Option<u32>,
    after: Option<String>,
}

pub(super) async fn page(
    State(reading): State<Arc<Reading>>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let asked = query::read(asked)?;
    let rows = query::rows(asked.limit)?;
    let behind = query::begin(asked.after.as_deref(), None)?;
    let _turn = reading.turn().await;
    let reading = reading.store.dead_letters(asked.gone, &behind, rows + 1);
    let mut found = reading.await.map_err(|why| unreadable(&why))?;
    let next = query::cut(&mut found.letters, rows, ListedDeadLetter::mark);
    let items: Vec<Value> = found.letters.into_iter().map(item).collect();
    Ok(Json(json!({
        "items": items,
        "next": next,
        "sweptAt": found.swept_at.map(query::written),
        "goneBefore": found.gone_before.map(query::written),
    })))
}

fn item(listed: ListedDeadLetter) -> Value {
    let letter = listed.letter;
    json!({
        "requestId": letter.request_id.as_str(),
        "messageId": letter.message_id,
        "reason": letter.reason,
        "sentAt": letter.sent_at.map(query::written),
        "firstSeenAt": query::written(letter.first_seen_at),
        "lastSeenAt": query::written(letter.last_seen_at),
        "timesSeen": letter.times_seen,
        "diedBefore": letter.died_before,
        "firstDiedAt": letter.first_died_at.map(query::written),
        "toldAt": listed.told_at.map(query::written),
        "noticeId": listed.notice_id,
        "gone": listed.is_gone,
    })
}
