//! The accounts at the ledger that docs/install-eks.md makes, each with its Secret and with the
//! rights from there.

use crate::support::account::Account;
use crate::support::grants::On;
use crate::support::ledger::Schema;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

/// Of all of them: the documents ask for one each.
const PASSWORD: &str = "cluster-test";

/// Each account of the document, and the Secret with its URL.
const SECRETS: [(&str, &str); 4] = [
    ("restock_owner", "restock-database-migrate"),
    ("restock", "restock-database"),
    ("restock_sales", "restock-database-sales"),
    ("restock_relay", "restock-database-relay"),
];

/// One for each, in the order of [`SECRETS`].
pub(crate) struct Accounts(Vec<Account>);

impl Accounts {
    /// With what can be granted before there is any table.
    pub(crate) async fn create(schema: &Schema) -> Self {
        let mut accounts = Vec::new();
        for (name, _) in SECRETS {
            let account = Account::without_rights(PASSWORD).await;
            account
                .grant(name, schema.url().expose_secret(), On::Schema)
                .await;
            accounts.push(account);
        }
        Self(accounts)
    }

    /// Grants the rest, once the tables are there.
    pub(crate) async fn grant_tables(&self, schema: &Schema) {
        for ((name, _), account) in SECRETS.iter().zip(&self.0) {
            account
                .grant(name, schema.url().expose_secret(), On::Tables)
                .await;
        }
    }

    /// Their Secrets, with this URL by each of them.
    pub(crate) fn secrets(&self, url: &str) -> Value {
        let secret = |((_, name), account): (&(&str, &str), &Account)| {
            json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name },
                "stringData": { "url": account.url(url, PASSWORD) },
            })
        };
        let items: Vec<_> = SECRETS.iter().zip(&self.0).map(secret).collect();
        json!({ "apiVersion": "v1", "kind": "List", "items": items })
    }
}
