//! What a release says of itself in ConfigMaps, for people who may read these.

use super::failure::Failure;
use super::target::Place;
use crate::edge::cluster;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};

/// What the chart calls them, by their labels.
const OF_RELEASES: &str =
    "app.kubernetes.io/name=restock-operator,app.kubernetes.io/component in (mapping,queues)";
const COMPONENT: &str = "app.kubernetes.io/component";
const INSTANCE: &str = "app.kubernetes.io/instance";

/// Objects read at most: a namespace has one release, or a handful.
const OBJECTS_MAX: u32 = 100;

/// One ConfigMap of a release.
pub(super) struct Said(ConfigMap);

impl Said {
    /// The release.
    pub(super) fn instance(&self) -> &str {
        self.0.labels().get(INSTANCE).map_or("", String::as_str)
    }

    /// A text that is not empty.
    pub(super) fn entry(&self, key: &str) -> Option<String> {
        let text = self.0.data.as_ref()?.get(key)?;
        (!text.is_empty()).then(|| text.clone())
    }

    fn is(&self, component: &str) -> bool {
        self.0.labels().get(COMPONENT).map(String::as_str) == Some(component)
    }
}

/// Those of all releases in a namespace.
pub(super) struct Releases {
    /// Where they are.
    pub(super) namespace: String,
    said: Vec<Said>,
}

impl Releases {
    /// Those in the namespace of this place.
    ///
    /// # Errors
    /// If the place is no single namespace, or it cannot be read there.
    pub(super) async fn at(place: &Place) -> Result<Self, Failure> {
        let namespace = place.namespace.clone().ok_or_else(|| {
            let next = "Name the namespace of the release with -n instead of -A.";
            Failure::usage("a release is in one namespace", next)
        })?;
        let api: Api<ConfigMap> = Api::namespaced(place.client.clone(), &namespace);
        let parameters = ListParams::default().labels(OF_RELEASES).limit(OBJECTS_MAX);
        let found = cluster::select(&api, &parameters).await;
        let doing = format!("list configmaps in namespace {namespace}");
        let found = found.map_err(|why| Failure::of_cluster(&doing, &why))?;
        Ok(Self {
            namespace,
            said: found.items.into_iter().map(Said).collect(),
        })
    }

    /// Which queues they have.
    pub(super) fn queues(&self) -> Vec<&Said> {
        self.of("queues").collect()
    }

    /// Mappings of their own.
    pub(super) fn mappings(&self) -> Vec<(&Said, String)> {
        let mappings = self.of("mapping");
        let mappings = mappings.filter_map(|said| Some((said, said.entry("mapping.yaml")?)));
        mappings.collect()
    }

    /// Whether there is more than one.
    pub(super) fn are_several(&self) -> bool {
        let mut instances = self.said.iter().map(Said::instance);
        let first = instances.next();
        instances.any(|one| Some(one) != first)
    }

    fn of(&self, component: &str) -> impl Iterator<Item = &Said> {
        self.said.iter().filter(move |said| said.is(component))
    }
}
