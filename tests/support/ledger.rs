//! A ledger of one test's own: a schema in the server of `DATABASE_URL`, migrated, and
//! dropped at the end, also when the test panics.
#![allow(dead_code, reason = "each test file uses its part of it")]
#![allow(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test"
)]

use restock_operator::domain::order::{Nonce, Quantity, RequestId, Sku};
use restock_operator::domain::time::Time;
use restock_operator::edge::store::Store;
use restock_operator::edge::store::arrivals::NewArrival;
use restock_operator::edge::store::attempts::NewAttempt;
use restock_operator::edge::store::migrate::migrate;
use restock_operator::edge::store::products::ProductDeclaration;
use secrecy::SecretString;
use sqlx::Connection;
use sqlx::migrate::MigrateDatabase;
use sqlx::mysql::{MySql, MySqlConnection, MySqlPool};
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::timeout;

/// Connections of one test's store: more than any test's smallest number of rivals for a
/// row, and few enough that all tests at once stay below the server's limit.
const CONNECTIONS: u32 = 8;

/// How long dropping a schema may take on a busy machine.
const DROP_DEADLINE: Duration = Duration::from_secs(20);

/// A schema of its own, without any table yet.
pub(crate) struct Schema {
    url: String,
}

impl Schema {
    /// Creates it. Fails, and never skips, where there is no server.
    pub(crate) async fn create() -> Self {
        let server = std::env::var("DATABASE_URL")
            .expect("DATABASE_URL is not set: run these tests by `cargo xtask test`");
        Self::create_in(&server).await
    }

    /// Creates it in this server.
    pub(crate) async fn create_in(server: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let mut url = reqwest::Url::parse(server).expect("it is a URL");
        let nanos = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_nanos();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        url.set_path(&format!(
            "restock_test_{}_{nanos}_{number}",
            std::process::id()
        ));
        let url = url.to_string();
        MySql::create_database(&url)
            .await
            .expect("its account may create schemas");
        Self { url }
    }

    /// Its URL, with the password.
    pub(crate) fn url(&self) -> SecretString {
        SecretString::from(self.url.clone())
    }

    /// Its URL through another address, in plain text so that a proxy can read it.
    pub(crate) fn url_by(&self, address: SocketAddr) -> SecretString {
        let mut url = reqwest::Url::parse(&self.url).unwrap();
        url.set_ip_host(address.ip()).unwrap();
        url.set_port(Some(address.port())).unwrap();
        url.set_query(Some("ssl-mode=disabled"));
        SecretString::from(url.to_string())
    }

    /// Host and port of the server.
    pub(crate) fn server(&self) -> (String, u16) {
        let url = reqwest::Url::parse(&self.url).unwrap();
        (
            url.host_str().unwrap().to_owned(),
            url.port().unwrap_or(3306),
        )
    }

    /// A plain pool for what a test looks at or does behind the store's back.
    pub(crate) async fn pool(&self) -> MySqlPool {
        MySqlPool::connect(&self.url).await.unwrap()
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let url = self.url.clone();
        // A thread of its own: a test's runtime may be gone, or be the one that panics.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime
                .unwrap()
                .block_on(async { timeout(DROP_DEADLINE, drop_schema(&url)).await })
        });
        let dropped = dropped.join();
        // A second panic would hide what the first one says.
        if !std::thread::panicking() {
            assert!(
                matches!(dropped, Ok(Ok(Ok(())))),
                "a schema is left behind: {dropped:?}"
            );
        }
    }
}

/// Ends every connection to the schema, then drops it: a transaction that a failed test
/// left open would hold it up for ever.
async fn drop_schema(url: &str) -> Result<(), sqlx::Error> {
    let mut connection = MySqlConnection::connect(url).await?;
    let others = "SELECT CAST(id AS SIGNED) FROM information_schema.processlist \
         WHERE db = DATABASE() AND id <> CONNECTION_ID()";
    for id in sqlx::query_scalar::<_, i64>(others)
        .fetch_all(&mut connection)
        .await?
    {
        // It may have ended by itself.
        let kill = sqlx::AssertSqlSafe(format!("KILL {id}"));
        // Not prepared: MySQL takes no parameter here.
        let _ = sqlx::raw_sql(kill).execute(&mut connection).await;
    }
    connection.close().await?;
    MySql::drop_database(url).await
}

/// A migrated ledger of a test's own.
pub(crate) struct Ledger {
    pub(crate) store: Store,
    pub(crate) schema: Schema,
}

impl Ledger {
    pub(crate) async fn create() -> Self {
        Self::of(Schema::create().await).await
    }

    /// That of this schema.
    pub(crate) async fn of(schema: Schema) -> Self {
        migrate(&schema.url(), |_| {}).await.unwrap();
        let store = Store::connect(&schema.url(), CONNECTIONS).unwrap();
        Self { store, schema }
    }

    /// A ledger with one product, [`SKU`], of which there are ten.
    pub(crate) async fn with_product() -> Self {
        let ledger = Self::create().await;
        ledger
            .store
            .apply_products(&[declaration(SKU, 10)])
            .await
            .unwrap();
        ledger
    }

    pub(crate) async fn stock(&self, text: &str) -> i64 {
        let levels = self.store.stock_levels(None, 100).await.unwrap();
        let level = levels.iter().find(|level| level.sku == sku(text)).unwrap();
        assert_eq!(
            level.stock,
            level.expected(),
            "the books of {text} do not add up: {level:?}"
        );
        level.stock
    }
}

impl Deref for Ledger {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.store
    }
}

/// The product of [`Ledger::with_product`].
pub(crate) const SKU: &str = "CP-502101";

pub(crate) fn sku(text: &str) -> Sku {
    Sku::parse(text).unwrap()
}

pub(crate) fn request(text: &str) -> RequestId {
    RequestId::parse(text).unwrap()
}

pub(crate) fn declaration(text: &str, opening_stock: i64) -> ProductDeclaration {
    ProductDeclaration {
        sku: sku(text),
        name: "글레이즈드 도넛".to_owned(),
        price: 1_500,
        opening_stock,
        reorder_point: 0,
        reorder_quantity: None,
        factory_id: None,
        aliases: Vec::new(),
    }
}

pub(crate) fn new_attempt(id: &str, attempt: u32, uid: &str) -> NewAttempt {
    NewAttempt {
        request_id: request(id),
        attempt,
        uid: uid.to_owned(),
        namespace: "shop".to_owned(),
        name: format!("rr-{id}"),
        sku: sku(SKU),
        quantity: Quantity::new(3).unwrap(),
        factory: "seoul".to_owned(),
        nonce: Nonce::new(format!("{id}-{attempt}-{uid}")),
        deadline_after: Duration::from_secs(300),
    }
}

pub(crate) fn new_arrival(id: &str, attempt: u32) -> NewArrival {
    NewArrival {
        request_id: request(id),
        attempt,
        uid: "uid-1".to_owned(),
        sku: sku(SKU),
        quantity: Quantity::new(3).unwrap(),
        note: None,
        body_digest: "0".repeat(64),
        received_at: Time::from_micros(1_800_000_000_000_000),
    }
}
