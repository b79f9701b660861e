//! The keys of callback tokens, as the file has them now: a rotation needs no restart.

use super::secret::SecretSource;
use crate::domain::arrival::KeyRing;
use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// How soon a changed file is noticed without being asked for.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Shortest time between two reads: tokens with made-up key ids must not cost a read each.
const READS_APART_MIN: Duration = Duration::from_secs(1);

/// The ring of a key file, and the means to look at the file again.
pub struct CallbackKeys {
    file: SecretSource,
    ring: RwLock<Arc<KeyRing>>,
    last_look: Mutex<Look>,
}

/// The last read: when it was, the last good text, and what was wrong since, if anything.
struct Look {
    at: Instant,
    text: SecretString,
    problem: Option<String>,
}

impl CallbackKeys {
    /// Reads the file for the first time.
    ///
    /// # Errors
    /// The file cannot be read or is no key file: a process must not start without keys.
    pub fn open(path: PathBuf) -> anyhow::Result<Self> {
        let file = SecretSource::File(path);
        let text = file.read()?;
        let ring = RwLock::new(Arc::new(parse(&text)?));
        let last_look = Mutex::new(Look {
            at: Instant::now(),
            text,
            problem: None,
        });
        Ok(Self {
            file,
            ring,
            last_look,
        })
    }

    /// The keys as of the last good read.
    pub fn ring(&self) -> Arc<KeyRing> {
        // A panic cannot leave a pointer half replaced.
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at the file again, unless that was done less than a second ago. A file that
    /// is missing or wrong changes nothing: the old keys stay in use.
    pub async fn refresh(&self) {
        // Others wait here while one reads, and then find the fresh ring.
        let mut look = self.last_look.lock().await;
        if look.at.elapsed() < READS_APART_MIN {
            return;
        }
        look.at = Instant::now();
        let problem = self
            .replace(&mut look)
            .err()
            .map(|error| format!("{error:#}"));
        // Said once, not at every look.
        if let Some(problem) = &problem
            && look.problem.as_ref() != Some(problem)
        {
            tracing::warn!(problem, "callback keys not read again, the old ones stay");
        }
        look.problem = problem;
    }

    /// Follows the file until `stop`.
    pub async fn watch(self: Arc<Self>, stop: CancellationToken) {
        while timeout(LOOK_EVERY, stop.cancelled()).await.is_err() {
            self.refresh().await;
        }
    }

    fn replace(&self, look: &mut Look) -> anyhow::Result<()> {
        let text = self.file.read()?;
        if text.expose_secret() == look.text.expose_secret() {
            return Ok(());
        }
        let ring = parse(&text)?;
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
        look.text = text;
        Ok(())
    }
}

/// The log names the ids, so that a rotation can be followed from outside.
fn parse(text: &SecretString) -> anyhow::Result<KeyRing> {
    let ring = KeyRing::parse(text.expose_secret()).context("the callback key file is no such")?;
    tracing::info!(keys = ?ring.ids(), "callback keys read");
    Ok(ring)
}
