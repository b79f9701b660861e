//! A MariaDB server of a test's own, which the test may kill: in a directory that goes with it.

use super::reserved::Reserved;
use sqlx::Connection as _;
use sqlx::mysql::MySqlConnection;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Longest start, with the recovery after a kill, on a busy machine.
const READY_DEADLINE: Duration = Duration::from_secs(60);

/// The account of the test, made at each start.
const ACCOUNT: &str = "CREATE OR REPLACE USER test@'127.0.0.1' IDENTIFIED BY 'test';\n\
     GRANT ALL ON *.* TO test@'127.0.0.1';\n";

/// The server. It waits for the disk at each commit, as it does unless told otherwise.
pub(crate) struct OwnDatabase {
    directory: PathBuf,
    address: Reserved,
    child: Option<Child>,
}

impl OwnDatabase {
    /// Makes it and waits until it answers.
    pub(crate) async fn create() -> Self {
        let name = format!("restock-test-database-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).unwrap();
        let mut database = Self {
            directory,
            address: Reserved::new(),
            child: None,
        };
        let install = database
            .program("mariadb-install-db", "data")
            .args(["--auth-root-authentication-method=socket", "--skip-test-db"])
            .stdout(Stdio::null())
            .status();
        assert!(
            install.is_ok_and(|status| status.success()),
            "needs the programs of MariaDB, which `cargo xtask up` installs"
        );
        std::fs::write(database.directory.join("accounts.sql"), ACCOUNT).unwrap();
        database.start().await;
        database
    }

    /// Its URL, without a schema.
    pub(crate) fn url(&self) -> String {
        format!("mysql://test:test@{}", self.address.address)
    }

    /// Starts it, and waits until it answers.
    pub(crate) async fn start(&mut self) {
        let accounts = self.directory.join("accounts.sql");
        let server = self
            .program("mariadbd", "data")
            .arg(format!("--init-file={}", accounts.display()))
            .arg(format!("--port={}", self.address.address.port()))
            .args(["--bind-address=127.0.0.1", "--skip-name-resolve"])
            .args(["--socket=mariadb.sock", "--pid-file=mariadb.pid"])
            .stderr(Stdio::null())
            .spawn();
        self.child = Some(server.expect("mariadbd is installed with mariadb-install-db"));
        let url = self.url();
        let ready = async {
            while MySqlConnection::connect(&url).await.is_err() {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(READY_DEADLINE, ready).await.expect("it answers");
    }

    /// As the kernel does it when memory is short. What it had committed it still has.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    fn program(&self, name: &str, data: &str) -> Command {
        let mut program = Command::new(name);
        let data = self.directory.join(data);
        program
            .args(["--no-defaults", &format!("--datadir={}", data.display())])
            .stdin(Stdio::null());
        if is_of_root(&self.directory) {
            // It refuses to run as root unless told to.
            program.arg("--user=root");
        }
        program
    }
}

fn is_of_root(directory: &Path) -> bool {
    std::fs::metadata(directory).unwrap().uid() == 0
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
