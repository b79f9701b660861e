//! `GET /v1/history`: what became of requests, also of those whose objects are gone.

use super::{Reading, query, unreadable};
use crate::crd::schema::OBJECT_NAME_CHARACTERS_MAX;
use crate::domain::time::Time;
use crate::edge::store::history::{About, Archived};
use crate::process::read_server::Refusal;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    sku: Option<String>,
    request: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    limit: Option<u32>,
    after: Option<String>,
}

impl Asked {
    fn about(&self) -> Result<About, Refusal> {
        match (&self.sku, &self.request) {
            (None, None) => Ok(About::All),
            (Some(sku), None) => Ok(About::Product(sku.clone())),
            (None, Some(name)) if is_name(name) => Ok(About::Known(name.clone())),
            (None, Some(_)) => Err(query::wrong(
                "a request has a name, or an id, of letters, digits, - and .",
            )),
            (Some(_), Some(_)) => Err(query::wrong("sku or request: name one of the two")),
        }
    }
}

/// Whether it may be the id of a request, or the name of an object.
fn is_name(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    !text.is_empty()
        && text.len() <= OBJECT_NAME_CHARACTERS_MAX as usize
        && text.chars().all(is_letter)
}

pub(super) async fn page(
    State(reading): State<Arc<Reading>>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let asked = query::read(asked)?;
    let about = asked.about()?;
    let rows = query::rows(asked.limit)?;
    let behind = query::begin(asked.after.as_deref(), asked.until)?;
    let since = asked.since.map_or(0, Timestamp::as_microsecond);
    let since = Time::from_micros(since);
    let _turn = reading.turn().await;
    let reading = reading.store.history(&about, since, &behind, rows + 1);
    let mut found = reading.await.map_err(|why| unreadable(&why))?;
    let next = query::cut(&mut found, rows, Archived::mark);
    let items: Vec<Value> = found.into_iter().map(item).collect();
    Ok(Json(json!({ "items": items, "next": next })))
}

fn item(archived: Archived) -> Value {
    let object = serde_json::from_str(&archived.object);
    json!({
        "requestId": archived.request_id.as_str(),
        "uid": archived.uid,
        "archivedAt": query::written(archived.archived_at),
        // What nobody here wrote is shown as it is.
        "object": object.unwrap_or(Value::String(archived.object)),
    })
}
