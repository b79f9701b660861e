//! Needs a database on this machine: `cargo xtask bench sales`. Measures how fast the shop
//! sells, in alternating rounds against a plain server on the same database with full
//! durability, and against one that asks no database at all: the limit.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on stops there"
)]

#[path = "../tests/support/ledger.rs"]
mod ledger;
mod support {
    pub(crate) mod awake;
    pub(crate) mod buyers;
    pub(crate) mod machine;
    pub(crate) mod plain_shop;
    pub(crate) mod role;
}

use ledger::{Ledger, declaration};
use secrecy::ExposeSecret as _;
use std::net::SocketAddr;
use std::time::Duration;
use support::awake::Awake;
use support::buyers::{Done, Taste, buy};
use support::machine::{self, Used};
use support::plain_shop::{self, PlainShop};
use support::role::Role;

/// Rounds of each side, one after the other in turns.
const ROUNDS: usize = 5;

/// How long the buyers of one round buy.
const ROUND: Duration = Duration::from_secs(2);

/// And before it, unmeasured.
const WARM_UP: Duration = Duration::from_millis(500);

/// More than any round sells.
const STOCK: i64 = 100_000_000;

/// Products of the last load.
const PRODUCTS: usize = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Plain,
    Ours,
    Limit,
}

const SIDES: [Side; 3] = [Side::Plain, Side::Ours, Side::Limit];

/// What one round of one side came to.
struct Round {
    done: Done,
    /// Sold before it was measured.
    warmed: u64,
    used: Used,
}

/// One of the loads.
struct Load {
    name: &'static str,
    buyers: usize,
    taste: Taste,
}

fn loads() -> Vec<Load> {
    let one = |name, buyers| Load {
        name,
        buyers,
        taste: Taste::One("P0".to_owned()),
    };
    vec![
        one("1 buyer", 1),
        one("32 buyers", 32),
        one("256 buyers", 256),
        one("1,024 buyers", 1_024),
        Load {
            name: "256 buyers, 1,000 products (Zipf)",
            buyers: 256,
            taste: Taste::zipf(PRODUCTS),
        },
    ]
}

async fn round(side: Side, load: &Load) -> Round {
    let ledger = Ledger::create().await;
    let products: Vec<_> = (0..PRODUCTS)
        .map(|number| declaration(&format!("P{number}"), STOCK))
        .collect();
    ledger.apply_products(&products).await.unwrap();
    let url = ledger.schema.url().expose_secret().to_owned();
    let round = match side {
        Side::Ours => {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            drop(listener);
            let settings = [
                ("RESTOCK_LISTEN", address.to_string()),
                ("RESTOCK_DATABASE_URL", url),
            ];
            let role = Role::start("sales", &settings);
            measure(address, role.id(), load).await
        }
        Side::Plain | Side::Limit => {
            let database = (side == Side::Plain).then_some(url.as_str());
            let shop = PlainShop::start(database);
            measure(shop.address, shop.child.id(), load).await
        }
    };
    if side != Side::Limit {
        audit(&ledger, round.warmed + round.done.sold).await;
    }
    round
}

async fn measure(address: SocketAddr, server: u32, load: &Load) -> Round {
    while tokio::net::TcpStream::connect(address).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Connections to the database and caches: the first purchases are slow on every side.
    let warmed = buy(address, load.buyers, &load.taste, WARM_UP).await;
    let before = Used::now(server).await;
    let done = buy(address, load.buyers, &load.taste, ROUND).await;
    Round {
        used: Used::now(server).await.since(&before, done.sold),
        warmed: warmed.sold,
        done,
    }
}

/// Opening is sold and left together, and each answer has its row.
async fn audit(ledger: &Ledger, answers: u64) {
    let levels = ledger.stock_levels(None, 2_000).await.unwrap();
    let sold: i64 = levels.iter().map(|level| level.sales).sum();
    assert!(levels.iter().all(|level| level.stock == level.expected()));
    let left: i64 = levels.iter().map(|level| level.stock).sum();
    assert_eq!(left + sold, STOCK * levels.len() as i64);
    assert_eq!(sold, answers as i64, "one sale for each answer");
    let pool = ledger.schema.pool().await;
    let kept = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM idempotency");
    assert_eq!(kept.fetch_one(&pool).await.unwrap(), answers as i64);
}

/// Minimum, median and maximum.
fn spread(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [
        values[0],
        values[values.len() / 2],
        values[values.len() - 1],
    ]
}

fn row(name: &str, values: Vec<f64>) {
    let [low, middle, high] = spread(values);
    println!("  {name:<34} {low:>11.2} {middle:>11.2} {high:>11.2}");
}

fn report(name: &str, rounds: &[Round]) {
    let each = |value: fn(&Round) -> f64| rounds.iter().map(value).collect();
    println!("  {name}");
    row("  purchases/s", each(|round| round.done.rate()));
    row("  p50, ms", each(|round| round.done.per_mille(500)));
    row("  p99, ms", each(|round| round.done.per_mille(990)));
    row("  p99.9, ms", each(|round| round.done.per_mille(999)));
    row("  server CPU, us/purchase", each(|round| round.used.server));
    row(
        "  database CPU, us/purchase",
        each(|round| round.used.database),
    );
    row(
        "  writes to disk/purchase",
        each(|round| round.used.flushes),
    );
}

async fn compare(load: &Load) {
    println!(
        "\n{:<36} {:>11} {:>11} {:>11}",
        load.name, "minimum", "median", "maximum"
    );
    let mut rounds = [const { Vec::new() }; 3];
    for number in 0..ROUNDS {
        // Taking turns in who begins: the second has the first one's remains.
        for turn in 0..3 {
            let side = (number + turn) % 3;
            let round = round(SIDES[side], load).await;
            rounds[side].push(round);
        }
    }
    let [plain, ours, limit] = &rounds;
    report("a plain server", plain);
    report("restock-operator sales", ours);
    report("no database (the limit)", limit);
    let ratio = |value: fn(&Round) -> f64, to: &[Round]| {
        let pairs = ours.iter().zip(to);
        pairs.map(|(us, them)| value(us) / value(them)).collect()
    };
    row(
        "ours / plain: purchases/s",
        ratio(|round| round.done.rate(), plain),
    );
    row(
        "ours / plain: p99",
        ratio(|round| round.done.per_mille(990), plain),
    );
    row(
        "ours / limit: purchases/s",
        ratio(|round| round.done.rate(), limit),
    );
}

#[tokio::main]
async fn main() {
    restock_operator::process::install_tls();
    if !plain_shop::is_not_it().await {
        return;
    }
    machine::require_durability().await;
    let _awake = Awake::keep();
    let only = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    for load in loads() {
        if only
            .as_ref()
            .is_none_or(|only| load.name.contains(only.as_str()))
        {
            compare(&load).await;
        }
    }
}
