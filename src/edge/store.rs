//! The ledger: MySQL 8.0.21 or later, or MariaDB 10.11.
//!
//! All SQL of this software is below this module. Parameters are bound, never pasted; one
//! function is one transaction; every call has a deadline; every error says what the
//! caller should do ([`StoreError`]). Statements keep to what both databases speak.

pub mod archive;
pub mod arrivals;
pub mod attempts;
mod call;
mod connections;
pub mod dead_letters;
mod error;
pub mod history;
pub mod meta;
pub mod migrate;
pub mod old_shop;
pub mod order_tests;
pub mod outbox;
pub mod page;
pub mod products;
pub mod purchases;
pub mod purge;
mod refusals;
mod row;
pub mod sales;

pub use error::StoreError;

use call::Call;
use connections::Connections;
use refusals::{Refusals, is_refusal};
use secrecy::{ExposeSecret, SecretString};
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions, MySqlSslMode};
use sqlx::{Connection as _, Executor};
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long a call waits for a connection. A new one takes milliseconds; longer means
/// that the ledger is away or that every connection is busy, and callers have better to do.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

/// Deadline of one call, from asking for a connection to the last answer:
/// [`ACQUIRE_TIMEOUT`], one lock wait of 1 s, and 1 s for the statements themselves.
pub const CALL_DEADLINE: Duration = Duration::from_secs(4);

/// Connections of one process, unless a role has a reason for another number. The
/// statements take about a millisecond, so ten serve thousands of calls a second, and
/// ten processes stay below MySQL's default of 151.
pub const CONNECTIONS_DEFAULT: u32 = 10;

/// An idle connection is closed before the server does it (`wait_timeout` below).
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection that was given back so lately is used as it is: it was good then. If the server
/// went away meanwhile, the first statement says so, as a later one would.
pub const TRUSTED_FOR: Duration = Duration::from_secs(1);

const NO_CONNECTION: &str =
    "no connection in time: it cannot be reached, or every connection is busy";

/// What every connection is told first. A lock wait ends after 1 s: a hot row must not
/// hold up a whole call. `wait_timeout` bounds for how long the locks of a client that
/// vanished without closing its connection are kept: 60 s instead of 8 h.
const SESSION: &str = "SET SESSION \
    sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', \
    innodb_lock_wait_timeout = 1, lock_wait_timeout = 60, wait_timeout = 60";

/// Its own statement: MySQL and MariaDB 10.11 have no common variable for it.
const ISOLATION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// The ledger. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Store {
    connections: Arc<Connections>,
    refusals: Arc<Refusals>,
}

