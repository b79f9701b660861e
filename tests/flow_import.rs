//! Needs a database. Proves that `products import` takes over the table of an old shop as it
//! is, all or none, and may be run again at any time.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/command.rs"]
mod command;
#[path = "support/ledger.rs"]
mod ledger;

use command::operator;
use ledger::{Ledger, Schema, declaration};
use restock_operator::domain::order::{FactoryId, ProductId, Quantity};
use restock_operator::edge::store::products::{Product, ProductDeclaration};
use secrecy::ExposeSecret;
use sqlx::AssertSqlSafe;

const GLAZED: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

/// The table as the old shop has it, in a schema of its own.
struct OldShop {
    schema: Schema,
}

impl OldShop {
    async fn with(id: &str, table: &str, rows: &[&str]) -> Self {
        let shop = Self {
            schema: Schema::create().await,
        };
        shop.run(&format!(
            "CREATE TABLE `{table}` (product_id {id} NOT NULL PRIMARY KEY, sku VARCHAR(45), \
             name VARCHAR(45) CHARACTER SET utf8mb4, price INT, stock INT, other TEXT)"
        ))
        .await;
        for row in rows {
            shop.run(&format!(
                "INSERT INTO `{table}` (product_id, sku, name, price, stock) VALUES ({row})"
            ))
            .await;
        }
        shop
    }

    async fn run(&self, statement: &str) {
        let pool = self.schema.pool().await;
        let statement = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()));
        statement.execute(&pool).await.unwrap();
        pool.close().await;
    }

    fn import(&self, ledger: &Ledger, more: &[&str]) -> (bool, String) {
        let (url, old) = (ledger.schema.url(), self.schema.url());
        let settings = [
            ("RESTOCK_DATABASE_URL", url.expose_secret()),
            ("RESTOCK_OLD_SHOP_URL", old.expose_secret()),
        ];
        operator(&[&["products", "import"], more].concat(), &settings)
    }
}

async fn by(ledger: &Ledger, name: &str) -> Option<Product> {
    let id = ProductId::parse(name).unwrap();
    ledger.product(&id).await.unwrap()
}

#[tokio::test]
async fn a_table_with_uuids_is_taken_over_once_and_may_be_again() {
    let uuid = format!(
        "X'{}', 'CP-502101', '글레이즈드 도넛', 1500, 12",
        GLAZED.replace('-', "")
    );
    let old = OldShop::with("BINARY(16)", "product", &[&uuid]).await;
    let ledger = Ledger::create().await;

    let (fine, said) = old.import(&ledger, &["--dry-run"]);
    assert!(
        fine && said.contains("CP-502101 would be created"),
        "{said}"
    );
    assert_eq!(by(&ledger, "CP-502101").await, None);

    let (fine, said) = old.import(&ledger, &[]);
    assert!(fine && said.contains("CP-502101 created"), "{said}");
    for name in ["CP-502101", GLAZED, &GLAZED.replace('-', "")] {
        let product = by(&ledger, name).await.unwrap();
        assert_eq!(
            (product.name.as_str(), product.price),
            ("글레이즈드 도넛", 1_500)
        );
    }
    assert_eq!(ledger.stock("CP-502101").await, 12);

    // The old shop has sold since; ours has its own books.
    old.run("UPDATE product SET stock = 3").await;
    let (fine, said) = old.import(&ledger, &[]);
    assert!(fine && said.contains("1 of 1 were as declared"), "{said}");
    assert_eq!(ledger.stock("CP-502101").await, 12);
}

#[tokio::test]
async fn what_the_ledger_knows_besides_stays() {
    let old = OldShop::with("BIGINT UNSIGNED", "donuts", &["7, 'A', 'new', 2, 99"]).await;
    let ledger = Ledger::create().await;
    let known = ProductDeclaration {
        reorder_point: 5,
        reorder_quantity: Some(Quantity::new(20).unwrap()),
        factory_id: Some(FactoryId::parse("FF-1").unwrap()),
        aliases: vec![ProductId::parse("by-hand").unwrap()],
        ..declaration("A", 10)
    };
    ledger.apply_products(&[known]).await.unwrap();

    let (fine, said) = old.import(&ledger, &["--table", "donuts"]);
    assert!(fine && said.contains("A changed"), "{said}");
    for name in ["A", "7", "by-hand"] {
        let product = by(&ledger, name).await.unwrap();
        assert_eq!((product.name.as_str(), product.price), ("new", 2));
        assert_eq!((product.stock, product.reorder_point), (10, 5));
        assert_eq!(product.factory_id.unwrap().as_str(), "FF-1");
    }
}

#[tokio::test]
async fn one_bad_row_and_nothing_is_written() {
    let rows = [
        "1, 'A', 'a', 1, 1",
        "2, 'B C', 'b', 1, 1",
        "3, 'C', 'c', 1, -1",
        "4, NULL, 'd', 1, 1",
    ];
    let old = OldShop::with("INT", "product", &rows).await;
    let ledger = Ledger::create().await;
    for more in [&["--dry-run"][..], &[]] {
        let (fine, _) = old.import(&ledger, more);
        assert!(!fine);
        assert!(ledger.products(None, 10).await.unwrap().is_empty());
    }
    // A name that is another product's in the ledger, in a table without a fault.
    old.run("DELETE FROM product WHERE product_id <> 1").await;
    let other = ProductDeclaration {
        aliases: vec![ProductId::parse("1").unwrap()],
        ..declaration("OTHER", 0)
    };
    ledger.apply_products(&[other]).await.unwrap();
    for more in [&["--dry-run"][..], &[]] {
        let (fine, _) = old.import(&ledger, more);
        assert!(!fine);
        assert_eq!(by(&ledger, "A").await, None);
    }
}

#[tokio::test]
async fn a_table_is_a_name_and_no_statement() {
    let old = OldShop::with("INT", "product", &["1, 'A', 'a', 1, 1"]).await;
    let ledger = Ledger::create().await;
    for table in ["product`; DROP TABLE product; --", "missing", "mysql.user"] {
        let (fine, _) = old.import(&ledger, &["--table", table]);
        assert!(!fine, "{table}");
    }
    assert!(ledger.products(None, 10).await.unwrap().is_empty());
    let (fine, said) = old.import(&ledger, &[]);
    assert!(fine && said.contains("A created"), "{said}");
}

#[tokio::test]
async fn more_than_a_transaction_holds_is_refused() {
    let old = OldShop::with("INT", "product", &[]).await;
    let rows: Vec<String> = (0..1_001)
        .map(|id| format!("({id}, 'S-{id}', 'n', 1, 1)"))
        .collect();
    let columns = "INSERT INTO product (product_id, sku, name, price, stock) VALUES";
    old.run(&format!("{columns} {}", rows.join(", "))).await;
    let ledger = Ledger::create().await;
    assert!(!old.import(&ledger, &[]).0);
    old.run("DELETE FROM product WHERE product_id = 1000").await;
    let (fine, said) = old.import(&ledger, &[]);
    assert!(fine && said.contains("S-999 created"), "{said}");
    assert_eq!(by(&ledger, "S-999").await.unwrap().stock, 1);
}
