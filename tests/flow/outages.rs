//! Database and AWS go away and come back under load: every message still becomes one
//! order and its goods.

use crate::support::proxy::Proxy;
use crate::support::shop::in_shop;
use reqwest::Url;
use restock_operator::crd::words::Phase;
use secrecy::ExposeSecret as _;
use serde_json::json;
use std::time::Duration;

/// Messages of one run.
const MESSAGES: usize = 24;

/// Between two messages. A neighbour is away for six of them at a time: longer than a
/// call's deadline for orders, callbacks and notices that are on their way just then.
const PAUSE: Duration = Duration::from_millis(700);

/// A way to this server, and the URL that takes it.
async fn way(url: &str) -> (Proxy, String) {
    let mut url = Url::parse(url).unwrap();
    let host = url.host_str().unwrap().to_owned();
    let proxy = Proxy::to(format!("{host}:{}", url.port().unwrap())).await;
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(proxy.address.port())).unwrap();
    (proxy, url.to_string())
}

#[tokio::test]
async fn database_and_aws_go_away_in_turn_and_nothing_is_lost() {
    in_shop(json!({}), |shop| async move {
        let (database, database_url) = way(shop.ledger.schema.url().expose_secret()).await;
        let (aws, aws_url) = way(&std::env::var("AWS_ENDPOINT_URL").unwrap()).await;
        let settings = [
            ("RESTOCK_DATABASE_URL", database_url),
            ("AWS_ENDPOINT_URL", aws_url),
        ];
        let _roles = [
            shop.ingest_with(&settings),
            shop.controller_with(&settings),
            shop.receiver_with(&settings),
        ];
        for number in 0..MESSAGES {
            // One at a time: a callback that finds both away is lost, which the factory's
            // single try makes unavoidable.
            match number % 12 {
                2 => database.cut(),
                5 => database.mend(),
                8 => aws.cut(),
                11 => aws.mend(),
                _ => {}
            }
            shop.send(&format!("event-{number}"), 1, "delay:900").await;
            tokio::time::sleep(PAUSE).await;
        }
        shop.wait_for_all(MESSAGES, Phase::Succeeded).await;
        assert_eq!(shop.stock().await, 10 + i64::try_from(MESSAGES).unwrap());
        assert_eq!(shop.orders().await.len(), MESSAGES, "one order per request");
        let dead = shop.dead.attributes().await.unwrap();
        assert_eq!(dead.messages_visible, 0, "no good message is a dead letter");
    })
    .await;
}
