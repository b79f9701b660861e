//! Migrations: embedded in the binary, run by `restock-operator migrate` alone.
//!
//! MySQL commits every change of a table at once, so each file may as a whole be run again:
//! one that was interrupted is simply repeated. Two migrators at once are kept apart by a lock
//! of our own: the driver's waits with a negative time-out, which MariaDB answers with NULL,
//! locking nothing.

use super::row::get;
use super::{SESSION, StoreError, options};
use secrecy::SecretString;
use sqlx::migrate::{Migrate, MigrateError, Migration, Migrator};
use sqlx::mysql::MySqlConnection;
use sqlx::{ConnectOptions, Connection, Executor};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long connecting and each small statement may take.
const STEP_DEADLINE: Duration = Duration::from_secs(10);

/// The 60 s that the lock statement waits for another migrator, and time for its answer.
const LOCK_DEADLINE: Duration = Duration::from_secs(70);

/// How long one migration may take. Changing a large table is a matter of minutes, and
/// cutting it short would only begin it anew.
const MIGRATION_DEADLINE: Duration = Duration::from_secs(30 * 60);

/// One lock per schema. It lives and dies with the connection that migrates.
const LOCK: &str =
    "SELECT GET_LOCK(CONCAT('restock-migrate-', LEFT(SHA2(DATABASE(), 256), 32)), 60) AS locked";

/// Where the driver keeps what was applied.
const TABLE: &str = "_sqlx_migrations";

/// What [`migrate`] did, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MigrationStep {
    /// Connected; waits until no other migrator is at work.
    Waiting,
    /// So many migrations were interrupted earlier; they are run again.
    Interrupted(u64),
    /// The lock is held; so many migrations are there and so many are to come.
    Begun {
        /// Applied before.
        applied: usize,
        /// To be applied now.
        pending: usize,
    },
    /// A migration is applied.
    Applied {
        /// Its number.
        version: i64,
        /// Its name.
        name: String,
        /// How long it took.
        took: Duration,
    },
}

/// What this binary brings. A ledger that is newer is left as it is: a release that was
/// rolled back finds the schema of its successor, and runs on it.
fn migrator() -> Migrator {
    let mut migrator = sqlx::migrate!();
    migrator.set_locking(false).set_ignore_missing(true);
    migrator
}

/// The version that this software needs: the newest it brings.
pub(super) fn newest_version() -> i64 {
    migrator()
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or_default()
}

/// Brings the schema up to this binary's version, step by step.
///
/// # Errors
/// [`StoreError::Unavailable`] if the ledger is away or another migrator is at work for
/// over a minute. A repeat is always harmless.
pub async fn migrate(
    url: &SecretString,
    mut report: impl FnMut(MigrationStep) + Send,
) -> Result<(), StoreError> {
    let options = options(url)?;
    let mut connection = step(STEP_DEADLINE, options.connect()).await?;
    step(STEP_DEADLINE, connection.execute(SESSION)).await?;
    report(MigrationStep::Waiting);
    lock(&mut connection).await?;
    let interrupted = forget_interrupted(&mut connection).await?;
    if interrupted > 0 {
        report(MigrationStep::Interrupted(interrupted));
    }
    apply_pending(&mut connection, &mut report).await?;
    // The lock goes with the connection.
    step(STEP_DEADLINE, connection.close()).await
}

async fn lock(connection: &mut MySqlConnection) -> Result<(), StoreError> {
    let row = step(LOCK_DEADLINE, sqlx::query(LOCK).fetch_one(connection)).await?;
    // 0 is a time-out, NULL an error: only 1 is the lock.
    match get::<Option<i64>>(&row, "locked")? {
        Some(1) => Ok(()),
        _ => Err(StoreError::Unavailable(
            "another migration is at work".to_owned(),
        )),
    }
}

/// Forgets migrations that began and did not end. Under the lock none can be running.
async fn forget_interrupted(connection: &mut MySqlConnection) -> Result<u64, StoreError> {
    step_migration(STEP_DEADLINE, connection.ensure_migrations_table(TABLE)).await?;
    let forget = connection.execute("DELETE FROM _sqlx_migrations WHERE success = FALSE");
    Ok(step(STEP_DEADLINE, forget).await?.rows_affected())
}

async fn apply_pending(
    connection: &mut MySqlConnection,
    report: &mut (impl FnMut(MigrationStep) + Send),
) -> Result<(), StoreError> {
    let applied = connection.list_applied_migrations(TABLE);
    let applied = step_migration(STEP_DEADLINE, applied).await?;
    let is_new = |new: &&Migration| applied.iter().all(|old| old.version != new.version);
    let migrator = migrator();
    let pending: Vec<&Migration> = migrator.iter().filter(is_new).collect();
    report(MigrationStep::Begun {
        applied: applied.len(),
        pending: pending.len(),
    });
    for migration in pending {
        let began = Instant::now();
        let run = migrator.run_to(migration.version, &mut *connection);
        step_migration(MIGRATION_DEADLINE, run).await?;
        let (version, name) = (migration.version, migration.description.to_string());
        report(MigrationStep::Applied {
            version,
            name,
            took: began.elapsed(),
        });
    }
    // Also when nothing is pending: finds a migration whose file was changed afterwards.
    step_migration(STEP_DEADLINE, migrator.run(connection)).await
}

async fn step<T>(
    deadline: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    match timeout(deadline, work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(StoreError::Unavailable(error.to_string())),
        Err(_) => Err(StoreError::Unavailable("no answer in time".to_owned())),
    }
}

async fn step_migration<T>(
    deadline: Duration,
    work: impl Future<Output = Result<T, MigrateError>>,
) -> Result<T, StoreError> {
    match timeout(deadline, work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(StoreError::Broken(error.to_string())),
        Err(_) => Err(StoreError::Unavailable("no answer in time".to_owned())),
    }
}
