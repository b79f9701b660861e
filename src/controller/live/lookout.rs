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

/// A watch that begins at last says so only with its first event. While it cannot, it fails
/// again within a minute (half of one, and as much again by chance): no failure for longer
/// than that is as good as an event.
const SILENCE: Duration = Duration::from_secs(90);

/// One watch.
pub(super) struct Lookout {
    /// What it covers.
    pub(super) area: Area,
    known_since: OnceLock<Duration>,
    trouble: Mutex<Trouble>,
}

/// Why a watch could not begin when it was last tried.
#[derive(Default)]
struct Trouble(Option<Noted>);

struct Noted {
    why: String,
    said_at: Duration,
    seen_at: Duration,
    /// Whether only a person can mend it.
    stands: bool,
}

impl Trouble {
    /// Notes it; whether it is to be said: it is another trouble than before, or was said
    /// long ago.
    fn note(&mut self, why: &str, stands: bool, now: Duration) -> bool {
        let said_at = self.0.as_ref().and_then(|noted| {
            let is_new = noted.why != why || now.saturating_sub(noted.said_at) >= SAID_AGAIN;
            (!is_new).then_some(noted.said_at)
        });
        self.0 = Some(Noted {
            why: why.to_owned(),
            said_at: said_at.unwrap_or(now),
            seen_at: now,
            stands,
        });
        said_at.is_none()
    }

    /// Why an area that was known once is watched no more, if only a person can mend that:
    /// an outage of the API server goes by, and is said of its calls.
    fn standing(&self, now: Duration) -> Option<&str> {
        let noted = self.0.as_ref().filter(|noted| noted.stands)?;
        (now.saturating_sub(noted.seen_at) < SILENCE).then_some(&noted.why)
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
    }

    /// Something has come, so it is watched.
    pub(super) fn answered(&self) {
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
        let stands = !matches!(error, ClusterError::Unavailable(_));
        let error = advised(&error);
        if self.trouble().note(&error, stands, clock::since_boot()) {
            tracing::warn!(%kind, %namespace, %error, "cannot watch; it is tried again and again");
        }
    }

    /// For how long everything in the area has been known, if it is.
    pub(super) fn known_for(&self) -> Option<Duration> {
        let since = self.known_since.get()?;
        Some(clock::since_boot().saturating_sub(*since))
    }

    /// What is in the way of knowing the area as it is now, in words for people; none if it
    /// is known.
    pub(super) fn unknown(&self) -> Option<String> {
        let trouble = self.trouble();
        let why = match self.known_since.get() {
            Some(_) => trouble.standing(clock::since_boot())?,
            None => trouble
                .0
                .as_ref()
                .map_or("not listed yet", |noted| &noted.why),
        };
        Some(format!("{}: {why}", self.area))
    }

    fn trouble(&self) -> MutexGuard<'_, Trouble> {
        // It is replaced as a whole.
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
        let mut says = |why: &str, at| trouble.note(why, true, Duration::from_secs(at));
        assert!(says("connection refused", 0));
        assert!(!says("connection refused", 599));
        assert!(says("connection refused", 600));
        assert!(says("forbidden", 601), "one trouble hides no other");
        assert!(!says("forbidden", 602));
        trouble.0 = None;
        assert!(trouble.note("forbidden", true, Duration::from_secs(603)));
    }

    #[test]
    fn what_a_person_has_to_mend_stands_until_it_is_seen_no_more() {
        let mut trouble = Trouble::default();
        let stands = |trouble: &Trouble, at| trouble.standing(Duration::from_secs(at)).is_some();
        assert!(!stands(&trouble, 0));
        for at in [0, 60, 120] {
            trouble.note("forbidden", true, Duration::from_secs(at));
        }
        assert!(stands(&trouble, 180), "it is tried again only now");
        assert!(!stands(&trouble, 210), "it would have failed again");
        trouble.note("connection refused", false, Duration::from_secs(211));
        assert!(!stands(&trouble, 211));
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
