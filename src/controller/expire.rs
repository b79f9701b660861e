//! Deletes requests some time after they are finished, and shows which of them somebody
//! edited. What they were stays in the ledger.
//!
//! Finished objects are in no watch and no memory: they are listed, without their content,
//! page by page.

use crate::controller::words::Edits;
use crate::crd::request::RestockRequest;
use crate::crd::time::from_second_time;
use crate::crd::words::Phase;
use crate::domain::time::Time;
use crate::edge::cluster::{self, ClusterError};
use crate::process::args::Area;
use crate::process::clock;
use crate::process::health::Pulse;
use futures::{StreamExt as _, stream};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Client;
use kube::api::Api;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Pause between two rounds; also before the first one, so that a controller that was away
/// for long reads what its objects say before they go.
pub const PAUSE: Duration = Duration::from_secs(60);

/// Objects listed at a time. Their metadata alone is about 3 kB each.
const PAGE: u32 = 250;

/// Deletions at a time, and in one round for each phase of an area: a storm that ends all at once
/// must not take the API server from the requests that still live.
const DELETIONS_AT_ONCE: usize = 4;
const DELETIONS_MAX: usize = 5_000;

/// Between two signs of life: the pause, or one page: a list (10 s) and its deletions, 63
/// rounds of a few milliseconds, or one of 10 s after which the round ends.
pub const TURN_DEADLINE: Duration = Duration::from_secs(60);

/// What is deleted, and when.
pub struct Expiry {
    /// The cluster.
    pub client: Client,
    /// Where requests are deleted.
    pub areas: Vec<Area>,
    /// Age from which a Succeeded one is deleted.
    pub succeeded: Duration,
    /// Age from which a Failed one is deleted.
    pub failed: Duration,
    /// Takes those that somebody edited.
    pub edits: Edits,
}

/// An object to delete, exactly as it was listed.
struct Expired {
    namespace: String,
    name: String,
    uid: String,
    resource_version: String,
}

/// Deletes until shutdown, while `leads` says that this process should.
pub async fn run(
    expiry: Expiry,
    leads: impl Fn() -> bool,
    pulse: Pulse,
    shutdown: CancellationToken,
) {
    loop {
        shutdown
            .run_until_cancelled(tokio::time::sleep(PAUSE))
            .await;
        if shutdown.is_cancelled() {
            return;
        }
        if leads() {
            expiry.round(clock::now(), &pulse).await;
        }
        pulse.beat();
    }
}

impl Expiry {
    /// One round over all areas: one that does not answer keeps the requests of no other.
    pub async fn round(&self, now: Time, pulse: &Pulse) {
        let mut all = true;
        for area in &self.areas {
            match self.area(area, now, pulse).await {
                Ok(0) => {}
                Ok(deleted) => tracing::info!(
                    namespace = %area,
                    deleted,
                    "deleted requests that were finished long ago"
                ),
                Err(error) => {
                    all = false;
                    tracing::warn!(
                        namespace = %area,
                        %error,
                        "finished requests were not all looked at"
                    );
                }
            }
            pulse.beat();
        }
        self.edits.end_round(all);
    }

    /// How many were deleted there.
    async fn area(&self, area: &Area, now: Time, pulse: &Pulse) -> Result<usize, ClusterError> {
        let requests = area.api(&self.client);
        let mut deleted = 0;
        for (phase, age) in [
            (Phase::Succeeded, self.succeeded),
            (Phase::Failed, self.failed),
        ] {
            deleted += self.phase(&requests, phase, age, now, pulse).await?;
        }
        Ok(deleted)
    }

    async fn phase(
        &self,
        requests: &Api<RestockRequest>,
        phase: Phase,
        age: Duration,
        now: Time,
        pulse: &Pulse,
    ) -> Result<usize, ClusterError> {
        // Never an unfinished one: it still has something to do or to tell.
        let fields = format!("status.phase={},status.finished=true", phase.as_str());
        let mut next: Option<String> = None;
        let mut deleted = 0;
        loop {
            let page = cluster::list_metadata(requests, &fields, PAGE, next).await?;
            let mut unedited = Vec::new();
            for object in page.items {
                // What a person may have said of it comes first; it is old in the next round too.
                if !self.edits.takes(&object.metadata, pulse).await {
                    unedited.push(object.metadata);
                }
            }
            // Behind the last deletion of a round there may be words too.
            if deleted < DELETIONS_MAX {
                let expired = unedited.into_iter();
                let expired = expired.filter_map(|metadata| self::expired(metadata, age, now));
                deleted += self.delete(expired).await?;
            }
            pulse.beat();
            next = page.metadata.continue_.filter(|token| !token.is_empty());
            if next.is_none() {
                break;
            }
        }
        Ok(deleted)
    }

