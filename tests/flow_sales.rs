//! Needs a database. Proves what buyers' programs are answered: sales, refusals, repeats, wrong
//! bodies and hostile ones, and that nothing is sold in between.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/ledger.rs"]
mod ledger;
#[path = "flow_sales/old_shop.rs"]
mod old_shop;
#[path = "support/proxy.rs"]
mod proxy;
#[path = "support/store_front.rs"]
mod store_front;

use futures::future::join_all;
use ledger::{Ledger, SKU, declaration};
use reqwest::StatusCode;
use restock_operator::domain::order::ProductId;
use serde_json::json;
use std::time::Duration;
use store_front::{Answered, StoreFront};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

#[tokio::test]
async fn a_purchase_a_sale_and_a_sell_out() {
    let shop = StoreFront::open(&[]).await;
    let bought = shop.buy("k1", 4).await;
    assert_eq!(bought.status, StatusCode::OK);
    let sold = bought.json();
    assert_eq!(
        (&sold["remaining"], &sold["quantity"]),
        (&json!(6), &json!(4))
    );
    let id = sold["saleId"].as_str().unwrap();
    let sale = shop.get(&format!("/v1/sales/{id}")).await.json();
    assert_eq!(
        (&sale["buyer"], &sale["sku"]),
        (&json!("minji"), &json!(SKU))
    );
    assert!(sale["soldAt"].as_str().unwrap().ends_with('Z'), "{sale}");

    let failed = shop.buy("k2", 7).await;
    assert_eq!(
        (failed.status, failed.reason()),
        (StatusCode::CONFLICT, "OutOfStock".to_owned())
    );
    let problem = failed.json();
    assert_eq!(
        (&problem["available"], &problem["restock"]),
        (&json!(6), &json!("Requested"))
    );
    assert_eq!(shop.buy("k3", 7).await.json()["restock"], "UnderWay");
    assert_eq!((shop.ledger.stock(SKU).await, shop.owed().await), (6, 2));
    shop.close().await;
}

#[tokio::test]
async fn a_repeat_gets_the_same_bytes_and_buys_nothing() {
    let shop = StoreFront::open(&[]).await;
    let tries = join_all((0..20).map(|_| shop.buy("same", 3))).await;
    assert!(tries.iter().all(|answer| answer.text == tries[0].text));
    let (first, again) = (shop.buy("none", 9).await, shop.buy("none", 9).await);
    assert_eq!(first.text, again.text);
    assert_eq!(
        shop.buy("\"same\"", 3).await.text,
        tries[0].text,
        "in quotes, as the draft says"
    );
    assert_eq!(shop.buy("same", 2).await.reason(), "KeyReused");
    let unknown = json!({ "sku": "NONE", "quantity": 3, "buyer": "minji" }).to_string();
    let unknown = shop.post("/v1/checkout", Some("same"), unknown).await;
    assert_eq!(
        (unknown.status.as_u16(), unknown.reason().as_str()),
        (422, "KeyReused"),
        "of a product that is not there"
    );
    assert_eq!((shop.ledger.stock(SKU).await, shop.owed().await), (7, 1));
    shop.close().await;
}

#[tokio::test]
async fn three_hundred_at_once_share_transactions_and_never_oversell() {
    let shop = StoreFront::open(&[]).await;
    let keys: Vec<String> = (0..300).map(|n| format!("k{n}")).collect();
    let answers = join_all(keys.iter().map(|key| shop.buy(key, 1))).await;
    let sold = |answer: &&Answered| answer.status == StatusCode::OK;
    assert_eq!(answers.iter().filter(sold).count(), 10);
    assert_eq!((shop.ledger.stock(SKU).await, shop.owed().await), (0, 290));
    let page = shop.process.registry.encode().unwrap();
    let groups = "restock_sales_group_purchases_count ";
    let groups = page.lines().find_map(|line| line.strip_prefix(groups));
    let groups: u32 = groups.unwrap().parse().unwrap();
    assert!(groups < 200, "{groups} transactions for 300 purchases");
    assert!(
        page.contains("restock_sales_purchases_total{result=\"OutOfStock\"} 290\n"),
        "{page}"
    );
    shop.close().await;
}

