//! One request is created, or it is known why not, and whose fault that is.

use super::order;
use crate::crd::request::RestockRequest;
use crate::edge::cluster::{self, ClusterError};
use crate::process::clock;
use kube::{Api, ResourceExt};

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
    /// The ARN of the queue that is read.
    pub(super) queue_arn: String,
}

impl Creator {
    /// Creates the request. To be repeated at will: its name is its identity.
    pub(super) async fn create(&self, wanted: &RestockRequest) -> Created {
        for _ in 0..ROUNDS_MAX {
            match cluster::create(&self.api, wanted, false).await {
                Ok(_) => return Created::New,
                Err(ClusterError::Exists(_)) => {}
                Err(ClusterError::Refused(why)) => return self.whose_fault(why).await,
                Err(other) => return Created::NotNow(other.to_string()),
            }
            match cluster::get(&self.api, &wanted.name_any()).await {
                Ok(Some(existing)) if order::is_same(&existing, wanted) => return Created::Already,
                Ok(Some(existing)) => return Created::Conflict(conflict(&existing, wanted)),
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

    /// Whether a request could be created now.
    ///
    /// # Errors
    /// Why not.
    pub(super) async fn probe(&self) -> Result<(), ClusterError> {
        let good = order::known_good(&self.queue_arn, clock::now());
        match cluster::create(&self.api, &good, true).await {
            Ok(_) | Err(ClusterError::Exists(_)) => Ok(()),
            Err(why) => Err(why),
        }
    }
}

fn conflict(existing: &RestockRequest, wanted: &RestockRequest) -> String {
    let order = |object: &RestockRequest| {
        let quantity = object
            .spec
            .quantity
            .map_or("no quantity".to_owned(), |n| n.to_string());
        format!("{} of {}", quantity, object.spec.product_id)
    };
    format!(
        "identity conflict: {} exists and asks for {}, this message asks for {}",
        wanted.name_any(),
        order(existing),
        order(wanted)
    )
}
