//! The objects of one kind as the watch tells of them, kept in memory.
//!
//! Each is kept as packed text and read when it is looked at, for two reasons. Ten thousand
//! of them must fit into few megabytes. And one that this version cannot read (a newer one
//! wrote it, and was rolled back) stays one object that cannot be read, where kube would
//! fail the whole list, and with it all work.

use crate::crd::factory::Factory;
use crate::crd::request::RestockRequest;
use crate::process::args::Area;
use futures::{Stream, StreamExt as _, stream};
use kube::api::ObjectMeta;
use kube::core::{NamespaceResourceScope, Resource};
use kube::runtime::reflector::{self, ObjectRef};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Client, ResourceExt as _};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

mod lookout;
mod merged;
mod packed;

use lookout::Lookout;
use merged::Merged;
use packed::Packed;

/// Server-side end of a watch, in seconds: below the idle limits of common load balancers
/// (AWS: 350 s), so that a connection that was dropped silently is noticed.
const WATCH_SECONDS: u32 = 200;

/// Objects of one page of a list. Each has up to 4 kB there, most of them about who wrote
/// which field: more of them would be most of this process's memory, if only for a moment.
const PAGE: u32 = 100;

/// What the watched kinds have in common.
pub trait Watched:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
    /// Text that most of the kept objects have in common; it costs nothing but memory where
    /// they have not.
    const USUAL: &str = "";

    /// Leaves out what nobody reads of the kept object. `rest` is all but its metadata.
    fn shorten(_rest: &mut Map<String, Value>) {}
}

impl Watched for Factory {}

impl Watched for RestockRequest {
    const USUAL: &str = include_str!("live/usual_request.json");

    /// Of the conditions only type, status and time are ever read again: the next status is
    /// written whole, and only needs to know since when each one holds.
    fn shorten(rest: &mut Map<String, Value>) {
        let status = rest.get_mut("status").and_then(Value::as_object_mut);
        let conditions = status.and_then(|status| status.get_mut("conditions")?.as_array_mut());
        for condition in conditions.into_iter().flatten() {
            if let Some(condition) = condition.as_object_mut() {
                let read = ["type", "status", "lastTransitionTime"];
                condition.retain(|key, _| read.contains(&&**key));
            }
        }
    }
}

/// One object: what names it, and the rest.
#[derive(Clone, Debug)]
pub struct Kept<K> {
    metadata: ObjectMeta,
    rest: Packed,
    kind: PhantomData<fn() -> K>,
}

#[derive(Deserialize)]
struct Whole {
    metadata: ObjectMeta,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl<K: Watched> Kept<K> {
    /// The object.
    ///
    /// # Errors
    /// In words for the log: this version does not know what is in it.
    pub fn read(&self) -> Result<K, String> {
        let object = serde_json::from_slice::<K>(&self.rest.text(K::USUAL)?);
        let mut object = object.map_err(|why| why.to_string())?;
        *object.meta_mut() = self.metadata.clone();
        Ok(object)
    }
}

impl<'de, K: Watched> Deserialize<'de> for Kept<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Whole { metadata, mut rest } = Whole::deserialize(deserializer)?;
        // The reader wants one; the real one is put in after it.
        rest.insert("metadata".to_owned(), Value::Object(Map::new()));
        K::shorten(&mut rest);
        let text = serde_json::to_vec(&rest).map_err(D::Error::custom)?;
        Ok(Self {
            metadata: names(metadata),
            rest: Packed::new(&text, K::USUAL),
            kind: PhantomData,
        })
    }
}

/// The metadata without what nothing decides by, which can be most of an object: who wrote
/// which field, and whatever people and their tools note on it.
fn names(metadata: ObjectMeta) -> ObjectMeta {
    ObjectMeta {
        annotations: None,
        finalizers: None,
        labels: None,
        managed_fields: None,
        owner_references: None,
        ..metadata
    }
}

impl<K: Watched> Resource for Kept<K> {
    type DynamicType = ();
    type Scope = K::Scope;

    fn kind(unit: &()) -> Cow<'_, str> {
        K::kind(unit)
    }

    fn group(unit: &()) -> Cow<'_, str> {
        K::group(unit)
    }

    fn version(unit: &()) -> Cow<'_, str> {
        K::version(unit)
    }

    fn plural(unit: &()) -> Cow<'_, str> {
        K::plural(unit)
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