#[tokio::test]
async fn what_is_wrong_is_named_and_changes_nothing() {
    let shop = StoreFront::open(&[]).await;
    let good = json!({ "sku": SKU, "quantity": 1, "buyer": "b" }).to_string();
    let post = |key, body: &str| shop.post("/v1/checkout", key, body.to_owned());
    let long = "x".repeat(129);
    for key in [None, Some(""), Some("a b"), Some(long.as_str())] {
        assert_eq!(
            post(key, &good).await.fields(),
            ["Idempotency-Key"],
            "{key:?}"
        );
    }
    let bodies = [
        ("", "body"),
        ("[1]", "body"),
        ("{\"sku\": \"A\", ", "body"),
        (r#"{"sku":7,"quantity":1,"buyer":"b"}"#, "sku"),
        (
            r#"{"sku":"'; DROP TABLE sale","quantity":1,"buyer":"b"}"#,
            "sku",
        ),
        (r#"{"sku":"A","quantity":0,"buyer":"b"}"#, "quantity"),
        (
            r#"{"sku":"A","quantity":2147483648,"buyer":"b"}"#,
            "quantity",
        ),
        (r#"{"sku":"A","quantity":1,"buyer":"b","price":0}"#, "price"),
    ];
    for (body, field) in bodies {
        assert_eq!(post(Some("k"), body).await.fields(), [field], "{body}");
    }
    let deep = "[".repeat(4_000);
    assert_eq!(post(Some("k"), &deep).await.fields(), ["body"]);
    let long = post(Some("k"), &"x".repeat(5_000)).await;
    assert_eq!(
        (long.status.as_u16(), long.reason().as_str()),
        (413, "BodyTooLarge")
    );
    let unknown = json!({ "sku": "NONE", "quantity": 1, "buyer": "b" }).to_string();
    let unknown = post(Some("k"), &unknown).await;
    assert_eq!(
        (unknown.status.as_u16(), unknown.reason().as_str()),
        (404, "UnknownProduct")
    );
    assert_eq!(
        post(Some("k"), &good).await.status,
        StatusCode::OK,
        "the key is still free"
    );
    assert_eq!((shop.ledger.stock(SKU).await, shop.owed().await), (9, 0));
    shop.close().await;
}

#[tokio::test]
async fn other_routes_and_methods_say_what_there_is() {
    let shop = StoreFront::open(&[]).await;
    let nowhere = shop.get("/product/donut").await;
    assert_eq!(
        (nowhere.status.as_u16(), nowhere.reason().as_str()),
        (404, "NoSuchRoute")
    );
    assert!(nowhere.text.contains("POST /v1/checkout"), "{nowhere:?}");
    let method = shop.request("DELETE", "/v1/checkout").await;
    assert_eq!(
        (method.status.as_u16(), method.reason().as_str()),
        (405, "NoSuchMethod")
    );
    assert_eq!(method.headers["allow"], "POST");
    let asked = shop.request("OPTIONS", "/v1/checkout").await;
    assert_eq!(asked.reason(), "NoSuchMethod", "no page may call");
    assert_eq!(shop.get("/v1/sales/none").await.reason(), "UnknownSale");
    assert_eq!(
        shop.get("/v1/products/none").await.reason(),
        "UnknownProduct"
    );
    assert_eq!(shop.get("/v1/products/a%20b").await.fields(), ["sku"]);
    assert_eq!(shop.get("/v1/products/%ff").await.fields(), ["sku"]);
    assert_eq!(shop.get("/v1/sales/%ff").await.fields(), ["id"]);
    let document = shop.get("/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["paths"].as_object().unwrap().len(), 4);
    shop.close().await;
}

#[tokio::test]
async fn products_come_in_pages_and_by_every_name() {
    let ledger = Ledger::create().await;
    let mut products: Vec<_> = (0..5).map(|n| declaration(&format!("P{n}"), n)).collect();
    products[3].aliases = vec![ProductId::parse("502103").unwrap()];
    ledger.apply_products(&products).await.unwrap();
    let shop = StoreFront::open_on(ledger, &[]).await;
    let page = shop.get("/v1/products?limit=3").await.json();
    assert_eq!(page["next"], "P2");
    let rest = shop.get("/v1/products?limit=3&after=P2").await.json();
    assert_eq!(
        (rest["products"].as_array().unwrap().len(), &rest["next"]),
        (2, &json!(null))
    );
    assert_eq!(shop.get("/v1/products?limit=0").await.fields(), ["limit"]);
    assert_eq!(shop.get("/v1/products?limit=x").await.fields(), ["limit"]);
    let unknown = shop.get("/v1/products?page=1").await;
    assert_eq!(unknown.fields(), ["query"]);
    let detail = unknown.json()["detail"].clone();
    let expected = "query cannot be read: page: unknown field `page`, expected `after` or `limit`";
    assert_eq!(detail, expected);
    assert_eq!(shop.get("/v1/products?after=a/b").await.fields(), ["after"]);
    assert_eq!(shop.get("/v1/products/502103").await.json()["sku"], "P3");
    let body = json!({ "sku": "502103", "quantity": 1, "buyer": "b" }).to_string();
    let bought = shop.post("/v1/checkout", Some("k"), body).await.json();
    assert_eq!(
        (&bought["sku"], &bought["remaining"]),
        (&json!("P3"), &json!(2))
    );
    shop.close().await;
}

#[tokio::test]
async fn pages_of_named_origins_may_call() {
    let shop = StoreFront::open(&["--cors-origins=https://shop.example"]).await;
    let preflight = |origin: &'static str| {
        let request =
            reqwest::Client::new().request(reqwest::Method::OPTIONS, shop.url("/v1/checkout"));
        let request = request
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "idempotency-key");
        async { Answered::read(request.send().await.unwrap()).await.headers }
    };
    let allowed = "access-control-allow-origin";
    assert_eq!(
        preflight("https://shop.example").await[allowed],
        "https://shop.example"
    );
    assert!(
        !preflight("https://other.example")
            .await
            .contains_key(allowed)
    );
    let nowhere = shop.request("OPTIONS", "/nowhere").await;
    assert_eq!((nowhere.status.as_u16(), nowhere.text.as_str()), (200, ""));
    let own = shop.get("/v1/products").await;
    assert_eq!(
        own.headers["access-control-expose-headers"], "retry-after",
        "else a page cannot read it"
    );
    shop.close().await;
}

#[tokio::test]
async fn a_ledger_that_is_away_costs_no_sale_and_sells_nothing_twice() {
    let shop = StoreFront::open(&[]).await;
    assert_eq!(shop.buy("before", 1).await.status, StatusCode::OK);
    shop.way.cut();
    let away = shop.buy("during", 1).await;
    assert_eq!(
        (away.status.as_u16(), away.reason().as_str()),
        (503, "Unavailable")
    );
    assert!(away.headers.contains_key("retry-after"));
    assert!(away.text.contains("This try bought nothing"), "{away:?}");
    assert!(!away.text.contains("127.0.0.1"), "{away:?}");
    shop.way.mend();
    let repeated = timeout(Duration::from_secs(30), async {
        loop {
            let answer = shop.buy("during", 1).await;
            if answer.status == StatusCode::OK {
                return answer;
            }
            sleep(Duration::from_millis(100)).await;
        }
    });
    assert_eq!(repeated.await.unwrap().json()["remaining"], 8);
    assert_eq!(shop.ledger.stock(SKU).await, 8);
    shop.close().await;
}

#[tokio::test]
async fn connections_that_ended_meanwhile_cost_no_purchase() {
    let shop = StoreFront::open(&[]).await;
    let questions = join_all((0..20).map(|_| shop.get("/v1/products"))).await;
    assert!(questions.iter().all(|one| one.status == StatusCode::OK));
    shop.way.cut();
    sleep(Duration::from_millis(50)).await;
    shop.way.mend();
    for key in ["a", "b", "c"] {
        assert_eq!(shop.buy(key, 1).await.status, StatusCode::OK, "{key}");
    }
    shop.close().await;
}

#[tokio::test]
async fn readers_leave_connections_to_buyers() {
    let shop = StoreFront::open(&[]).await;
    // Questions of which each takes a while, far more than there are connections.
    let pool = shop.ledger.schema.pool().await;
    let mut holder = pool.begin().await.unwrap();
    let lock = "SELECT stock FROM product WHERE sku = 'CP-502101' FOR UPDATE";
    sqlx::query(lock).execute(&mut *holder).await.unwrap();
    let buying = shop.buy("waits", 1);
    let reading = join_all((0..200).map(|_| shop.get("/v1/products")));
    let freeing = async {
        sleep(Duration::from_millis(300)).await;
        holder.rollback().await.unwrap();
    };
    let (bought, read, ()) = tokio::join!(buying, reading, freeing);
    assert_eq!(bought.status, StatusCode::OK);
    assert!(read.iter().all(|answer| answer.status == StatusCode::OK));
    shop.close().await;
}

#[tokio::test]
async fn who_says_nothing_makes_room() {
    let shop = StoreFront::open(&[]).await;
    // More than any server here takes at once would need as many files: it is enough that a
    // half request ends in time when the shop closes, and holds nobody up.
    let mut half = TcpStream::connect(shop.address).await.unwrap();
    half.write_all(b"GET /v1/pro").await.unwrap();
    assert_eq!(shop.get("/v1/products").await.status, StatusCode::OK);
    let mut large = TcpStream::connect(shop.address).await.unwrap();
    let head = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    let _ = large.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = timeout(Duration::from_secs(10), large.read_to_end(&mut answer)).await;
    assert!(
        answer.starts_with(b"HTTP/1.1 431"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    shop.close().await;
}

#[tokio::test]
async fn whoever_is_connected_at_the_end_is_answered() {
    let shop = StoreFront::open(&[]).await;
    let mut late = TcpStream::connect(shop.address).await.unwrap();
    let body = json!({ "sku": SKU, "quantity": 1, "buyer": "b" }).to_string();
    let head = format!(
        "POST /v1/checkout HTTP/1.1\r\nHost: shop\r\nIdempotency-Key: late\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    late.write_all(head.as_bytes()).await.unwrap();
    shop.process.shutdown.cancel();
    sleep(Duration::from_millis(1_500)).await;
    late.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    late.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        answer.to_ascii_lowercase().contains("connection: close"),
        "{answer}"
    );
    shop.close().await;
}
