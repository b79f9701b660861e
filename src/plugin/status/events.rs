//! The Events of a request. They are for people who look soon: the API server forgets them
//! after an hour.

use super::story::{CONTROLLER, Entry};
use crate::domain::message::plain_text;
use crate::edge::cluster::{self, FIELD_MANAGER};
use crate::plugin::target::Place;
use crate::plugin::view::{View, moment};
use k8s_openapi::api::core::v1::Event;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};

/// Events read: the operator files one for each end, and others file few.
const EVENTS_MAX: u32 = 50;

/// Most characters of one note: the API takes no more bytes.
const NOTE_CHARACTERS_MAX: usize = 1_024;

/// They may be a right of their own: a story without them is still one.
pub(super) async fn of(place: &Place, namespace: &str, view: &View) -> Result<Vec<Entry>, String> {
    let events: Api<Event> = Api::namespaced(place.client.clone(), namespace);
    let uid = view.object.uid().unwrap_or_default();
    let parameters = ListParams::default()
        .fields(&format!("involvedObject.uid={uid}"))
        .limit(EVENTS_MAX);
    let found = cluster::select(&events, &parameters).await;
    let found = found.map_err(|why| format!("Its Events cannot be read: {why}"))?;
    Ok(found.iter().filter_map(entry).collect())
}

fn entry(event: &Event) -> Option<Entry> {
    let series = event.series.as_ref();
    let at = series
        .and_then(|series| series.last_observed_time.as_ref())
        .or(event.event_time.as_ref())
        .map(|at| at.0)
        .or_else(|| event.last_timestamp.as_ref().map(|at| at.0))?;
    let source = event
        .source
        .as_ref()
        .and_then(|from| from.component.clone());
    let who = event
        .reporting_component
        .clone()
        .filter(|name| !name.is_empty());
    let text =
        |text: Option<&String>| plain_text(text.map_or("", String::as_str), NOTE_CHARACTERS_MAX);
    let who = plain_text(&who.or(source).unwrap_or_default(), NOTE_CHARACTERS_MAX);
    let (type_, reason) = (text(event.type_.as_ref()), text(event.reason.as_ref()));
    Some(Entry {
        at: moment(at),
        // The controller files its Events under the name of the whole.
        who: match who.as_str() {
            FIELD_MANAGER => CONTROLLER.to_owned(),
            _ => who,
        },
        what: format!("Event {type_} {reason}: {}", text(event.message.as_ref())),
    })
}
