//! What one watch has told so far: whether its area is known, and what is in the way.

use crate::edge::cluster::ClusterError;
use crate::process::args::Area;
use crate::process::clock;
use kube::core::Resource;
use kube::runtime::watcher;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// How often it is said again why a watch cannot begin. It is tried every half minute: a
/// line for each would bury all others, and one alone may have been rotated away.
const SAID_AGAIN: Duration = Duration::from_secs(600);

/// One watch.
pub(super) struct Lookout {
    /// What it covers.
    pub(super) area: Area,
    known_since: OnceLock<Duration>,
    trouble: Mutex<Trouble>,
}

/// Why a watch could not begin when it was last tried, and when that was said.
#[derive(Default)]
struct Trouble(Option<(String, Duration)>);

impl Trouble {
    /// Notes it; whether it is to be said: it is another trouble than before, or was said
    /// long ago.
    fn note(&mut self, why: &str, now: Duration) -> bool {
        let is_old = self
            .0
            .as_ref()
            .is_some_and(|(said, at)| said == why && now.saturating_sub(*at) < SAID_AGAIN);
        if !is_old {
            self.0 = Some((why.to_owned(), now));
        }
        !is_old
    }
}

impl Lookout {
    /// One that has told nothing yet.
    pub(super) fn new(area: Area) -> Self {
        Self {
            area,
            known_since: OnceLock::new(),
            trouble: Mutex::default(),
        }
    }

    /// A complete list has come.
    pub(super) fn listed(&self) {
        self.known_since.get_or_init(clock::since_boot);
        self.trouble().0 = None;
    }

    /// Notes a failure. A watch that breaks off begins again by itself, and is no news; one
    /// that cannot begin is told of, by its area: the others go on without it.
    pub(super) fn failed<K: Resource<DynamicType = ()>>(&self, error: watcher::Error) {
        let (kind, namespace) = (K::plural(&()), &self.area);
        let error = match error {
            watcher::Error::InitialListFailed(why) | watcher::Error::WatchStartFailed(why) => {
                ClusterError::from(why)
            }
            other => {
                tracing::debug!(%kind, %namespace, %other, "a watch broke off; it begins again");
                return;
            }
        };
        let error = advised(&error);
        if self.trouble().note(&error, clock::since_boot()) {
            tracing::warn!(%kind, %namespace, %error, "cannot watch; it is tried again and again");
        }
    }

    /// For how long everything in the area has been known, if it is.
    pub(super) fn known_for(&self) -> Option<Duration> {
        let since = self.known_since.get()?;
        Some(clock::since_boot().saturating_sub(*since))
    }

    /// What is in the way of knowing the area, in words for people; none if it is known.
    pub(super) fn unknown(&self) -> Option<String> {
        if self.known_since.get().is_some() {
            return None;
        }
        let why = self.trouble().0.as_ref().map(|(why, _)| why.clone());
        let why = why.unwrap_or_else(|| "not listed yet".to_owned());
        Some(format!("{}: {why}", self.area))
    }

    fn trouble(&self) -> MutexGuard<'_, Trouble> {
        // Two fields that are each of use alone.
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// By whichever of the two it was installed.
const INSTALL: &str = "helm upgrade with crds.install=true, or restock-operator crd | kubectl \
                       apply --server-side --force-conflicts -f -";

/// The error, and what to do where only a person can do it.
fn advised(error: &ClusterError) -> String {
    let advice = match error {
        ClusterError::Gone(_) => "the definition is missing",
        // Said of a field that the definition does not name as selectable.
        ClusterError::Refused(text) if text.contains("field label not supported") => {
            "the definition is older than this version"
        }
        _ if error.is_forbidden() => {
            return format!("{error}: bind the controller's Role there");
        }
        _ => return error.to_string(),
    };
    format!("{error}: {advice}: {INSTALL}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_is_said_at_once_and_the_same_one_every_ten_minutes() {
        let mut trouble = Trouble::default();
        let mut says = |why: &str, at| trouble.note(why, Duration::from_secs(at));
        assert!(says("connection refused", 0));
        assert!(!says("connection refused", 599));
        assert!(says("connection refused", 600));
        assert!(says("forbidden", 601), "one trouble hides no other");
        assert!(!says("forbidden", 602));
        trouble.0 = None;
        assert!(trouble.note("forbidden", Duration::from_secs(603)));
    }

    #[test]
    fn what_only_a_person_can_mend_says_how() {
        let said = |error: ClusterError| advised(&error);
        let text = |text: &str| text.to_owned();
        assert!(said(ClusterError::Gone(text("no such kind"))).contains("is missing: helm"));
        let older = "field label not supported: status.finished";
        assert!(said(ClusterError::Refused(text(older))).contains("is older than this version"));
        let forbidden = "requests is forbidden: User x cannot list";
        let said_of_right = said(ClusterError::Refused(text(forbidden)));
        assert!(said_of_right.ends_with("bind the controller's Role there"));
        let away = ClusterError::Unavailable(text("refused"));
        assert_eq!(said(away), "unavailable: refused");
    }
}