    async fn delete(&self, expired: impl Iterator<Item = Expired>) -> Result<usize, ClusterError> {
        let mut deletions = stream::iter(expired)
            .map(|object| self.delete_one(object))
            .buffer_unordered(DELETIONS_AT_ONCE);
        let mut deleted = 0;
        while let Some(ended) = deletions.next().await {
            deleted += usize::from(ended?);
        }
        Ok(deleted)
    }

    /// Whether it was deleted. One that has changed since it was listed may have got a new
    /// word of a person or late goods: the next round looks at it again.
    async fn delete_one(&self, object: Expired) -> Result<bool, ClusterError> {
        let Expired {
            namespace,
            name,
            uid,
            resource_version,
        } = object;
        let requests: Api<RestockRequest> = Api::namespaced(self.client.clone(), &namespace);
        match cluster::delete(&requests, &name, &uid, &resource_version).await {
            Ok(()) => Ok(true),
            Err(ClusterError::Conflict(_) | ClusterError::Gone(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn expired(metadata: ObjectMeta, age: Duration, now: Time) -> Option<Expired> {
    if now.since(finished_at(&metadata)?) < age {
        return None;
    }
    Some(Expired {
        namespace: metadata.namespace?,
        name: metadata.name?,
        uid: metadata.uid?,
        resource_version: metadata.resource_version?,
    })
}

/// When its status was last written, which for a finished one is when it finished. Somebody
/// may have cleared the entries: then its creation must do, or it would stay for ever.
fn finished_at(metadata: &ObjectMeta) -> Option<Time> {
    let entries = metadata.managed_fields.iter().flatten();
    let of_status = entries.filter(|entry| entry.subresource.as_deref() == Some("status"));
    let written = of_status
        .filter_map(|entry| entry.time.as_ref())
        .map(from_second_time);
    let created = metadata.creation_timestamp.as_ref().map(from_second_time);
    written.max().or(created)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const MINUTE: Duration = Duration::from_secs(60);

    fn metadata(entries: Value) -> ObjectMeta {
        serde_json::from_value(json!({
            "namespace": "shop", "name": "rr-1", "uid": "uid-1", "resourceVersion": "7",
            "creationTimestamp": "2026-01-02T03:00:00Z",
            "managedFields": entries,
        }))
        .unwrap()
    }

    fn at(text: &str) -> Time {
        let metadata: ObjectMeta =
            serde_json::from_value(json!({ "creationTimestamp": text })).unwrap();
        from_second_time(&metadata.creation_timestamp.unwrap())
    }

    #[test]
    fn the_age_is_that_of_the_last_status() {
        let entries = json!([
            { "manager": "restock-operator", "operation": "Update", "time": "2026-01-02T03:00:00Z" },
            { "manager": "restock-operator", "operation": "Update", "subresource": "status",
              "time": "2026-01-02T03:05:00Z" },
            { "manager": "kubectl", "operation": "Update", "time": "2026-01-02T03:30:00Z" },
        ]);
        let is_expired =
            |now: &str| expired(metadata(entries.clone()), 10 * MINUTE, at(now)).is_some();
        assert!(!is_expired("2026-01-02T03:14:59Z"));
        assert!(is_expired("2026-01-02T03:15:00Z"));
        assert!(
            !is_expired("2026-01-02T03:00:00Z"),
            "a clock that is behind deletes nothing"
        );
    }

    #[test]
    fn without_entries_the_creation_counts() {
        let is_expired = |now: &str| expired(metadata(json!([])), 10 * MINUTE, at(now)).is_some();
        assert!(!is_expired("2026-01-02T03:09:59Z"));
        assert!(is_expired("2026-01-02T03:10:00Z"));
    }

    #[test]
    fn an_object_without_identity_is_never_deleted() {
        let nameless = ObjectMeta {
            uid: None,
            ..metadata(json!([]))
        };
        assert!(expired(nameless, MINUTE, at("2027-01-01T00:00:00Z")).is_none());
    }
}
