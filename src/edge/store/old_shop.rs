//! The product table of the shop that was there before, read once, to be taken over.

use super::{SESSION, options};
use secrecy::SecretString;
use sqlx::mysql::{MySql, MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row};
use std::time::Duration;
use tokio::time::timeout;

/// How long connecting, and reading a thousand rows, may take each: seconds are plenty.
const STEP_DEADLINE: Duration = Duration::from_secs(10);

/// Longest name of a table (MySQL Reference Manual, "Identifier Length Limits").
const TABLE_CHARACTERS_MAX: usize = 64;

/// Why the old shop's products cannot be read; without a word of its URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the old shop's database: {0}")]
pub struct OldShopError(String);

/// The name of a table, which no statement can take as a parameter: it holds nothing that
/// could end the quotes around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableName(String);

impl TableName {
    /// Parses 1 to 64 letters, digits and underscores.
    ///
    /// # Errors
    /// What is wrong, in words for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let fits = (1..=TABLE_CHARACTERS_MAX).contains(&text.len());
        if fits && text.chars().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            let most = TABLE_CHARACTERS_MAX;
            Err(format!("a table has 1 to {most} letters, digits and _"))
        }
    }
}

/// How the old shop knows a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OldId {
    /// The bytes of a UUID.
    Uuid([u8; 16]),
    /// A number, as text.
    Number(String),
    /// Another thing, which nothing is made of.
    Other,
}

/// A row as it is; nothing in it is to be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldProduct {
    /// `product_id`.
    pub id: OldId,
    /// `sku`.
    pub sku: Option<String>,
    /// `name`.
    pub name: Option<String>,
    /// `price`, as the database writes it.
    pub price: Option<String>,
    /// `stock`, as the database writes it.
    pub stock: Option<String>,
}

/// Reads the first `limit` products, in the order of their ids.
///
/// # Errors
/// [`OldShopError`]; a read changes nothing.
pub async fn old_products(
    url: &SecretString,
    table: &TableName,
    limit: u32,
) -> Result<Vec<OldProduct>, OldShopError> {
    let options = options(url).map_err(|error| OldShopError(error.to_string()))?;
    let mut connection: MySqlConnection = step(options.connect()).await?;
    step(connection.execute(SESSION)).await?;
    let TableName(table) = table;
    // Numbers as text: a price of another type must not be rounded on its way. Texts one
    // longer than any that is taken, so that a longer one is seen and not kept.
    let select = format!(
        "SELECT product_id, CAST(LEFT(sku, 256) AS CHAR) AS sku, \
         CAST(LEFT(name, 256) AS CHAR) AS name, CAST(price AS CHAR) AS price, \
         CAST(stock AS CHAR) AS stock FROM `{table}` ORDER BY product_id LIMIT ?"
    );
    let query = sqlx::query(AssertSqlSafe(select)).bind(limit);
    let rows = step(query.fetch_all(&mut connection)).await?;
    let products: Result<Vec<OldProduct>, sqlx::Error> = rows.iter().map(product).collect();
    // All is read: how it closes does not matter.
    let _ = step(connection.close()).await;
    products.map_err(|error| OldShopError(error.to_string()))
}

fn product(row: &MySqlRow) -> Result<OldProduct, sqlx::Error> {
    Ok(OldProduct {
        id: id(row),
        sku: row.try_get("sku")?,
        name: row.try_get("name")?,
        price: row.try_get("price")?,
        stock: row.try_get("stock")?,
    })
}

/// By the type of the column: sixteen digits are not a UUID.
fn id(row: &MySqlRow) -> OldId {
    fn get<'r, T>(row: &'r MySqlRow) -> Option<T>
    where
        T: sqlx::Decode<'r, MySql> + sqlx::Type<MySql>,
    {
        row.try_get("product_id").ok()
    }
    if let Some(number) = get::<i64>(row) {
        OldId::Number(number.to_string())
    } else if let Some(number) = get::<u64>(row) {
        OldId::Number(number.to_string())
    } else if get::<&str>(row).is_some() {
        OldId::Other
    } else {
        let bytes = get::<&[u8]>(row).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(OldId::Other, OldId::Uuid)
    }
}

async fn step<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, OldShopError> {
    match timeout(STEP_DEADLINE, work).await {
        Ok(ended) => ended.map_err(|error| OldShopError(error.to_string())),
        Err(_) => Err(OldShopError("no answer in time".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_a_plain_name() {
        assert!(TableName::parse("product").is_ok());
        for hostile in ["", "a`b", "a.b", "a b", "a;--", "é", &"x".repeat(65)] {
            assert!(TableName::parse(hostile).is_err(), "{hostile}");
        }
    }
}
