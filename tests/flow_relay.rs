//! Needs SQS, SNS and a database. Proves that what the sales owe arrives as the request that
//! the outbox names, in whatever form and past whatever is wrong, and that nothing is published
//! that nobody would receive.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "flow_relay/audience.rs"]
mod audience;
#[path = "support/command.rs"]
mod command;
#[path = "support/feed.rs"]
mod feed;
#[path = "support/ledger.rs"]
mod ledger;
#[path = "flow_relay/outage.rs"]
mod outage;
#[path = "support/outbox.rs"]
mod outbox;
#[path = "support/relay.rs"]
mod relay;
#[path = "support/reserved.rs"]
mod reserved;
#[path = "support/role.rs"]
mod role;
#[path = "support/sns_way.rs"]
mod sns_way;

use feed::{Arrived, DOCUMENTED, Feed, Shape, with_feed};
use ledger::Ledger;
use outbox::{SKU, owe, owe_one, owe_text, rows, unsent};
use relay::{Relay, eventually};
use restock_operator::domain::order::{EventId, RequestId};
use restock_operator::process::install_tls;
use sqlx::mysql::MySqlPool;

/// What must have arrived, by what the outbox says.
async fn owed(pool: &MySqlPool) -> Vec<Arrived> {
    let rows = rows(pool).await.into_iter();
    let arrived = |row: outbox::Row| Arrived {
        event_id: row.event_id,
        request_id: row.request_id.expect("it is marked"),
        product: SKU.to_owned(),
        quantity: Some(3),
    };
    let mut owed: Vec<Arrived> = rows.map(arrived).collect();
    owed.sort();
    owed
}

async fn arrived(feed: &Feed) -> Vec<Arrived> {
    let mut arrived = feed.arrived().await;
    arrived.sort();
    arrived
}

async fn all_sent(pool: &MySqlPool) -> bool {
    eventually(async || unsent(pool).await.is_empty()).await
}

