//! A Factory as the choice of where to order sees it.

use super::Factory;
use crate::domain::order::{FactoryKey, Quantity};
use crate::domain::resolve::Candidate;
use kube::ResourceExt as _;

impl Factory {
    /// Its name and uid.
    pub fn key(&self) -> FactoryKey {
        FactoryKey {
            name: self.name_any(),
            uid: self.uid().unwrap_or_default(),
        }
    }

    /// What the choice depends on. `closed` says why no order can go there now.
    pub fn candidate(&self, closed: Option<String>) -> Candidate {
        let spec = &self.spec;
        Candidate {
            key: self.key(),
            factory_ids: spec.factory_ids.clone(),
            default: spec.default,
            // The schema bounds it: a value outside is as good as none.
            default_quantity: spec
                .default_quantity
                .and_then(|count| Quantity::new(count).ok()),
            max_quantity: spec.max_quantity,
            closed,
        }
    }
}
