//! Several watches of one kind as one: what each tells goes into one store.
//!
//! kube's store takes the end of a list for the end of all that is not on it, and with
//! several watches the list of one would wipe out what the others have told. So the end of
//! a list is taken apart here: what its own area had, and the list has not, is deleted.

use super::lookout::Lookout;
use super::{Kept, Watched};
use crate::process::args::Area;
use kube::ResourceExt as _;
use kube::runtime::reflector::{Store, store::Writer};
use kube::runtime::watcher::{Error, Event};
use std::collections::HashSet;
use std::sync::Arc;

/// The events of several watches on their way into one store.
pub(super) struct Merged<K: Watched> {
    objects: Store<Kept<K>>,
    writer: Writer<Kept<K>>,
    lookouts: Arc<[Lookout]>,
    /// For each watch the uids of the list that it is reading; none where the area has
    /// nothing yet that could be missing from the list: usually that is the first one.
    lists: Vec<Option<HashSet<String>>>,
}

impl<K: Watched> Merged<K> {
    /// The watches of these lookouts, by their places among them.
    pub(super) fn new(lookouts: Arc<[Lookout]>) -> Self {
        let mut writer = Writer::<Kept<K>>::default();
        // Ready at once, and empty: whether an area is known is asked of its lookout, and an
        // area that never will be must not hold up the others.
        writer.apply_watcher_event(&Event::Init);
        writer.apply_watcher_event(&Event::InitDone);
        Self {
            objects: writer.as_reader(),
            writer,
            lists: lookouts.iter().map(|_| None).collect(),
            lookouts,
        }
    }

    /// The store that they fill.
    pub(super) fn objects(&self) -> Store<Kept<K>> {
        self.objects.clone()
    }

    /// Takes what a watch tells; what has changed by it: objects that are there, and objects
    /// that are gone.
    pub(super) fn take(
        &mut self,
        watch: usize,
        told: Result<Event<Kept<K>>, Error>,
    ) -> Vec<Event<Kept<K>>> {
        let event = match told {
            Ok(event) => event,
            Err(error) => {
                self.lookouts[watch].failed::<K>(error);
                return Vec::new();
            }
        };
        let ends_a_list = matches!(event, Event::InitDone);
        // The beginning of a list is said before it is asked for.
        if !matches!(event, Event::Init) {
            self.lookouts[watch].answered();
        }
        let changes = self.changes(watch, event);
        for change in &changes {
            self.writer.apply_watcher_event(change);
        }
        // After the changes: who finds the area known finds all of it.
        if ends_a_list {
            self.lookouts[watch].listed();
        }
        changes
    }

    fn changes(&mut self, watch: usize, event: Event<Kept<K>>) -> Vec<Event<Kept<K>>> {
        match event {
            Event::Init => {
                let area = &self.lookouts[watch].area;
                let has_some = self.objects.find(|object| is_in(area, object)).is_some();
                self.lists[watch] = has_some.then(HashSet::new);
                Vec::new()
            }
            Event::InitApply(object) => {
                if let Some(list) = &mut self.lists[watch] {
                    list.extend(object.uid());
                }
                vec![Event::Apply(object)]
            }
            Event::InitDone => {
                let list = self.lists[watch].take();
                list.map_or(Vec::new(), |list| self.gone(watch, &list))
            }
            change @ (Event::Apply(_) | Event::Delete(_)) => vec![change],
        }
    }

    /// What the area had, and its new list has not.
    fn gone(&self, watch: usize, list: &HashSet<String>) -> Vec<Event<Kept<K>>> {
        let area = &self.lookouts[watch].area;
        let gone = self.objects.state_filter(|object| {
            let uid = object.metadata.uid.as_deref().unwrap_or_default();
            is_in(area, object) && !list.contains(uid)
        });
        let delete = |object: Arc<Kept<K>>| Event::Delete(Kept::clone(&object));
        gone.into_iter().map(delete).collect()
    }
}

