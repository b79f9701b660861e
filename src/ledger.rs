//! How a role or a command comes to its ledger: what it was told ([`crate::process`]) meets
//! what opens it ([`crate::edge`]), and newer credentials are put to use without a restart.

use crate::edge::aws;
use crate::edge::database_secret::{DatabaseSecret, Version};
use crate::edge::store::Store;
use crate::process::Process;
use crate::process::args::DatabaseArgs;
use crate::process::followed::{Followed, LOOK_EVERY};
use crate::process::secret::{Ask, SecretSource};
use aws_config::SdkConfig;
use secrecy::SecretString;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// What people call it.
const NAME: &str = "database URL";

/// Connections of a command, which does one thing at a time.
const COMMAND_CONNECTIONS: u32 = 1;

/// How soon a changed secret is noticed where the ledger does not refuse the old one, as
/// when a rotation changes between two accounts: far within the life of the old one, and a
/// few hundred calls a day, which are paid for.
const SECRET_LOOK_EVERY: Duration = Duration::from_secs(5 * 60);

/// Shortest time from a look that a refusal asked for to the next: wrong credentials cost
/// one read a second, and no call more than that of its deadline in a rotation.
const LOOKS_APART_MIN: Duration = Duration::from_secs(1);

/// Opens the ledger for one command.
///
/// # Errors
/// Its URL cannot be had, or is none.
pub async fn open(told: &DatabaseArgs) -> anyhow::Result<Store> {
    Ok(Store::connect(&url(told).await?, COMMAND_CONNECTIONS)?)
}

/// The URL of the ledger as it is now.
///
/// # Errors
/// It cannot be had.
pub async fn url(told: &DatabaseArgs) -> anyhow::Result<SecretString> {
    let secret = match &told.database_secret_id {
        Some(id) => Some(secret(told, id, &aws::config().await?)?),
        None => None,
    };
    Ok(source(told, secret.as_ref()).read().await?)
}

/// Opens the ledger for a role: waits for its URL, unless that is a value, and follows what
/// it comes from until shutdown. None at shutdown.
///
/// # Errors
/// A value or an address that is none.
pub async fn follow(
    told: &DatabaseArgs,
    process: &Process,
    connections_max: u32,
) -> anyhow::Result<Option<Store>> {
    let secret = match &told.database_secret_id {
        Some(id) => {
            let Some(config) = process.wait_for(aws::REGION, aws::config).await else {
                return Ok(None);
            };
            Some(secret(told, id, &config)?)
        }
        None => None,
    };
    let source = source(told, secret.as_ref());
    let look_every = match source {
        SecretSource::Value(_) => None,
        SecretSource::File(_) => Some(LOOK_EVERY),
        SecretSource::Asked(_) => Some(SECRET_LOOK_EVERY),
    };
    let connect = |url: &SecretString| Ok(Store::connect(url, connections_max)?);
    let first = Followed::first(NAME, source, process, connect).await?;
    let Some((url, store)) = first else {
        return Ok(None);
    };
    if let Some(look_every) = look_every {
        let following = Following {
            url,
            secret,
            store: store.clone(),
            look_every,
            pending: false,
        };
        process.tasks.spawn(following.run(process.clone()));
    }
    Ok(Some(store))
}

fn secret(told: &DatabaseArgs, id: &str, config: &SdkConfig) -> anyhow::Result<DatabaseSecret> {
    let address = told.database_address.as_deref();
    Ok(DatabaseSecret::new(config, id.to_owned(), address)?)
}

fn source(told: &DatabaseArgs, secret: Option<&DatabaseSecret>) -> SecretSource {
    if let Some(secret) = secret.cloned() {
        SecretSource::Asked(Ask::by(move || {
            let secret = secret.clone();
            Box::pin(async move {
                let url = secret.url(Version::Current).await;
                url.map_err(|error| error.to_string())
            })
        }))
    } else if let Some(path) = told.database_url_file.clone() {
        SecretSource::File(path)
    } else {
        SecretSource::Value(told.database_url.clone().unwrap_or_default())
    }
}

/// A store, and where its URL comes from.
struct Following {
    url: Followed,
    secret: Option<DatabaseSecret>,
    store: Store,
    look_every: Duration,
    /// Whether the pending version of the secret is in use instead of the current one.
    pending: bool,
}

impl Following {
    /// Readiness shows what is wrong with the URL, and stays: the old one may be good for
    /// long, and where it is not, others say so.
    async fn run(mut self, process: Process) {
        let condition = process.health.condition(NAME);
        condition.ready();
        let looking = async {
            loop {
                let refused = timeout(self.look_every, self.store.refused()).await.is_ok();
                match self.look(refused).await {
                    None => condition.ready(),
                    Some(why) => condition.ready_but(&format!("the old one stays in use: {why}")),
                }
                self.store.looked();
                if refused {
                    sleep(LOOKS_APART_MIN).await;
                }
            }
        };
        process.shutdown.run_until_cancelled(looking).await;
    }

    /// Looks again, and puts to use what has changed. Answers what is wrong.
    async fn look(&mut self, refused: bool) -> Option<String> {
        let (mut changed, store) = (false, &self.store);
        let adopt = |url: &SecretString| store.rotate(url).inspect(|()| changed = true);
        let problem = self.url.look(adopt).await.map(ToOwned::to_owned);
        if changed {
            self.pending = false;
        } else if refused {
            self.use_other_version().await;
        }
        problem
    }

    /// A rotation changes the password in the server first, and the current version of the
    /// secret some seconds later: in between, the pending version is the one that is good.
    async fn use_other_version(&mut self) {
        let Some(secret) = &self.secret else { return };
        let other = if self.pending {
            Ok(self.url.text().clone())
        } else {
            secret.url(Version::Pending).await
        };
        // Without a rotation at work there is none.
        let Ok(url) = other else { return };
        if self.store.rotate(&url).is_ok() {
            self.pending = !self.pending;
            tracing::info!(
                pending = self.pending,
                "the ledger refuses the database secret: trying its other version"
            );
        }
    }
}