/// All objects of one kind in the areas that are watched, or those that a selector names.
#[derive(Clone)]
pub struct Live<K: Watched> {
    objects: reflector::Store<Kept<K>>,
    lookouts: Arc<[Lookout]>,
}

impl<K: Watched> Live<K> {
    /// Watches the objects of these areas that the `fields` select. The stream must be
    /// followed; it brings every object that came, changed or went, of all areas alike.
    pub fn watch(
        client: &Client,
        areas: &[Area],
        fields: &str,
    ) -> (
        Self,
        impl Stream<Item = watcher::Event<Kept<K>>> + Send + 'static,
    ) {
        let config = watcher::Config::default()
            .timeout(WATCH_SECONDS)
            .page_size(PAGE)
            .fields(fields);
        let lookouts: Arc<[Lookout]> = areas.iter().cloned().map(Lookout::new).collect();
        let mut merged = Merged::new(lookouts.clone());
        let objects = merged.objects();
        let watches = areas.iter().enumerate().map(|(number, area)| {
            let watch = watcher(area.api::<Kept<K>>(client), config.clone()).default_backoff();
            watch.map(move |told| (number, told)).boxed()
        });
        let stream = stream::select_all(watches)
            .flat_map(move |(number, told)| stream::iter(merged.take(number, told)));
        (Self { objects, lookouts }, stream)
    }

    /// The store behind it, for kube's controller.
    pub fn store(&self) -> reflector::Store<Kept<K>> {
        self.objects.clone()
    }

    /// For how long everything in the namespace has been known; none before its first
    /// complete list.
    pub fn known_for(&self, namespace: &str) -> Option<Duration> {
        let mut lookouts = self.lookouts.iter();
        let lookout = lookouts.find(|lookout| lookout.area.has(namespace))?;
        lookout.known_for()
    }

    /// The areas that are known.
    pub fn known(&self) -> Vec<Area> {
        let known = |lookout: &&Lookout| lookout.known_for().is_some();
        let known = self.lookouts.iter().filter(known);
        known.map(|lookout| lookout.area.clone()).collect()
    }

    /// Those that are not, and what is in the way, in words for people.
    pub fn unknown(&self) -> Vec<String> {
        let unknown = self.lookouts.iter().filter_map(Lookout::unknown);
        unknown
            .map(|why| format!("{} in {why}", K::plural(&())))
            .collect()
    }

    /// The object of this name and uid, readable or not.
    pub fn get(&self, namespace: &str, name: &str, uid: &str) -> Option<Arc<Kept<K>>> {
        let object = self.objects.get(&ObjectRef::new(name).within(namespace))?;
        (object.uid().as_deref() == Some(uid)).then_some(object)
    }

    /// The object of this uid, if there is one that can be read.
    pub fn find(&self, uid: &str) -> Option<K> {
        let found = self
            .objects
            .find(|object| object.uid().as_deref() == Some(uid))?;
        found.read().ok()
    }

    /// What is wanted of those that can be read, in this namespace or in all. Reads them
    /// one at a time: all at once they would be many times what is kept of them.
    pub fn select<T>(&self, namespace: Option<&str>, wanted: impl Fn(K) -> Option<T>) -> Vec<T> {
        let all = self.inside(namespace);
        let readable = all.iter().filter_map(|object| object.read().ok());
        readable.filter_map(wanted).collect()
    }

    /// The metadata of those in this namespace that cannot be read.
    pub fn unreadable(&self, namespace: &str) -> Vec<ObjectMeta> {
        let all = self.inside(Some(namespace));
        let unreadable = all.iter().filter(|object| object.read().is_err());
        unreadable.map(|object| object.metadata.clone()).collect()
    }

    fn inside(&self, namespace: Option<&str>) -> Vec<Arc<Kept<K>>> {
        let is_inside = |own: Option<&str>| namespace.is_none() || own == namespace;
        self.objects
            .state_filter(|object| is_inside(object.metadata.namespace.as_deref()))
    }

    /// The uids of all, readable or not.
    pub fn uids(&self) -> HashSet<String> {
        let all = self.objects.state();
        all.iter().filter_map(|object| object.uid()).collect()
    }