fn is_in<K: Watched>(area: &Area, object: &Kept<K>) -> bool {
    area.has(object.metadata.namespace.as_deref().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crd::factory::Factory;
    use kube::core::Status;
    use serde_json::json;

    fn merged() -> Merged<Factory> {
        let area = |name: &str| Lookout::new(Area::Namespace(name.to_owned()));
        Merged::new(["a", "b"].map(area).into())
    }

    /// Its uid is that of no other: the namespace and the number of the list.
    fn object(namespace: &str, name: &str, uid: &str) -> Kept<Factory> {
        let metadata = json!({ "namespace": namespace, "name": name, "uid": uid });
        serde_json::from_value(json!({ "metadata": metadata })).unwrap()
    }

    fn list(merged: &mut Merged<Factory>, watch: usize, objects: Vec<Kept<Factory>>) -> Vec<bool> {
        let listed = objects.into_iter().map(Event::InitApply);
        let events: Vec<_> = [Event::Init].into_iter().chain(listed).collect();
        let events = events.into_iter().chain([Event::InitDone]);
        let told: Vec<_> = events
            .flat_map(|event| merged.take(watch, Ok(event)))
            .collect();
        let is_there = |change| matches!(change, Event::Apply(_));
        told.into_iter().map(is_there).collect()
    }

    fn uids(merged: &Merged<Factory>) -> Vec<String> {
        let all = merged.objects.state();
        let mut uids: Vec<_> = all.iter().filter_map(|object| object.uid()).collect();
        uids.sort();
        uids
    }

    #[test]
    fn the_list_of_one_area_leaves_the_objects_of_another() {
        let mut merged = merged();
        list(
            &mut merged,
            0,
            vec![object("a", "same", "a1"), object("a", "x", "a2")],
        );
        assert_eq!(uids(&merged), ["a1", "a2"]);
        list(&mut merged, 1, vec![object("b", "same", "b1")]);
        assert_eq!(uids(&merged), ["a1", "a2", "b1"]);
        // A watch that was away reads a list again: one object went meanwhile, one came anew.
        let changes = list(&mut merged, 0, vec![object("a", "same", "a3")]);
        assert_eq!(changes, [true, false], "a change and a deletion are told");
        assert_eq!(uids(&merged), ["a3", "b1"]);
        list(&mut merged, 1, Vec::new());
        assert_eq!(uids(&merged), ["a3"]);
    }

    #[test]
    fn an_area_is_known_by_its_own_list() {
        let mut merged = merged();
        let known = |merged: &Merged<Factory>| {
            let known = |lookout: &Lookout| lookout.known_for().is_some();
            merged.lookouts.iter().map(known).collect::<Vec<_>>()
        };
        merged.take(0, Ok(Event::Init));
        merged.take(0, Ok(Event::InitApply(object("a", "x", "a1"))));
        assert_eq!(known(&merged), [false, false], "half a list is none");
        merged.take(0, Ok(Event::InitDone));
        assert_eq!(known(&merged), [true, false]);
        merged.take(1, Ok(Event::Apply(object("b", "x", "b1"))));
        assert_eq!(known(&merged), [true, false]);
    }

    #[test]
    fn a_list_that_breaks_off_begins_anew() {
        let mut merged = merged();
        list(&mut merged, 0, vec![object("a", "x", "a1")]);
        merged.take(0, Ok(Event::Init));
        merged.take(0, Ok(Event::InitApply(object("a", "x", "a1"))));
        list(&mut merged, 0, Vec::new());
        assert_eq!(uids(&merged), Vec::<String>::new());
    }

    #[test]
    fn what_a_first_list_that_broke_off_had_is_deleted_too() {
        let mut merged = merged();
        merged.take(0, Ok(Event::Init));
        merged.take(0, Ok(Event::InitApply(object("a", "x", "a1"))));
        list(&mut merged, 0, vec![object("a", "y", "a2")]);
        assert_eq!(uids(&merged), ["a2"]);
    }

    #[test]
    fn what_is_in_the_way_is_said_by_area_until_the_area_is_known() {
        let mut merged = merged();
        let forbidden = Status {
            message: "factories is forbidden".to_owned(),
            ..Status::default()
        };
        let error = kube::Error::Api(Box::new(forbidden));
        merged.take(1, Err(Error::InitialListFailed(error)));
        let unknown = |merged: &Merged<Factory>| {
            let lookouts = merged.lookouts.iter();
            lookouts.map(Lookout::unknown).collect::<Vec<_>>()
        };
        let said = unknown(&merged);
        assert_eq!(said[0].as_deref(), Some("a: not listed yet"));
        let why = said[1].as_deref().unwrap();
        assert!(
            why.starts_with("b: ") && why.contains("factories is forbidden"),
            "{why}"
        );
        list(&mut merged, 1, Vec::new());
        assert_eq!(unknown(&merged)[1], None);
    }

    #[test]
    fn a_right_that_is_taken_away_later_is_said_until_something_comes_again() {
        let mut merged = merged();
        list(&mut merged, 0, Vec::new());
        let fail = |merged: &mut Merged<Factory>, code| {
            let status = Status {
                code,
                message: "factories is forbidden".to_owned(),
                ..Status::default()
            };
            let error = kube::Error::Api(Box::new(status));
            merged.take(0, Err(Error::WatchStartFailed(error)));
        };
        fail(&mut merged, 503);
        assert_eq!(merged.lookouts[0].unknown(), None, "an outage goes by");
        fail(&mut merged, 403);
        merged.take(0, Ok(Event::Init));
        let why = merged.lookouts[0].unknown().unwrap();
        assert!(why.contains("bind the controller's Role there"), "{why}");
        merged.take(0, Ok(Event::Apply(object("a", "x", "a1"))));
        assert_eq!(merged.lookouts[0].unknown(), None);
    }
}