async fn arrives_once(shape: Shape, source: impl FnOnce(&Feed) -> String) {
    install_tls();
    let ledger = &Ledger::create().await;
    let pool = &ledger.schema.pool().await;
    with_feed(shape, async |feed| {
        owe(pool, 25).await;
        let relay = Relay::start(&feed, ledger);
        assert!(all_sent(pool).await, "{}", relay.readiness());
        owe_one(pool, "later").await;
        assert!(all_sent(pool).await, "{}", relay.readiness());
        assert_eq!(arrived(&feed).await, owed(pool).await);
        assert_eq!(relay.published(), 26);
        assert_eq!(relay.metric("restock_relay_subscription_verified"), 1);
        relay.says("[+] topic\n[+] subscription\n[+] ledger").await;
        let event = EventId::parse("later").unwrap();
        let request_id = RequestId::of_event(&source(&feed), &event);
        let last = rows(pool).await.pop().unwrap();
        assert_eq!(last.request_id.unwrap(), request_id.as_str());
        relay.stop().await;
        assert!(feed.notices().await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_message_arrives_once_in_its_envelope_as_the_request_of_its_row() {
    arrives_once(DOCUMENTED, |feed| feed.topic_arn.clone()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_message_arrives_once_raw_as_the_request_of_its_row() {
    let raw = Shape {
        raw: true,
        ..DOCUMENTED
    };
    arrives_once(raw, |feed| feed.queue_arn.clone()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fifo_topic_has_a_group_for_each_product_and_knows_an_event_again() {
    install_tls();
    let ledger = &Ledger::create().await;
    let pool = &ledger.schema.pool().await;
    let fifo = Shape {
        fifo: true,
        ..DOCUMENTED
    };
    with_feed(fifo, async |feed| {
        owe(pool, 12).await;
        let relay = Relay::start(&feed, ledger);
        assert!(all_sent(pool).await, "{}", relay.readiness());
        assert!(feed.groups().await.iter().all(|group| group == SKU));
        let forget = "UPDATE outbox SET sent_at = NULL, request_id = NULL";
        sqlx::query(forget).execute(pool).await.unwrap();
        assert!(all_sent(pool).await, "{}", relay.readiness());
        relay.stop().await;
        let arrived: Vec<_> = feed.arrived().await;
        let events: Vec<_> = arrived.iter().map(|one| one.event_id.as_str()).collect();
        let in_order: Vec<String> = (0..12).map(|number| format!("e{number}")).collect();
        assert_eq!(events, in_order, "once, although published twice");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relays_share_what_a_third_one_does_not_hold() {
    install_tls();
    let ledger = &Ledger::create().await;
    let pool = &ledger.schema.pool().await;
    with_feed(DOCUMENTED, async |feed| {
        owe(pool, 400).await;
        // As a relay that is in the middle of its page.
        let mut third = pool.begin().await.unwrap();
        let hold = "SELECT id FROM outbox WHERE sent_at IS NULL ORDER BY id LIMIT 30 FOR UPDATE";
        sqlx::query(hold).fetch_all(&mut *third).await.unwrap();
        let relays = [Relay::start(&feed, ledger), Relay::start(&feed, ledger)];
        let rest = eventually(async || unsent(pool).await.len() == 30).await;
        assert!(rest, "{} wait", unsent(pool).await.len());
        third.rollback().await.unwrap();
        assert!(all_sent(pool).await, "what it left is not passed over");
        let published = relays.iter().map(Relay::published).sum::<i64>();
        assert_eq!(published, 400, "none twice");
        for relay in relays {
            relay.stop().await;
        }
        assert_eq!(arrived(&feed).await, owed(pool).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_cannot_be_read_are_in_nobodys_way_and_seen() {
    install_tls();
    let ledger = &Ledger::create().await;
    let pool = &ledger.schema.pool().await;
    with_feed(DOCUMENTED, async |feed| {
        // More than one page of them, and the oldest.
        for number in 0..120 {
            owe_text(pool, &format!("junk-{number}"), "sold out").await;
        }
        owe_one(pool, "good").await;
        // Without a channel to the operations team, which it does not need for this.
        let relay = Relay::start_with(&feed, ledger, None);
        relay
            .says("[+] topic: 120 messages cannot be published")
            .await;
        assert_eq!(relay.metric("restock_relay_stuck_messages"), 120);
        assert_eq!(unsent(pool).await.len(), 120);
        assert_eq!(feed.arrived().await.len(), 1);
        // Somebody mends one.
        let mend = "UPDATE outbox SET body = (SELECT body FROM (SELECT body FROM outbox \
             WHERE event_id = 'good') AS good) WHERE event_id = 'junk-7'";
        sqlx::query(mend).execute(pool).await.unwrap();
        relay
            .says("[+] topic: 119 messages cannot be published")
            .await;
        assert_eq!(feed.arrived().await.len(), 1);
        relay.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lower_id_that_is_committed_later_goes_out_while_others_come_without_end() {
    install_tls();
    let ledger = &Ledger::create().await;
    let pool = &ledger.schema.pool().await;
    with_feed(DOCUMENTED, async |feed| {
        let mut slow = pool.begin().await.unwrap();
        owe_one(&mut *slow, "lower").await;
        let relay = Relay::start(&feed, ledger);
        relay.says("[+] subscription").await;
        let load = async {
            for number in 0_u64.. {
                owe_one(pool, &format!("e{number}")).await;
            }
        };
        let late = async {
            assert!(eventually(async || relay.published() > 100).await);
            slow.commit().await.unwrap();
            let lower = "SELECT COUNT(*) FROM outbox WHERE event_id = 'lower' AND sent_at IS NULL";
            let sent = eventually(async || {
                let unsent: i64 = sqlx::query_scalar(lower).fetch_one(pool).await.unwrap();
                unsent == 0
            });
            assert!(sent.await, "the others go before it for ever");
        };
        tokio::select! {
            () = load => unreachable!("it has no end"),
            () = late => {}
        }
        relay.stop().await;
    })
    .await;
}
