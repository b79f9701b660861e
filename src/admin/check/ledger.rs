//! The ledger: whether it can be reached, and whether its schema is new enough.

use super::report::Report;
use crate::edge::store::{Store, StoreError};
use crate::ledger;
use crate::process::args::DatabaseArgs;

pub(super) async fn check(database: &DatabaseArgs, report: &mut Report) {
    if !database.is_told() {
        let to_do = "not named: set RESTOCK_DATABASE_URL_FILE or RESTOCK_DATABASE_SECRET_ID";
        return report.bad("ledger", to_do);
    }
    match look(database).await {
        Ok(version) => report.good(
            "ledger",
            format!("answers; its schema is version {version}"),
        ),
        Err(why) => report.bad("ledger", format!("{why:#}")),
    }
    // A URL that cannot be read was told above.
    if let Ok(url) = ledger::url(database).await
        && Store::knows_server(&url) == Ok(false)
    {
        report.weak(
            "ledger",
            "the connection is not verified: whoever answers there gets the password; add \
             ?ssl-mode=VERIFY_IDENTITY&ssl-ca=FILE to the database URL or address, see docs/configuration.md",
        );
    }
}

async fn look(database: &DatabaseArgs) -> anyhow::Result<i64> {
    let store = ledger::open(database).await?;
    store.now().await.map_err(|error| match error {
        StoreError::Unavailable(why) => anyhow::anyhow!(
            "does not answer ({why}): check host, network and credentials of the database"
        ),
        other => other.into(),
    })?;
    store.require_schema().await?;
    Ok(store.schema_version().await?.unwrap_or_default())
}
