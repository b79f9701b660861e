//! A database account of one test's own, dropped at the end, also when the test panics.
//! The account of `DATABASE_URL` must have the right to create users.
#![allow(dead_code, reason = "each test file uses its part of it")]

use ring::rand::{SecureRandom, SystemRandom};
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection};

pub(crate) struct Account {
    name: String,
}

impl Account {
    /// Creates it, with this password and the rights of any role in any test's schema.
    pub(crate) async fn create(password: &str) -> Self {
        Self::with_rights(password, "SELECT, INSERT, UPDATE, DELETE").await
    }

    /// Creates it, with this password and these rights in any test's schema.
    pub(crate) async fn with_rights(password: &str, rights: &str) -> Self {
        let account = Self::without_rights(password).await;
        // The very pattern that its maker was granted: no other may be passed on.
        let name = &account.name;
        run(&format!(
            "GRANT {rights} ON `restock\\_test\\_%`.* TO {name}@'%'"
        ))
        .await;
        account
    }

    /// Creates it, with this password.
    pub(crate) async fn without_rights(password: &str) -> Self {
        let mut random = [0; 8];
        SystemRandom::new().fill(&mut random).unwrap();
        let name = format!("restock_{:016x}", u64::from_be_bytes(random));
        run(&format!(
            "CREATE USER {name}@'%' IDENTIFIED BY '{password}'"
        ))
        .await;
        Self { name }
    }

    /// Its name, without the host.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// This URL, with this account and password.
    pub(crate) fn url(&self, url: &str, password: &str) -> String {
        let mut url = reqwest::Url::parse(url).unwrap();
        url.set_username(&self.name).unwrap();
        url.set_password(Some(password)).unwrap();
        url.to_string()
    }

    /// From now on new connections need this password; those that are open stay.
    pub(crate) async fn change_password(&self, password: &str) {
        let change = format!("ALTER USER {}@'%' IDENTIFIED BY '{password}'", self.name);
        run(&change).await;
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let drop = format!("DROP USER {}@'%'", self.name);
        // A thread of its own: a test's runtime may be gone, or be the one that panics.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(run(&drop));
        });
        // A second panic would hide what the first one says.
        assert!(dropped.join().is_ok() || std::thread::panicking());
    }
}

async fn run(statement: &str) {
    let url = std::env::var("DATABASE_URL").unwrap();
    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    // Names and passwords in it are the test's own.
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error}"));
    connection.close().await.unwrap();
}
