//! Calls that are refused, answers that do not come, and processes that end.

use super::feed::{DOCUMENTED, Feed, with_feed};
use super::ledger::Ledger;
use super::outbox::{owe, owe_text, shortage, unsent};
use super::relay::eventually;
use super::reserved::Reserved;
use super::role::Role;
use super::sns_way::{PUBLISH, SnsWay};
use super::{all_sent, arrived, owed};
use restock_operator::process::install_tls;
use secrecy::ExposeSecret;
use std::time::Duration;
use tokio::time::sleep;

/// The relay as a process of its own, with this way to SNS.
struct Apart {
    role: Role,
    admin: Reserved,
}

impl Apart {
    fn start(feed: &Feed, ledger: &Ledger, way: &SnsWay) -> Self {
        let admin = Reserved::new();
        let url = ledger.schema.url().expose_secret().to_owned();
        let settings = [
            ("RESTOCK_TOPIC_ARN", feed.topic_arn.clone()),
            ("RESTOCK_DATABASE_URL", url),
            ("RESTOCK_ADMIN_LISTEN", admin.address.to_string()),
            way.setting(),
        ];
        Self {
            role: Role::start("relay", &settings),
            admin,
        }
    }

    async fn says(&self, text: &str) {
        let mut last = String::new();
        let url = format!("http://{}/readyz?verbose", self.admin.address);
        let said = eventually(async || {
            if let Ok(page) = reqwest::get(&url).await {
                last = page.text().await.unwrap();
            }
            last.contains(text)
        });
        assert!(said.await, "{text:?} is not in {last}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_publish_and_mark_the_next_one_publishes_the_same_events_again() {
    install_tls();
    let ledger = &Ledger::create().await;
    let pool = &ledger.schema.pool().await;
    with_feed(DOCUMENTED, async |feed| {
        owe(pool, 5).await;
        let way = SnsWay::new().await;
        way.hold(true);
        let dying = Apart::start(&feed, ledger, &way);
        way.has_published(1).await;
        dying.role.kill();
        assert_eq!(unsent(pool).await.len(), 5);
        way.hold(false);
        let heir = Apart::start(&feed, ledger, &way);
        assert!(all_sent(pool).await);
        assert!(heir.role.stop());
        let arrived = arrived(&feed).await;
        assert_eq!(arrived.len(), 10);
        let mut once = arrived;
        once.dedup();
        assert_eq!(once, owed(pool).await, "twice, and the same requests");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_it_finishes_what_it_has_in_hand_and_begins_nothing() {
    install_tls();
    let ledger = &Ledger::create().await;
    let pool = &ledger.schema.pool().await;
    with_feed(DOCUMENTED, async |feed| {
        owe(pool, 150).await;
        let way = SnsWay::new().await;
        way.hold(true);
        let relay = Apart::start(&feed, ledger, &way);
        way.has_published(10).await;
        let stopping = tokio::task::spawn_blocking(move || relay.role.stop());
        // Long enough for the signal to be heard.
        sleep(Duration::from_secs(1)).await;
        way.hold(false);
        assert!(stopping.await.unwrap(), "in order");
        assert_eq!(unsent(pool).await.len(), 50, "one page, and no other");
        assert_eq!(arrived(&feed).await.len(), 100);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn throttled_denied_or_away_it_waits_and_goes_on() {
    install_tls();
    let ledger = &Ledger::create().await;
    let pool = &ledger.schema.pool().await;
    with_feed(DOCUMENTED, async |feed| {
        let way = SnsWay::new().await;
        let relay = Apart::start(&feed, ledger, &way);
        relay.says("[+] topic").await;
        for (refusal, says) in [
            ((400, "Throttled"), "[-] topic: throttled"),
            ((503, "ServiceUnavailable"), "[-] topic: unavailable"),
            ((403, "AuthorizationError"), "[-] topic: denied"),
            ((404, "NotFound"), "[-] topic: does not exist"),
            // Such as a key that is disabled: nobody's messages are at fault.
            ((400, "KMSDisabled"), "[-] topic: refused"),
        ] {
            way.refuse(Some((PUBLISH, refusal)));
            owe(pool, 12).await;
            relay.says(says).await;
            assert_eq!(unsent(pool).await.len(), 12, "{says}");
            way.refuse(None);
            assert!(all_sent(pool).await, "{says}");
            relay.says("[+] topic").await;
            assert_eq!(arrived(&feed).await, owed(pool).await, "{says}");
            let clean = sqlx::query("DELETE FROM outbox").execute(pool).await;
            clean.unwrap();
        }
        assert!(relay.role.stop());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_the_topic_refuses_is_left_and_the_others_of_its_batch_are_sent() {
    install_tls();
    let ledger = &Ledger::create().await;
    let pool = &ledger.schema.pool().await;
    with_feed(DOCUMENTED, async |feed| {
        let way = SnsWay::new().await;
        way.poison("POISON");
        let mut poison = shortage("poison");
        poison.requester = Some("POISON".to_owned());
        owe_text(pool, "poison", &serde_json::to_string(&poison).unwrap()).await;
        owe(pool, 12).await;
        let relay = Apart::start(&feed, ledger, &way);
        relay
            .says("[+] topic: 1 messages cannot be published")
            .await;
        assert_eq!(unsent(pool).await, ["poison"]);
        assert_eq!(arrived(&feed).await.len(), 12);
        // It is left alone: not tried at every look.
        let calls = way.calls();
        sleep(Duration::from_secs(3)).await;
        assert_eq!(way.calls(), calls);
        assert!(relay.role.stop());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_ask_publishes_and_says_so() {
    install_tls();
    let ledger = &Ledger::create().await;
    let pool = &ledger.schema.pool().await;
    with_feed(DOCUMENTED, async |feed| {
        let way = SnsWay::new().await;
        way.refuse(Some((
            "ListSubscriptionsByTopic",
            (403, "AuthorizationError"),
        )));
        owe(pool, 1).await;
        let relay = Apart::start(&feed, ledger, &way);
        relay.says("[+] subscription: cannot verify: ").await;
        relay.says("allow sns:ListSubscriptionsByTopic on it").await;
        assert!(all_sent(pool).await);
        assert_eq!(arrived(&feed).await, owed(pool).await);
        assert!(relay.role.stop());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_answer_nothing_is_published() {
    install_tls();
    let ledger = &Ledger::create().await;
    let pool = &ledger.schema.pool().await;
    with_feed(DOCUMENTED, async |feed| {
        let way = SnsWay::new().await;
        way.refuse(Some(("ListSubscriptionsByTopic", (400, "Throttled"))));
        owe(pool, 1).await;
        let relay = Apart::start(&feed, ledger, &way);
        relay
            .says("[-] subscription: not known yet: throttled")
            .await;
        assert_eq!((unsent(pool).await.len(), way.calls()), (1, 0));
        way.refuse(None);
        assert!(all_sent(pool).await);
        assert!(relay.role.stop());
    })
    .await;
}
