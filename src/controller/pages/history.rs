//! `GET /v1/history`: what became of requests, also of those whose objects are gone.

use super::{Reading, query, unreadable};
use crate::domain::order::RequestId;
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
            (None, Some(id)) => match RequestId::parse(id) {
                Ok(id) => Ok(About::Request(id)),
                Err(why) => Err(query::wrong(why.to_string())),
            },
            (Some(_), Some(_)) => Err(query::wrong("sku or request: name one of the two")),
        }
    }
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
