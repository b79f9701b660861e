//! The Factories: which there are for the requests of a namespace, and how each is reached.

use crate::controller::live::Live;
use crate::crd::factory::Factory;
use crate::domain::order::FactoryKey;
use crate::domain::policy::Policy;
use crate::domain::resolve::{Candidate, ambiguous};
use crate::edge::factory::{AllowList, FactoryClient, Target, TargetError};
use kube::ResourceExt as _;
use kube::api::ObjectMeta;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A client, or why there is none, for one generation of a Factory's spec.
type Built = (i64, Result<FactoryClient, TargetError>);

/// All Factories, from the watch.
pub(super) struct Destinations {
    factories: Live<Factory>,
    allow: AllowList,
    headers: PathBuf,
    clients: Mutex<HashMap<String, Built>>,
}

impl Destinations {
    /// Destinations that the watch behind `factories` fills.
    pub(super) fn new(factories: Live<Factory>, allow: AllowList, headers: PathBuf) -> Self {
        Self {
            factories,
            allow,
            headers,
            clients: Mutex::default(),
        }
    }

    /// For how long all Factories of the namespace have been known: before that, none means
    /// nothing.
    pub(super) fn known_for(&self, namespace: &str) -> Duration {
        self.factories.known_for(namespace).unwrap_or_default()
    }

    /// Where they are not known, in words for people.
    pub(super) fn unknown(&self) -> Vec<String> {
        self.factories.unknown()
    }

    /// The Factories of the namespace, as the choice of its requests sees them: another's
    /// are as good as none.
    pub(super) fn candidates(&self, namespace: &str) -> Vec<Candidate> {
        let unreadable = self.factories.unreadable(namespace);
        let readable = self.factories.select(Some(namespace), Some);
        let readable = readable.iter().map(|factory| self.candidate(factory));
        readable
            .chain(unreadable.into_iter().map(unreadable_candidate))
            .collect()
    }

    /// Those of the namespace that share an id or the default with another one there.
    pub(super) fn ambiguous(&self, namespace: &str) -> Vec<FactoryKey> {
        let candidates = self.candidates(namespace);
        ambiguous(&candidates).into_iter().cloned().collect()
    }

    /// The Factories that can be read, of those areas where all are known:
    /// before that, one could look ambiguous or not by chance.
    pub(super) fn known(&self) -> Vec<Factory> {
        let known = |factory: Factory| {
            let namespace = factory.metadata.namespace.as_deref().unwrap_or_default();
            self.factories.known_for(namespace)?;
            Some(factory)
        };
        self.factories.select(None, known)
    }

    /// The object of this key, if it still is the same one.
    pub(super) fn find(&self, key: &FactoryKey) -> Option<Factory> {
        let found = self.factories.find(&key.uid)?;
        (found.key() == *key).then_some(found)
    }

    /// The limits for requests at this Factory; the defaults where there is none.
    pub(super) fn policy(&self, key: Option<&FactoryKey>) -> Policy {
        let factory = key.and_then(|key| self.find(key));
        factory.map_or_else(Policy::default, |factory| factory.spec.policy())
    }

    /// The client that reaches the Factory.
    ///
    /// # Errors
    /// In words: it is gone, or its settings cannot be used.
    pub(super) fn client(&self, key: &FactoryKey) -> Result<FactoryClient, String> {
        let factory = self
            .find(key)
            .ok_or_else(|| format!("Factory {} is gone", key.name))?;
        self.reach(&factory).map_err(|error| error.to_string())
    }

    /// Builds the client of the present spec once. What failed is tried again at every
    /// look: the mounted headers can appear, and go, without any change of the object.
    pub(super) fn reach(&self, factory: &Factory) -> Result<FactoryClient, TargetError> {
        let uid = factory.uid().unwrap_or_default();
        let generation = factory.metadata.generation.unwrap_or_default();
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((built_from, Ok(client))) = clients.get(&uid)
            && *built_from == generation
        {
            return client.check().map(|()| client.clone());
        }
        // Only what exists is kept: deleted Factories must not pile up.
        let uids = self.factories.uids();
        clients.retain(|known, _| uids.contains(known));
        let built = FactoryClient::new(&self.target(factory), &self.allow);
        clients.insert(uid, (generation, built.clone()));
        built
    }

    fn target(&self, factory: &Factory) -> Target {
        let spec = &factory.spec;
        Target {
            url: spec.url.clone(),
            connect_timeout: spec.connect_timeout.duration(),
            total_timeout: spec.total_timeout.duration(),
            headers: spec
                .headers_from
                .as_ref()
                .map(|from| self.headers.join(&from.secret_name)),
            allow_insecure: spec.allow_insecure,
        }
    }

    fn candidate(&self, factory: &Factory) -> Candidate {
        let spec = &factory.spec;
        let closed = match spec.suspend {
            true => Some("it is suspended".to_owned()),
            false => self.reach(factory).err().map(|error| error.to_string()),
        };
        factory.candidate(closed)
    }
}

/// One that a newer version wrote. It is there, so its requests wait for it; which ids it
/// serves cannot be told.
fn unreadable_candidate(metadata: ObjectMeta) -> Candidate {
    Candidate {
        key: FactoryKey {
            name: metadata.name.unwrap_or_default(),
            uid: metadata.uid.unwrap_or_default(),
        },
        factory_ids: Vec::new(),
        default: false,
        default_quantity: None,
        max_quantity: 0,
        closed: Some("this version cannot read it".to_owned()),
    }
}
