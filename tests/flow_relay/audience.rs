//! Nothing is published that nobody would receive, and the operations team hears of it once.

use super::command::operator;
use super::feed::{DOCUMENTED, Shape, with_feed};
use super::ledger::Ledger;
use super::outbox::{owe, unsent};
use super::relay::{Relay, eventually};
use super::{all_sent, arrived, owed};
use restock_operator::process::install_tls;
use secrecy::ExposeSecret;
use std::time::Duration;
use tokio::time::sleep;

/// A time in which a relay that may publish would have published: many looks.
const QUIET: Duration = Duration::from_secs(3);

/// A queue that does not let the topic in.
const SHUT: Shape = Shape {
    admitted: false,
    ..DOCUMENTED
};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_subscription_messages_are_held_and_that_is_told_once() {
    install_tls();
    let ledger = &Ledger::create().await;
    let pool = &ledger.schema.pool().await;
    let unheard = Shape {
        subscribed: false,
        ..DOCUMENTED
    };
    with_feed(unheard, async |feed| {
        owe(pool, 3).await;
        let relays = [Relay::start(&feed, ledger), Relay::start(&feed, ledger)];
        for relay in &relays {
            let says = format!(
                "[-] subscription: no queue subscribes to {}",
                feed.topic_arn
            );
            relay.says(&says).await;
        }
        sleep(QUIET).await;
        let [first, second] = relays;
        first.stop().await;
        let third = Relay::start(&feed, ledger);
        third.says("[-] subscription: no queue subscribes").await;
        let notices = feed.notices().await;
        assert_eq!(notices.len(), 1, "{notices:?}");
        let said = "[restock] out-of-stock messages are held back: nobody receives them";
        assert!(notices[0].starts_with(said), "{notices:?}");
        let to_do = format!(
            "aws sns subscribe --topic-arn {} --protocol sqs",
            feed.topic_arn
        );
        assert!(notices[0].contains(&to_do), "{notices:?}");
        assert_eq!(unsent(pool).await.len(), 3, "nothing is lost");
        assert_eq!(third.metric("restock_relay_subscription_verified"), 0);
        assert_eq!(third.metric("restock_relay_unsent_messages"), 3);

        // Mended: it goes on by itself.
        feed.subscribe().await;
        assert!(all_sent(pool).await, "{}", second.readiness());
        assert_eq!(arrived(&feed).await, owed(pool).await);
        for relay in [second, third] {
            relay.says("[+] subscription").await;
            relay.stop().await;
        }

        // And broken once more: that is news.
        feed.unsubscribe().await;
        let relay = Relay::start(&feed, ledger);
        relay.says("[-] subscription").await;
        let told = eventually(async || feed.notices().await.len() == 1).await;
        assert!(told, "a second loss is told too");
        relay.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_does_not_let_the_topic_in_is_named_with_the_statement_to_add() {
    install_tls();
    let ledger = &Ledger::create().await;
    let pool = &ledger.schema.pool().await;
    with_feed(SHUT, async |feed| {
        owe(pool, 1).await;
        let relay = Relay::start(&feed, ledger);
        let queue = &feed.queue_arn;
        relay
            .says(&format!(
                "[-] subscription: the policy of {queue} does not let the topic send"
            ))
            .await;
        let notices = feed.notices().await.join("\n");
        let statement = restock_operator::edge::sqs::policy::statement(&feed.topic_arn, queue);
        assert!(notices.contains(&statement), "{notices}");
        assert_eq!(unsent(pool).await.len(), 1);
        feed.admit().await;
        assert!(all_sent(pool).await, "{}", relay.readiness());
        relay.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_gone_receives_nothing_and_a_filter_is_no_certain_no() {
    install_tls();
    let ledger = &Ledger::create().await;
    let pool = &ledger.schema.pool().await;
    with_feed(DOCUMENTED, async |feed| {
        feed.filter().await;
        let relay = Relay::start(&feed, ledger);
        let queue = &feed.queue_arn;
        let doubt = format!(
            "[+] subscription: cannot verify: the subscription of {queue} has a filter policy"
        );
        relay.says(&doubt).await;
        owe(pool, 1).await;
        assert!(all_sent(pool).await, "it publishes all the same");
        relay.stop().await;

        feed.delete_queue().await;
        let relay = Relay::start(&feed, ledger);
        let gone = format!("[-] subscription: {queue} subscribes and does not exist");
        relay.says(&gone).await;
        relay.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_shut_beside_one_that_is_open_is_told_and_holds_nothing_up() {
    install_tls();
    let ledger = &Ledger::create().await;
    let pool = &ledger.schema.pool().await;
    with_feed(DOCUMENTED, async |feed| {
        let shut = feed.subscribe_mailbox().await;
        let relays = [Relay::start(&feed, ledger), Relay::start(&feed, ledger)];
        let says = format!("[+] subscription: the policy of {shut} does not let the topic send");
        for relay in &relays {
            relay.says(&says).await;
            assert_eq!(relay.metric("restock_relay_subscription_verified"), 0);
        }
        let notices = feed.notices().await;
        assert_eq!(notices.len(), 1, "{notices:?}");
        let said = "[restock] a queue receives no out-of-stock messages";
        assert!(notices[0].starts_with(said), "{notices:?}");
        let statement = restock_operator::edge::sqs::policy::statement(&feed.topic_arn, &shut);
        assert!(notices[0].contains(&statement), "{notices:?}");
        owe(pool, 1).await;
        assert!(all_sent(pool).await, "it publishes all the same");
        for relay in relays {
            relay.stop().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_mended_so_that_it_cannot_be_verified_is_news_when_it_breaks_again() {
    install_tls();
    let ledger = &Ledger::create().await;
    with_feed(SHUT, async |feed| {
        let relay = Relay::start(&feed, ledger);
        relay.says("[-] subscription").await;
        let told = async || eventually(async || feed.notices().await.len() == 1).await;
        assert!(told().await);
        feed.admit().await;
        feed.filter().await;
        relay.says("[+] subscription: cannot verify").await;
        relay.stop().await;
        feed.unsubscribe().await;
        let relay = Relay::start(&feed, ledger);
        relay.says("[-] subscription").await;
        assert!(told().await, "a second loss is told too");
        relay.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_never_goes_to_the_topic_of_the_messages() {
    install_tls();
    let ledger = &Ledger::create().await;
    let pool = &ledger.schema.pool().await;
    with_feed(SHUT, async |feed| {
        owe(pool, 1).await;
        let relay = Relay::start_with(&feed, ledger, Some(feed.topic_arn.clone()));
        relay.says("[-] subscription").await;
        relay.says("[-] notices: ").await;
        sleep(QUIET).await;
        relay.stop().await;
        // The local AWS looks at no policy: it would be there.
        assert_eq!(feed.queue.attributes().await.unwrap().messages_visible, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_of_the_role_sees_what_the_role_sees() {
    install_tls();
    let ledger = &Ledger::create().await;
    with_feed(SHUT, async |feed| {
        let url = ledger.schema.url().expose_secret().to_owned();
        let check = |more: &[(&str, &str)]| {
            let given = [
                ("RESTOCK_DATABASE_URL", url.as_str()),
                ("RESTOCK_TOPIC_ARN", feed.topic_arn.as_str()),
            ];
            operator(&["check", "--role", "relay"], &[&given, more].concat())
        };
        let (fine, said) = check(&[]);
        assert!(!fine, "{said}");
        for line in [
            "ok     ledger: answers",
            "WRONG  subscription: the policy of ",
            "note   notices: nobody would be told",
        ] {
            assert!(said.contains(line), "{line:?} in\n{said}");
        }
        feed.admit().await;
        let (fine, said) = check(&[("RESTOCK_OPS_TOPIC_ARN", &feed.ops_topic_arn)]);
        assert!(fine, "{said}");
        let receives = format!("ok     subscription: {} receives what", feed.queue_arn);
        for line in [receives.as_str(), "ok     notice topic: confirmed"] {
            assert!(said.contains(line), "{line:?} in\n{said}");
        }
        assert_eq!(said.lines().count(), 4, "and looks at nothing else: {said}");
    })
    .await;
}
