//! The connections of one store: a pool's, and before it those that were given back just now.
//!
//! The pool asks each connection that comes back whether it is good: one of seven round trips of
//! a purchase, and a task of its own. So a connection that was good just now is kept here, for
//! whoever comes next.

use super::{ACQUIRE_TIMEOUT, TRUSTED_FOR};
use sqlx::Connection as _;
use sqlx::mysql::{MySql, MySqlConnection, MySqlPool};
use sqlx::pool::PoolConnection;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// After so long the pool has a connection back, and closes it if it is too old: a tenth of the
/// half hour that is too old to it. A connection that is never idle would live for ever.
const KEPT_FROM_POOL: Duration = Duration::from_mins(3);

/// A connection that the pool gave away.
#[derive(Debug)]
struct Taken {
    connection: PoolConnection<MySql>,
    since: Instant,
}

impl Taken {
    /// At once, not politely: a polite close waits for the answer.
    fn cut(self) {
        drop(self.connection.detach());
    }
}

/// One that was good when it was given back.
#[derive(Debug)]
struct Spare {
    taken: Taken,
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
            let taken = match self.spare().await {
                Some(taken) => taken,
                None => Taken {
                    connection: self.pool.acquire().await?,
                    since: Instant::now(),
                },
            };
            Ok(Lent {
                taken: Some(taken),
                home: Arc::clone(self),
                _place: place,
            })
        };
        let lent = timeout_at(ends_at, lending).await;
        lent.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    /// The youngest, if it is good; the others go back to the pool once nobody trusts them.
    async fn spare(&self) -> Option<Taken> {
        let (youngest, trusted) = self.youngest()?;
        if trusted {
            return Some(youngest);
        }
        let mut asked = Asked(Some(youngest));
        asked.0.as_mut()?.connection.ping().await.ok()?;
        asked.0.take()
    }

    /// The youngest, and whether it is trusted as it is.
    fn youngest(&self) -> Option<(Taken, bool)> {
        let mut spares = self.spares();
        let spares = spares.as_mut()?;
        let Spare { taken, since } = spares.pop()?;
        let trusted = |since: Instant| since.elapsed() <= TRUSTED_FOR;
        let fresh = spares.partition_point(|spare| !trusted(spare.since));
        spares.drain(..fresh);
        Some((taken, trusted(since)))
    }

    fn give_back(&self, taken: Taken) {
        if taken.since.elapsed() > KEPT_FROM_POOL {
            return;
        }
        // Once closed, the pool waits for each of them.
        if let Some(spares) = self.spares().as_mut() {
            let since = Instant::now();
            spares.push(Spare { taken, since });
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
            spare.taken.cut();
        }
    }
}

/// One that is asked whether it is good: cut, unless it was taken out after its answer. Nobody else
/// may read an answer that was not waited for.
struct Asked(Option<Taken>);

impl Drop for Asked {
    fn drop(&mut self) {
        if let Some(taken) = self.0.take() {
            taken.cut();
        }
    }
}

/// A connection that is used, and is spare afterwards.
pub(super) struct Lent {
    /// Present until it is given back or cut.
    taken: Option<Taken>,
    home: Arc<Connections>,
    /// The last to go: whoever gets the place finds the connection.
    _place: OwnedSemaphorePermit,
}

impl Lent {
    /// Cuts it, where nobody knows what is open on it. The server rolls back.
    pub(super) fn cut(mut self) {
        if let Some(taken) = self.taken.take() {
            taken.cut();
        }
    }
}

impl Deref for Lent {
    type Target = MySqlConnection;

    fn deref(&self) -> &MySqlConnection {
        let taken = self.taken.as_ref();
        &taken.expect("present until dropped").connection
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut MySqlConnection {
        let taken = self.taken.as_mut();
        &mut taken.expect("present until dropped").connection
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(taken) = self.taken.take() {
            self.home.give_back(taken);
        }
    }
}
