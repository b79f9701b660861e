//! Needs SQS, SNS and the programs of MariaDB. Proves that a thousand buyers of a hundred donuts
//! get one answer each and that the queue gets one message for each who got none, while two
//! shops, the relay and the database itself are killed, again and again.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/feed.rs"]
mod feed;
#[path = "support/ledger.rs"]
mod ledger;
#[path = "support/outbox.rs"]
mod outbox;
#[path = "support/own_database.rs"]
mod own_database;
#[path = "support/relay.rs"]
mod relay;
#[path = "support/reserved.rs"]
mod reserved;
#[path = "support/role.rs"]
mod role;
#[path = "support/street.rs"]
mod street;

use feed::{DOCUMENTED, Feed, with_feed};
use ledger::{Ledger, Schema};
use outbox::{rows, unsent};
use own_database::OwnDatabase;
use relay::eventually;
use role::Role;
use secrecy::ExposeSecret as _;
use std::collections::BTreeSet;
use street::Street;

/// How often something is killed: three times each.
const BLOWS: usize = 12;

/// Two shops and a relay.
struct Roles<'a> {
    street: &'a Street,
    feed: &'a Feed,
    running: [Option<Role>; 3],
}

impl Roles<'_> {
    fn start(&mut self, which: usize) {
        let url = self.street.ledger.schema.url();
        let url = url.expose_secret();
        let role = match which {
            2 => Role::start(
                "relay",
                &[
                    ("RESTOCK_TOPIC_ARN", self.feed.topic_arn.clone()),
                    ("RESTOCK_DATABASE_URL", url.to_owned()),
                ],
            ),
            shop => self.street.shop(shop, url),
        };
        self.running[which] = Some(role);
    }

    /// The database or one of these is killed, and comes back.
    async fn strike(&mut self, blow: usize, database: &mut OwnDatabase) {
        match blow % 4 {
            0 => {
                database.kill();
                database.start().await;
            }
            one => {
                let which = one - 1;
                self.running[which].take().unwrap().kill();
                self.start(which);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_buyer_gets_an_answer_and_the_queue_a_message_of_each_who_got_no_donut() {
    let mut database = OwnDatabase::create().await;
    let schema = Schema::create_in(&database.url()).await;
    let street = Street::open(Ledger::of(schema).await).await;
    with_feed(DOCUMENTED, async |feed| {
        let mut roles = Roles {
            street: &street,
            feed: &feed,
            running: Default::default(),
        };
        (0..3).for_each(|which| roles.start(which));
        let strike = async |blow| roles.strike(blow, &mut database).await;
        let answers = street.struck(BLOWS, strike).await;
        street.audit(&answers).await;
        let pool = street.ledger.schema.pool().await;
        assert!(
            eventually(async || unsent(&pool).await.is_empty()).await,
            "nothing is owed in the end"
        );
        let owed = rows(&pool).await.into_iter().map(|row| row.event_id);
        let arrived = feed.arrived().await.into_iter().map(|one| one.event_id);
        // One that was published when its relay died came twice.
        assert_eq!(arrived.collect::<BTreeSet<_>>(), owed.collect());
        let ended = roles.running.into_iter().flatten().all(Role::stop);
        assert!(ended, "they end in order");
    })
    .await;
}
