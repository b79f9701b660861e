//! What `up` chose and started, kept in `target/xtask` of this checkout until `down`.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::given::Given;
use crate::process::Background;
use crate::random;

const STATE_FILE: &str = "state.json";

/// All that later commands need to know of the parts.
#[derive(Serialize, Deserialize)]
pub(crate) struct State {
    /// Ports on 127.0.0.1, chosen once so that a restarted part is found again.
    pub(crate) ports: Ports,
    /// Bearer token of the API server's administrator.
    pub(crate) admin_token: String,
    /// Password of the database account `restock`.
    pub(crate) database_password: String,
    /// Time from an order to its callback, in milliseconds.
    pub(crate) factory_delay_ms: u64,
    /// Parts of the person's own, used instead.
    pub(crate) given: Given,
    /// Where kubectl is.
    pub(crate) kubectl: PathBuf,
    /// Queues and topics.
    pub(crate) aws: AwsNames,
}

/// Ports on 127.0.0.1.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Ports {
    pub(crate) etcd: u16,
    pub(crate) etcd_peer: u16,
    pub(crate) api_server: u16,
    pub(crate) database: u16,
    pub(crate) aws: u16,
    pub(crate) factory: u16,
    /// For the receiver role, when it is run by hand.
    pub(crate) receiver: u16,
    /// For the sales role of the demo.
    pub(crate) sales: u16,
}

/// Queue URLs and topic ARNs, empty until they are set up.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct AwsNames {
    pub(crate) queue_url: String,
    pub(crate) dead_letter_url: String,
    /// Absent in what an earlier version saved.
    #[serde(default)]
    pub(crate) dead_letter_arn: String,
    pub(crate) inbox_url: String,
    pub(crate) mailbox_url: String,
    pub(crate) topic_arn: String,
    pub(crate) operations_topic_arn: String,
}

impl Ports {
    fn choose() -> Result<Self> {
        // All are held until all are chosen, so that no two are the same.
        let listeners = (0..8).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
        let listeners = listeners.collect::<std::io::Result<Vec<_>>>()?;
        let port = |index: usize| Ok::<_, std::io::Error>(listeners[index].local_addr()?.port());
        Ok(Self {
            etcd: port(0)?,
            etcd_peer: port(1)?,
            api_server: port(2)?,
            database: port(3)?,
            aws: port(4)?,
            factory: port(5)?,
            receiver: port(6)?,
            sales: port(7)?,
        })
    }
}

/// Writes a file that only its owner can read, by renaming a whole new one.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)?;
    file.write_all(text.as_bytes())?;
    std::fs::rename(&new, path)?;
    Ok(())
}

/// The directory `target/xtask`.
pub(crate) struct RunDirectory {
    checkout: PathBuf,
}

impl RunDirectory {
    /// The one of the checkout that this program was built from.
    pub(crate) fn of_this_checkout() -> Result<Self> {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let checkout = checkout
            .canonicalize()
            .context("the checkout has moved: build again")?;
        Ok(Self { checkout })
    }

    /// A path in the checkout.
    pub(crate) fn checkout(&self, path: &str) -> PathBuf {
        self.checkout.join(path)
    }

    /// A path in the run directory.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.checkout.join("target/xtask").join(path)
    }

    /// A part whose pid file and log are here.
    pub(crate) fn background(&self, name: &'static str) -> Background {
        Background::new(name, self.path("processes"))
    }

    /// Waits for, and takes, the lock of this checkout. It lies beside the run
    /// directory, because `down` removes that.
    pub(crate) fn lock(&self) -> Result<File> {
        std::fs::create_dir_all(self.checkout("target"))?;
        let lock = File::create(self.checkout("target/.xtask.lock"))?;
        if lock.try_lock().is_err() {
            eprintln!("waiting for another cargo xtask in this checkout ...");
            lock.lock()?;
        }
        Ok(lock)
    }

    /// The state of the parts that are up.
    pub(crate) fn load(&self) -> Result<State> {
        let text = std::fs::read(self.path(STATE_FILE))
            .context("the local parts are not up: run cargo xtask up")?;
        serde_json::from_slice(&text)
            .context("target/xtask/state.json is damaged: run cargo xtask down")
    }

    /// The state so far, or a new one.
    pub(crate) fn load_or_new(&self) -> Result<State> {
        if self.path(STATE_FILE).exists() {
            return self.load();
        }
        // Passwords and keys live here.
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(self.path(""))?;
        Ok(State {
            ports: Ports::choose()?,
            admin_token: random::password()?,
            database_password: random::password()?,
            factory_delay_ms: 0,
            given: Given::default(),
            kubectl: PathBuf::new(),
            aws: AwsNames::default(),
        })
    }

    /// Keeps the state; a reader sees the old one or the new one, whole.
    pub(crate) fn save(&self, state: &State) -> Result<()> {
        self.write_private(STATE_FILE, &serde_json::to_string_pretty(state)?)
    }

    /// Writes a file that only its owner can read.
    pub(crate) fn write_private(&self, name: &str, text: &str) -> Result<()> {
        write_private(&self.path(name), text)
    }

    /// Removes the run directory; nothing to remove is fine.
    pub(crate) fn remove(&self) -> Result<()> {
        match std::fs::remove_dir_all(self.path("")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).context("cannot remove target/xtask")
            }
            _ => Ok(()),
        }
    }
}
