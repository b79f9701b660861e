//! The keys of callback tokens, as the file has them now: a rotation needs no restart.

use super::Process;
use super::followed::{Followed, LOOK_EVERY};
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

/// Shortest time between two reads: tokens with made-up key ids must not cost a read each.
const READS_APART_MIN: Duration = Duration::from_secs(1);

/// What people call it.
const NAME: &str = "callback keys";

/// The ring of a key file, and the means to look at the file again.
pub struct CallbackKeys {
    ring: RwLock<Arc<KeyRing>>,
    file: Mutex<File>,
}

/// The file, and when it was last read.
struct File {
    followed: Followed,
    read_at: Instant,
}

impl CallbackKeys {
    /// Reads the file once.
    ///
    /// # Errors
    /// The file cannot be read or is no key file.
    pub async fn open(path: PathBuf) -> anyhow::Result<Self> {
        let followed = Followed::open(NAME, SecretSource::File(path)).await?;
        let ring = parse(followed.text())?;
        Ok(Self::new(followed, ring))
    }

    /// Waits until the file is there and a key file: without keys nothing can begin. None at
    /// shutdown.
    pub async fn wait(path: PathBuf, process: &Process) -> anyhow::Result<Option<Arc<Self>>> {
        let first = Followed::first(NAME, SecretSource::File(path), process, parse).await?;
        Ok(first.map(|(followed, ring)| Arc::new(Self::new(followed, ring))))
    }

    fn new(followed: Followed, ring: KeyRing) -> Self {
        let read_at = Instant::now();
        Self {
            ring: RwLock::new(Arc::new(ring)),
            file: Mutex::new(File { followed, read_at }),
        }
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
        let mut file = self.file.lock().await;
        if file.read_at.elapsed() < READS_APART_MIN {
            return;
        }
        file.read_at = Instant::now();
        let adopt = |text: &SecretString| {
            let ring = Arc::new(parse(text)?);
            *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
            anyhow::Ok(())
        };
        file.followed.look(adopt).await;
    }

    /// Follows the file until `stop`.
    pub async fn watch(self: Arc<Self>, stop: CancellationToken) {
        while timeout(LOOK_EVERY, stop.cancelled()).await.is_err() {
            self.refresh().await;
        }
    }
}

/// The log names the ids, so that a rotation can be followed from outside.
fn parse(text: &SecretString) -> anyhow::Result<KeyRing> {
    let ring = KeyRing::parse(text.expose_secret()).context("the callback key file is no such")?;
    tracing::info!(keys = ?ring.ids(), "callback keys read");
    Ok(ring)
}
