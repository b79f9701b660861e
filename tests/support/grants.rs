//! A database account that may do what docs/install-eks.md grants it, and nothing else.

use super::account::Account;
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection};

impl Account {
    /// Creates it, with what the document grants to the account `name`, in the schema of this
    /// URL.
    pub(crate) async fn as_documented(name: &str, url: &str, password: &str) -> Self {
        let account = Self::without_rights(password).await;
        let schema = reqwest::Url::parse(url).unwrap();
        let schema = schema.path().trim_start_matches('/');
        let mut connection = MySqlConnection::connect(url).await.unwrap();
        for grant in documented(name) {
            let grant = grant
                .replace(" ON restock.", &format!(" ON {schema}."))
                .replace(
                    &format!(" TO {name}"),
                    &format!(" TO {}@'%'", account.name()),
                );
            sqlx::raw_sql(AssertSqlSafe(grant.clone()))
                .execute(&mut connection)
                .await
                .unwrap_or_else(|error| panic!("{grant}: {error}"));
        }
        connection.close().await.unwrap();
        account
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
