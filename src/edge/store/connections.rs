//! The connections of one store: a pool's, and before it those that were given back just now.
//!
//! The pool asks each connection that comes back whether it is good: one of seven round trips of
//! a purchase, and a task of its own. So a connection that was good just now is kept here, for
//! whoever comes next.

use super::{ACQUIRE_TIMEOUT, TRUSTED_FOR};
use sqlx::mysql::{MySql, MySqlConnection, MySqlPool};
use sqlx::pool::PoolConnection;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// One that was good when it was given back.
#[derive(Debug)]
struct Spare {
    connection: PoolConnection<MySql>,
    since: Instant,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Connections {
    pub(super) pool: MySqlPool,
    /// One for each connection that the pool may have. Who has a place finds a spare connection,
    /// or the pool has one left: nobody waits at the pool for one that is spare.
    places: Arc<Semaphore>,
    /// The youngest last; none once they are closed.
    spares: Mutex<Option<Vec<Spare>>>,
}

impl Connections {
    pub(super) fn of(pool: MySqlPool) -> Arc<Self> {
        let places = pool.options().get_max_connections();
        Arc::new(Self {
            pool,
            places: Arc::new(Semaphore::new(places as usize)),
            spares: Mutex::new(Some(Vec::new())),
        })
    }

    /// A connection, by then and within [`ACQUIRE_TIMEOUT`].
    pub(super) async fn lend(self: &Arc<Self>, ends_at: Instant) -> Result<Lent, sqlx::Error> {
        let ends_at = ends_at.min(Instant::now() + ACQUIRE_TIMEOUT);
        let lending = async {
            let place = Arc::clone(&self.places).acquire_owned().await;
            let place = place.map_err(|_| sqlx::Error::PoolClosed)?;
            let connection = match self.spare() {
                Some(connection) => connection,
                None => self.pool.acquire().await?,
            };
            Ok(Lent {
                connection: Some(connection),
                home: Arc::clone(self),
                _place: place,
            })
        };
        let lent = timeout_at(ends_at, lending).await;
        lent.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    /// The youngest; those that nobody trusts any more go back to the pool, which asks them.
    fn spare(&self) -> Option<PoolConnection<MySql>> {
        let mut spares = self.spares();
        let spares = spares.as_mut()?;
        let fresh = spares.partition_point(|spare| spare.since.elapsed() > TRUSTED_FOR);
        spares.drain(..fresh);
        spares.pop().map(|spare| spare.connection)
    }

    fn give_back(&self, connection: PoolConnection<MySql>) {
        // Once closed, the pool waits for each of them.
        if let Some(spares) = self.spares().as_mut() {
            let since = Instant::now();
            spares.push(Spare { connection, since });
        }
    }

    /// Closes every connection, after the calls that use them.
    pub(super) async fn close(&self) {
        drop(self.spares().take());
        self.pool.close().await;
    }

    fn spares(&self) -> MutexGuard<'_, Option<Vec<Spare>>> {
        // Every change is one call on the list: a panic cannot leave it half done.
        self.spares.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Connections {
    /// Cut, not given back to a pool that goes too: that takes a runtime, and there may be none.
    fn drop(&mut self) {
        for spare in self.spares().take().into_iter().flatten() {
            drop(spare.connection.detach());
        }
    }
}

/// A connection that is used, and is spare afterwards.
pub(super) struct Lent {
    /// Present until it is given back or cut.
    connection: Option<PoolConnection<MySql>>,
    home: Arc<Connections>,
    /// The last to go: whoever gets the place finds the connection.
    _place: OwnedSemaphorePermit,
}

impl Lent {
    /// Cuts it, where nobody knows what is open on it. The server rolls back.
    pub(super) fn cut(mut self) {
        // At once, not politely: a polite close waits for the answer.
        drop(self.connection.take().map(PoolConnection::detach));
    }
}

impl Deref for Lent {
    type Target = MySqlConnection;

    fn deref(&self) -> &MySqlConnection {
        self.connection.as_ref().expect("present until dropped")
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut MySqlConnection {
        self.connection.as_mut().expect("present until dropped")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.home.give_back(connection);
        }
    }
}
