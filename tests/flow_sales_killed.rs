//! Needs a database. Proves that a thousand buyers of a hundred donuts get one answer each, the
//! same whenever they ask, and that not one is sold twice, while two shops are killed and their
//! way to the ledger is cut, again and again.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/ledger.rs"]
mod ledger;
#[path = "support/proxy.rs"]
mod proxy;
#[path = "support/reserved.rs"]
mod reserved;
#[path = "support/role.rs"]
mod role;
#[path = "support/street.rs"]
mod street;

use ledger::Ledger;
use proxy::Proxy;
use role::Role;
use secrecy::ExposeSecret as _;
use std::time::Duration;
use street::Street;
use tokio::time::sleep;

/// How often the shop is killed, and its way cut: four times each.
const BLOWS: usize = 12;

#[tokio::test]
async fn a_thousand_buyers_a_hundred_donuts_and_a_shop_that_dies() {
    let street = Street::open(Ledger::create().await).await;
    let (host, port) = street.ledger.schema.server();
    let way = Proxy::to(format!("{host}:{port}")).await;
    let url = street.ledger.schema.url_by(way.address);
    let open = |which| Some(street.shop(which, url.expose_secret()));
    let mut shops = [0, 1].map(open);
    let strike = async |blow| match blow % 3 {
        0 => {
            way.cut();
            sleep(Duration::from_millis(150)).await;
            way.mend();
        }
        one => {
            let which = one - 1;
            shops[which].take().unwrap().kill();
            shops[which] = open(which);
        }
    };
    let answers = street.struck(BLOWS, strike).await;
    street.audit(&answers).await;
    let ended = shops.into_iter().flatten().all(Role::stop);
    assert!(ended, "they end in order");
}
