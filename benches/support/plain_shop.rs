//! The shop as a good programmer writes it at first: one transaction for each purchase, on the
//! same tables and with the same promises. And the same without a database, which is the limit.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use sqlx::mysql::{MySqlPool, MySqlPoolOptions};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use tokio::net::TcpListener;

/// Connections to the database: more only wait for the same row.
const CONNECTIONS: u32 = 10;

/// Says to a copy of the benchmark that it is this server, on that port.
const PORT: &str = "RESTOCK_BENCH_PLAIN_PORT";

/// And on this database; none is the limit.
const DATABASE: &str = "RESTOCK_BENCH_PLAIN_DATABASE";

#[derive(Deserialize)]
struct Checkout {
    sku: String,
    quantity: u32,
    buyer: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sold {
    sale_id: String,
    sku: String,
    quantity: u32,
    remaining: i64,
}

/// A server of this kind in a process of its own.
pub(crate) struct PlainShop {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
}

impl PlainShop {
    /// One on this database, or one without any.
    pub(crate) fn start(database: Option<&str>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        drop(listener);
        let mut command = Command::new(std::env::current_exe().expect("it runs"));
        command.env(PORT, address.port().to_string());
        if let Some(url) = database {
            command.env(DATABASE, url);
        }
        let child = command.stdin(Stdio::null()).spawn();
        Self {
            child: child.expect("it starts again"),
            address,
        }
    }
}

impl Drop for PlainShop {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves for ever, if this process was started to; says whether it was not.
pub(crate) async fn is_not_it() -> bool {
    let Ok(port) = std::env::var(PORT) else {
        return true;
    };
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await;
    let router = match std::env::var(DATABASE) {
        Err(_) => Router::new().route("/v1/checkout", post(say)),
        Ok(url) => {
            let options = MySqlPoolOptions::new()
                .max_connections(CONNECTIONS)
                // One round trip less for each purchase, as in ours.
                .test_before_acquire(false);
            let pool = options.connect_lazy(&url).expect("a database URL");
            Router::new()
                .route("/v1/checkout", post(sell))
                .with_state(pool)
        }
    };
    let listener = listener.expect("the port is free");
    use axum::serve::ListenerExt as _;
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, router).await.expect("it serves");
    false
}

async fn say(Json(wanted): Json<Checkout>) -> Json<Sold> {
    Json(Sold {
        sale_id: wanted.buyer,
        sku: wanted.sku,
        quantity: wanted.quantity,
        remaining: 0,
    })
}

async fn sell(
    State(pool): State<MySqlPool>,
    headers: HeaderMap,
    Json(wanted): Json<Checkout>,
) -> Result<Json<Sold>, StatusCode> {
    let key = headers
        .get("Idempotency-Key")
        .and_then(|key| key.to_str().ok());
    let key = key.ok_or(StatusCode::BAD_REQUEST)?.to_owned();
    loop {
        match transaction(&pool, &key, &wanted).await {
            Ok(answer) => return answer.map(Json).ok_or(StatusCode::CONFLICT),
            // Another purchase was in the way.
            Err(sqlx::Error::Database(why)) if why.message().contains("try restarting") => {}
            Err(why) => {
                eprintln!("{why}");
                return Err(StatusCode::INTERNAL_SERVER_ERROR);
            }
        }
    }
}

const NOW: &str = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))";

async fn transaction(
    pool: &MySqlPool,
    key: &str,
    wanted: &Checkout,
) -> Result<Option<Sold>, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let taken = sqlx::query("UPDATE product SET stock = stock - ? WHERE sku = ? AND stock >= ?")
        .bind(wanted.quantity)
        .bind(&wanted.sku)
        .bind(wanted.quantity)
        .execute(&mut *transaction)
        .await?;
    if taken.rows_affected() == 0 {
        return Ok(None);
    }
    let remaining: i64 = sqlx::query_scalar("SELECT stock FROM product WHERE sku = ?")
        .bind(&wanted.sku)
        .fetch_one(&mut *transaction)
        .await?;
    let sold = Sold {
        sale_id: format!("sale-{key}"),
        sku: wanted.sku.clone(),
        quantity: wanted.quantity,
        remaining,
    };
    let sale = format!(
        "INSERT INTO sale (id, sku, quantity, requester, sold_at) VALUES (?, ?, ?, ?, {NOW})"
    );
    sqlx::query(sqlx::AssertSqlSafe(sale))
        .bind(&sold.sale_id)
        .bind(&wanted.sku)
        .bind(wanted.quantity)
        .bind(&wanted.buyer)
        .execute(&mut *transaction)
        .await?;
    let answer = format!(
        "INSERT INTO idempotency (idempotency_key, request_digest, status, answer, created_at) \
         VALUES (?, ?, 200, ?, {NOW})"
    );
    sqlx::query(sqlx::AssertSqlSafe(answer))
        .bind(key)
        .bind(format!(
            "{}-{}-{}",
            wanted.sku, wanted.quantity, wanted.buyer
        ))
        .bind(serde_json::to_string(&sold).unwrap_or_default())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(Some(sold))
}