impl Store {
    /// A store that connects when it is first asked something: a process starts, and says
    /// what it waits for, while the ledger is away. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`StoreError::Broken`] if `url` is not `mysql://user:password@host:port/schema`.
    pub fn connect(url: &SecretString, connections_max: u32) -> Result<Self, StoreError> {
        let pool = MySqlPoolOptions::new()
            .max_connections(connections_max)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(IDLE_TIMEOUT)
            .test_before_acquire(false)
            .before_acquire(|connection, found| {
                Box::pin(async move {
                    if found.idle_for > TRUSTED_FOR {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(|connection, _| {
                Box::pin(async move {
                    connection.execute(SESSION).await?;
                    connection.execute(ISOLATION).await?;
                    Ok(())
                })
            })
            .connect_lazy_with(options(url)?);
        Ok(Self {
            connections: Connections::of(pool),
            refusals: Arc::default(),
        })
    }

    /// Uses these credentials for new connections from now on: after a rotation the
    /// server refuses the old ones only to new connections, so none has to be cut.
    ///
    /// # Errors
    /// [`StoreError::Broken`] if `url` is no database URL; the old one stays in use.
    pub fn rotate(&self, url: &SecretString) -> Result<(), StoreError> {
        self.connections.pool.set_connect_options(options(url)?);
        Ok(())
    }

    /// Waits until the server refuses a connection for its credentials. From the first time
    /// that this is asked, calls that meet such a refusal wait for a [`Self::looked`], and
    /// then try again, within their deadline.
    pub async fn refused(&self) {
        self.refusals.next().await;
    }

    /// Somebody has looked for newer credentials, and put to use what was found.
    pub fn looked(&self) {
        self.refusals.looked();
    }

    /// Whether connections by this URL are to the right server for certain: its certificate
    /// is verified, or it is on this machine. The driver's default takes whoever answers.
    ///
    /// # Errors
    /// [`StoreError::Broken`] if `url` is no database URL.
    pub fn knows_server(url: &SecretString) -> Result<bool, StoreError> {
        let options = options(url)?;
        let host = options.get_host().trim_matches(['[', ']']);
        let address = host.parse::<IpAddr>();
        let here = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
        let verified = matches!(
            options.get_ssl_mode(),
            MySqlSslMode::VerifyCa | MySqlSslMode::VerifyIdentity
        );
        Ok(verified || here || options.get_socket().is_some())
    }

    /// Closes every connection, after the calls that use them.
    pub async fn close(&self) {
        self.connections.close().await;
    }

    /// A connection for calls that end within [`CALL_DEADLINE`].
    async fn call(&self) -> Result<Call, StoreError> {
        self.call_until(Instant::now() + CALL_DEADLINE).await
    }

    /// A connection for calls that end by then.
    async fn call_until(&self, ends_at: Instant) -> Result<Call, StoreError> {
        loop {
            let looks = self.refusals.looks();
            let error = match self.connections.lend(ends_at).await {
                Ok(connection) => return Ok(Call::new(connection, ends_at)),
                Err(sqlx::Error::PoolTimedOut) => {
                    return Err(StoreError::Unavailable(NO_CONNECTION.to_owned()));
                }
                Err(error) => error,
            };
            let again = is_refusal(&error) && self.refusals.settled(looks, ends_at).await;
            if !again {
                return Err(StoreError::Unavailable(format!("no connection: {error}")));
            }
        }
    }

    /// An open transaction for calls that end within [`CALL_DEADLINE`].
    async fn transaction(&self) -> Result<Call, StoreError> {
        self.transaction_until(Instant::now() + CALL_DEADLINE).await
    }

    /// An open transaction for calls that end by then. Connections that are [trusted](TRUSTED_FOR)
    /// may all be dead since the server went away; each of them costs one more try, in which
    /// nothing is sent but its beginning, and after the last of them comes a new one.
    async fn transaction_until(&self, ends_at: Instant) -> Result<Call, StoreError> {
        let mut trusted = self.connections.pool.options().get_max_connections();
        loop {
            let mut call = self.call_until(ends_at).await?;
            match call.begin().await {
                Err(_) if trusted > 0 && Instant::now() < ends_at => trusted -= 1,
                begun => return begun.map(|()| call),
            }
        }
    }
}

/// The connection options that a database URL stands for. No error repeats the URL: it
/// holds the password.
fn options(url: &SecretString) -> Result<MySqlConnectOptions, StoreError> {
    let expected = "the database URL must look like mysql://user:password@host:port/schema";
    let options = MySqlConnectOptions::from_str(url.expose_secret())
        .map_err(|_| StoreError::Broken(expected.to_owned()))?;
    if options.get_database().is_none_or(str::is_empty) {
        return Err(StoreError::Broken(format!(
            "{expected}; it names no schema"
        )));
    }
    // The session's mode is set as a whole, see SESSION.
    Ok(options
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(Some("+00:00".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_known_by_its_certificate_or_because_it_is_here() {
        let knows = |url: &str| Store::knows_server(&SecretString::from(url)).unwrap();
        for url in [
            "mysql://u:p@db.example/restock?ssl-mode=VERIFY_IDENTITY",
            "mysql://u:p@db.example/restock?ssl-mode=VERIFY_CA",
            "mysql://u:p@127.0.0.1:3306/restock",
            "mysql://u:p@localhost/restock",
            "mysql://u:p@[::1]/restock",
        ] {
            assert!(knows(url), "{url}");
        }
        for url in [
            "mysql://u:p@db.example/restock",
            "mysql://u:p@db.example/restock?ssl-mode=REQUIRED",
            "mysql://u:p@10.0.0.1/restock?ssl-mode=DISABLED",
        ] {
            assert!(!knows(url), "{url}");
        }
    }
}
