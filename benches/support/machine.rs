//! What a server and its database took of the machine.

use sqlx::Connection as _;
use sqlx::mysql::MySqlConnection;
use std::path::Path;

/// Processor time and disk writes, in all or for each purchase.
pub(crate) struct Used {
    /// Microseconds of the server.
    pub(crate) server: f64,
    /// Microseconds of the database.
    pub(crate) database: f64,
    /// Waits of the database for the disk.
    pub(crate) flushes: f64,
}

impl Used {
    /// Since they started.
    pub(crate) async fn now(server: u32) -> Self {
        let mut connection = connect().await;
        Self {
            server: processor_micros(server),
            database: processor_micros(database_process(&mut connection).await),
            flushes: flushes(&mut connection).await,
        }
    }

    /// Since then, for each of so many purchases.
    pub(crate) fn since(&self, before: &Self, purchases: u64) -> Self {
        let each = |now: f64, then: f64| (now - then) / purchases.max(1) as f64;
        Self {
            server: each(self.server, before.server),
            database: each(self.database, before.database),
            flushes: each(self.flushes, before.flushes),
        }
    }
}

async fn connect() -> MySqlConnection {
    let url = std::env::var("DATABASE_URL").expect("cargo xtask bench sets DATABASE_URL");
    let connection = MySqlConnection::connect(&url).await;
    connection.expect("the database answers")
}

/// Stops the benchmark where a purchase that was answered could be lost with the power.
pub(crate) async fn require_durability() {
    let mut connection = connect().await;
    let levels = "SELECT CAST(@@innodb_flush_log_at_trx_commit AS SIGNED), \
         CAST(IF(@@log_bin, @@sync_binlog, 1) AS SIGNED)";
    let levels = sqlx::query_as::<_, (i64, i64)>(levels).fetch_one(&mut connection);
    assert_eq!(
        levels.await.expect("they are readable"),
        (1, 1),
        "SET GLOBAL innodb_flush_log_at_trx_commit = 1, sync_binlog = 1: the figures are of \
         durable purchases"
    );
}

/// Of tables and redo log together, but not of MySQL's binary log.
async fn flushes(connection: &mut MySqlConnection) -> f64 {
    let status = "SHOW GLOBAL STATUS LIKE 'Innodb_data_fsyncs'";
    let row = sqlx::query_as::<_, (String, String)>(status).fetch_one(connection);
    let (_, count) = row.await.expect("the server counts its writes");
    count.parse().expect("a number")
}

/// The database server, where it is one of this machine; else 0.
async fn database_process(connection: &mut MySqlConnection) -> u32 {
    let file = sqlx::query_as::<_, (String, String)>("SELECT @@datadir, @@pid_file");
    let file = file.fetch_one(connection).await;
    let (directory, name) = file.expect("they are readable");
    let text = std::fs::read_to_string(Path::new(&directory).join(name));
    text.unwrap_or_default().trim().parse().unwrap_or(0)
}

/// User and system time of a process (proc(5): stat, fields 14 and 15, in ticks).
fn processor_micros(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The second field may hold blanks; it ends with the last parenthesis.
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |field: usize| -> f64 {
        let word = after.split_whitespace().nth(field - 3);
        word.and_then(|word| word.parse().ok()).unwrap_or(f64::NAN)
    };
    (ticks(14) + ticks(15)) * 1_000_000.0 / ticks_per_second()
}

fn ticks_per_second() -> f64 {
    rustix::param::clock_ticks_per_second() as f64
}
