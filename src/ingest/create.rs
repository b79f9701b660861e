//! One request is created, or it is known why not, and whose fault that is.

use crate::crd::request::RestockRequest;
use crate::edge::cluster::{self, ClusterError};
use crate::intake;
use crate::process::clock;
use futures::future::join_all;
use kube::core::DynamicObject;
use kube::{Api, Client, CustomResourceExt as _, ResourceExt as _};

/// Rounds of create and get for one name. More than one is needed only when an object
/// is deleted between the two; then the message is held and tried again later.
const ROUNDS_MAX: u32 = 3;

/// What came of creating the request of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Created {
    /// It is stored now.
    New,
    /// It was stored before.
    Already,
    /// Another order has its identity: one of the two messages lies.
    Conflict(String),
    /// The server refuses this object, and would take another one.
    Invalid(String),
    /// Not now, through no fault of the message.
    NotNow(String),
}

impl Created {
    /// For traces.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::New => "Created",
            Self::Already => "Exists",
            Self::Conflict(_) => "Conflict",
            Self::Invalid(_) => "Invalid",
            Self::NotNow(_) => "NotNow",
        }
    }
}

/// Where requests are created.
#[derive(Clone)]
pub(super) struct Creator {
    /// The requests of one namespace.
    pub(super) api: Api<RestockRequest>,
    /// The same, as they are stored. A status is the controller's: one with a word of a
    /// newer version must not keep a message from being known again.
    stored: Api<DynamicObject>,
    /// The ARN of the queue that is read.
    pub(super) queue_arn: String,
}

impl Creator {
    pub(super) fn new(client: Client, namespace: &str, queue_arn: String) -> Self {
        let resource = RestockRequest::api_resource();
        Self {
            api: Api::namespaced(client.clone(), namespace),
            stored: Api::namespaced_with(client, namespace, &resource),
            queue_arn,
        }
    }

    /// Creates the request. To be repeated at will: its name is its identity.
    pub(super) async fn create(&self, wanted: &RestockRequest) -> Created {
        for _ in 0..ROUNDS_MAX {
            match cluster::create(&self.api, wanted, false).await {
                Ok(_) => return Created::New,
                Err(ClusterError::Exists(_)) => {}
                Err(ClusterError::Refused(why)) => return self.whose_fault(why).await,
                Err(other) => return Created::NotNow(other.to_string()),
            }
            match cluster::get(&self.stored, &wanted.name_any()).await {
                Ok(Some(existing)) => {
                    let met = intake::compare(&existing, wanted);
                    return met.map_or_else(Created::Conflict, |()| Created::Already);
                }
                // Deleted in between: the name is free again.
                Ok(None) => {}
                Err(why) => return Created::NotNow(why.to_string()),
            }
        }
        Created::NotNow("it exists for a create, but not for a get".to_owned())
    }

    /// A refusal can come from a missing right, a quota or a broken webhook as well as
    /// from the object: only if the server would take a good one is it the message's.
    async fn whose_fault(&self, why: String) -> Created {
        match self.probe().await {
            Ok(()) => Created::Invalid(why),
            Err(cluster) => Created::NotNow(cluster.to_string()),
        }
    }

    /// For each of these whether it is the server's trouble and no other is. Both questions
    /// are dry runs: where only what is stored fails, as on a full disk, no message is at
    /// fault. The known good one comes last: it must pass when the others have failed.
    pub(super) async fn at_fault(
        &self,
        requests: impl Iterator<Item = &RestockRequest>,
    ) -> Vec<bool> {
        let fails = async |request| match cluster::create(&self.api, request, true).await {
            Ok(_) | Err(ClusterError::Exists(_)) => false,
            Err(_) => true,
        };
        let mut failed = join_all(requests.map(fails)).await;
        if self.probe().await.is_err() {
            failed.fill(false);
        }
        failed
    }

    /// Whether a request could be created now.
    ///
    /// # Errors
    /// Why not.
    pub(super) async fn probe(&self) -> Result<(), ClusterError> {
        let good = intake::known_good(&self.queue_arn, clock::now());
        match cluster::create(&self.api, &good, true).await {
            Ok(_) | Err(ClusterError::Exists(_)) => Ok(()),
            Err(why) => Err(why),
        }
    }
}
