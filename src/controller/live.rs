//! The objects of one kind as the watch tells of them, kept in memory.
//!
//! An object that this version cannot read (a newer one wrote it, and was rolled back)
//! stays one object that cannot be read: without the guard it would end the whole list,
//! and with it all work.

use futures::{FutureExt as _, Stream};
use kube::api::Api;
use kube::core::{DeserializeGuard, Resource};
use kube::runtime::reflector::{self, ObjectRef};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Client, ResourceExt as _};
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

/// Server-side end of a watch, in seconds: below the idle limits of common load balancers
/// (AWS: 350 s), so that a connection that was dropped silently is noticed.
const WATCH_SECONDS: u32 = 200;

/// How soon the first complete list is noticed.
const READY_PAUSE: Duration = Duration::from_millis(100);

/// An object, or why it cannot be read.
pub type Guarded<K> = DeserializeGuard<K>;

/// What is kept of each object: all but who wrote which field, which nothing decides by
/// and which is half of it.
#[derive(Clone)]
pub struct Live<K: Resource<DynamicType = ()> + 'static>(reflector::Store<Guarded<K>>);

impl<K> Live<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    K: Resource<Scope = kube::core::NamespaceResourceScope>,
{
    /// Watches the objects of the namespace that these `fields` select. The stream must
    /// be followed; it brings every object that changed.
    pub fn watch(
        client: &Client,
        namespace: &str,
        fields: &str,
    ) -> (
        Self,
        impl Stream<Item = Result<Guarded<K>, watcher::Error>> + Send + 'static,
    ) {
        let api: Api<Guarded<K>> = Api::namespaced(client.clone(), namespace);
        let config = watcher::Config::default()
            .timeout(WATCH_SECONDS)
            .fields(fields);
        let (store, writer) = reflector::store();
        let stream = watcher(api, config)
            .default_backoff()
            .modify(|object| object.managed_fields_mut().clear())
            .reflect(writer)
            .applied_objects();
        (Self(store), stream)
    }

    /// The store behind it, for kube's controller.
    pub fn store(&self) -> reflector::Store<Guarded<K>> {
        self.0.clone()
    }

    /// Waits for the first complete list.
    ///
    /// Asked again and again: of several who wait for a store, kube 5.0 wakes only the one
    /// that asked last, and its controller waits for this one too.
    pub async fn wait_until_known(&self) {
        while self.0.wait_until_ready().now_or_never().is_none() {
            tokio::time::sleep(READY_PAUSE).await;
        }
    }

    /// The object of this name and uid, readable or not.
    pub fn get(&self, namespace: &str, name: &str, uid: &str) -> Option<Arc<Guarded<K>>> {
        let object = self.0.get(&ObjectRef::new(name).within(namespace))?;
        (object.uid().as_deref() == Some(uid)).then_some(object)
    }

    /// Copies of those that can be read and are wanted.
    pub fn select(&self, wanted: impl Fn(&K) -> bool) -> Vec<K> {
        let all = self.0.state();
        let readable = all.iter().filter_map(|object| object.0.as_ref().ok());
        readable.filter(|object| wanted(object)).cloned().collect()
    }

    /// How many there are, readable or not.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}
