//! A database account that may do what docs/install-eks.md grants it, and nothing else.
#![allow(dead_code, reason = "each test file uses its part of it")]

use super::account::Account;
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection};

/// What a grant is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    /// The whole schema: it may be empty yet.
    Schema,
    /// Its tables, which must be there.
    Tables,
}

impl Account {
    /// Creates it, with what the document grants to the account `name`, in the migrated schema
    /// of this URL.
    pub(crate) async fn as_documented(name: &str, url: &str, password: &str) -> Self {
        let account = Self::without_rights(password).await;
        account.grant(name, url, On::Schema).await;
        account.grant(name, url, On::Tables).await;
        account
    }

    /// Grants it what the document grants to the account `name` on this part of the schema of
    /// this URL. A repeat is harmless.
    pub(crate) async fn grant(&self, name: &str, url: &str, on: On) {
        let schema = reqwest::Url::parse(url).unwrap();
        let schema = schema.path().trim_start_matches('/');
        let mut connection = MySqlConnection::connect(url).await.unwrap();
        for grant in documented(name) {
            let of_schema = grant.contains(" ON restock.* TO ");
            if of_schema != (on == On::Schema) {
                continue;
            }
            let to = format!(" TO {}@'%'", self.name());
            // As a pattern for one schema alone: what its maker was granted is a pattern too.
            let pattern = format!(" ON `{}`.*", schema.replace('_', "\\_"));
            let grant = grant
                .replace(&format!(" TO {name}"), &to)
                .replace(" ON restock.*", &pattern)
                .replace(" ON restock.", &format!(" ON {schema}."));
            sqlx::raw_sql(AssertSqlSafe(grant.clone()))
                .execute(&mut connection)
                .await
                .unwrap_or_else(|error| panic!("{grant}: {error}"));
        }
        connection.close().await.unwrap();
    }
}

fn documented(name: &str) -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/install-eks.md");
    let page = std::fs::read_to_string(path).unwrap();
    let grants = page.lines().filter(|line| line.starts_with("GRANT "));
    let end = format!(" TO {name};");
    let grants: Vec<String> = grants
        .filter(|line| line.ends_with(&end))
        .map(str::to_owned)
        .collect();
    assert!(
        !grants.is_empty(),
        "docs/install-eks.md grants {name} nothing"
    );
    grants
}