    /// How many there are in this namespace or in all, readable or not.
    pub fn count(&self, namespace: Option<&str>) -> usize {
        self.inside(namespace).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crd::request::to_progress;
    use crate::crd::status::RestockRequestStatus;
    use crate::domain::progress::{Phase, Progress, Reason};
    use crate::domain::time::Time;
    use serde_json::json;

    fn kept(reason: &str) -> Kept<RestockRequest> {
        let object = json!({
            "apiVersion": "restock.dev/v1alpha1", "kind": "RestockRequest",
            "metadata": { "name": "a", "uid": "1", "managedFields": [{ "manager": "b" }] },
            "spec": { "productId": "donut" },
            "status": {
                "phase": "Pending", "reason": reason, "observedGeneration": 1,
                "conditions": [{
                    "type": "Ready", "status": "Unknown", "reason": reason, "message": "long",
                    "lastTransitionTime": "2026-01-01T00:00:00Z",
                }],
            },
        });
        serde_json::from_value(object).expect("every object with metadata is kept")
    }

    #[test]
    fn what_is_kept_reads_as_what_came() {
        let read = kept("Suspended").read().expect("a reason of ours");
        assert_eq!(read.name_any(), "a");
        assert!(read.managed_fields().is_empty());
        let progress = to_progress(&read).expect("a status of ours");
        assert_eq!(
            (progress.phase, progress.reason),
            (Phase::Pending, Reason::Suspended)
        );
        let condition = &read.status.expect("it has one").conditions[0];
        assert_eq!(
            (&*condition.type_, &*condition.status),
            ("Ready", "Unknown")
        );
        assert_eq!(
            condition.last_transition_time.0.to_string(),
            "2026-01-01T00:00:00Z"
        );
    }

    #[test]
    fn most_of_a_usual_request_is_kept_once_for_all() {
        let source = json!({
            "kind": "Topic", "arn": "arn:aws:sns:eu-central-1:123456789012:out-of-stock",
            "eventId": "evt-20261126-000017", "identity": "EventId",
            "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "messageId": "5b1f0a53-65a0-4f6c-8f0e-2f9d7f3f6f3c",
            "sentAt": "2026-11-26T10:11:12.345678Z",
        });
        let progress = Progress {
            message: "The factory has the order; its callback is awaited.".to_owned(),
            ..Progress::default()
        };
        let now = Time::from_micros(1_790_000_000_000_000);
        let status = RestockRequestStatus::record(&progress, 1, now, &Default::default());
        let object = json!({
            "apiVersion": "restock.dev/v1alpha1", "kind": "RestockRequest",
            "metadata": { "name": "rr-abcdefghij2345672345", "uid": "1", "labels": { "a": "b" } },
            "spec": { "productId": "donut-glazed", "quantity": 40, "source": source },
            "status": status,
        });
        let kept: Kept<RestockRequest> = serde_json::from_value(object).expect("it has metadata");
        assert_eq!(kept.metadata.labels, None);
        let text = kept
            .rest
            .text(RestockRequest::USUAL)
            .expect("packed with it");
        let bytes = kept.rest.bytes();
        assert!(bytes * 2 < text.len(), "{bytes} bytes of {}", text.len());
    }

    #[test]
    fn a_factory_is_kept_whole_for_its_status_is_compared() {
        let condition = json!({
            "type": "Ready", "status": "True", "reason": "Ready", "message": "Orders can be sent.",
            "observedGeneration": 1, "lastTransitionTime": "2026-01-01T00:00:00Z",
        });
        let object = json!({
            "apiVersion": "restock.dev/v1alpha1", "kind": "Factory",
            "metadata": { "name": "a", "uid": "1" },
            "spec": { "url": "http://127.0.0.1/" },
            "status": { "conditions": [condition] },
        });
        let kept: Kept<Factory> = serde_json::from_value(object).expect("it has metadata");
        let status = kept.read().expect("a Factory").status.expect("it has one");
        let read = serde_json::to_value(&status.conditions[0]).expect("JSON");
        assert_eq!(read, condition);
    }

    #[test]
    fn a_word_of_tomorrow_makes_one_object_unreadable() {
        let kept = kept("WordOfTomorrow");
        assert_eq!(kept.name_any(), "a");
        let why = kept.read().expect_err("no reason of ours");
        assert!(why.contains("WordOfTomorrow"), "{why}");
    }
}
