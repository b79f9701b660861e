//! A whole shop of one test's own: namespace, ledger, queues, topics, keys and roles, at
//! the shared API server, database, local AWS and legacy factory.
#![allow(dead_code, reason = "each test file uses its part of it")]

use crate::support::cluster::{Place, in_namespace};
use crate::support::ledger::{Ledger, declaration};
use crate::support::reserved::Reserved;
use crate::support::role::Role;
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName};
use kube::Api;
use kube::api::{ListParams, PostParams};
use restock_operator::crd::factory::Factory;
use restock_operator::crd::request::RestockRequest;
use restock_operator::crd::words::Phase;
use restock_operator::edge::aws;
use restock_operator::edge::sqs::Queue;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Longest that anything expected may take: the slowest case waits for a deadline of 3 s,
/// a guard of 2 s and a notice of 1 s, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// The shop.
pub(crate) struct Shop {
    pub(crate) place: Place,
    pub(crate) ledger: Ledger,
    pub(crate) queue: Queue,
    pub(crate) dead: Queue,
    inbox: Queue,
    pub(crate) mailbox: Queue,
    ops_topic: String,
    sqs: aws_sdk_sqs::Client,
    sns: aws_sdk_sns::Client,
    keys: PathBuf,
    receiver: Reserved,
    /// The one product, whose name no other test has.
    pub(crate) sku: String,
}

/// Runs a test in a shop of its own. `factory` is merged into the Factory's spec.
pub(crate) async fn in_shop<F: Future<Output = ()>>(
    factory: Value,
    test: impl FnOnce(std::sync::Arc<Shop>) -> F,
) {
    in_namespace(|place| async {
        let shop = std::sync::Arc::new(Shop::create(place, factory).await);
        test(shop.clone()).await;
        shop.close().await;
    })
    .await;
}

fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run this with `cargo xtask test`"))
}

impl Shop {
    async fn create(place: Place, factory: Value) -> Self {
        let config = aws::config().await.unwrap();
        let sqs = aws_sdk_sqs::Client::new(&config);
        let sns = aws_sdk_sns::Client::new(&config);
        let name = place.namespace.clone();
        let queue = async |suffix: &str| {
            let created = sqs.create_queue().queue_name(format!("{name}-{suffix}"));
            Queue::new(&config, created.send().await.unwrap().queue_url.unwrap())
        };
        let (dead, inbox, mailbox) = (
            queue("dead").await,
            queue("inbox").await,
            queue("ops").await,
        );
        let stock = queue("stock").await;
        let redrive = json!({
            "deadLetterTargetArn": dead.attributes().await.unwrap().arn, "maxReceiveCount": 2,
        });
        let setting = sqs
            .set_queue_attributes()
            .queue_url(stock.url())
            .attributes(QueueAttributeName::RedrivePolicy, redrive.to_string());
        setting.send().await.unwrap();
        let topic = sns
            .create_topic()
            .name(format!("{name}-ops"))
            .send()
            .await
            .unwrap();
        let ops_topic = topic.topic_arn.unwrap();
        let mailbox_arn = mailbox.attributes().await.unwrap().arn;
        let subscribing = sns.subscribe().topic_arn(&ops_topic).protocol("sqs");
        subscribing.endpoint(mailbox_arn).send().await.unwrap();
        let ledger = Ledger::create().await;
        let sku = format!("CP-{name}");
        ledger
            .store
            .apply_products(&[declaration(&sku, 10)])
            .await
            .unwrap();
        let keys = std::env::temp_dir().join(format!("{name}-keys"));
        std::fs::write(&keys, "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n").unwrap();
        let shop = Self {
            place,
            ledger,
            queue: stock,
            dead,
            inbox,
            mailbox,
            ops_topic,
            sqs,
            sns,
            keys,
            receiver: Reserved::new(),
            sku,
        };
        shop.open_factory(factory).await;
        shop
    }

    async fn open_factory(&self, settings: Value) {
        let mut spec = json!({
            "url": variable("FACTORY_URL"),
            "default": true,
            "allowInsecure": true,
            "defaultQuantity": 5,
        });
        let wanted = spec.as_object_mut().unwrap();
        wanted.extend(settings.as_object().unwrap().clone());
        let factory = json!({
            "apiVersion": "restock.dev/v1alpha1", "kind": "Factory",
            "metadata": { "name": "legacy" }, "spec": spec,
        });
        let factories: Api<Factory> =
            Api::namespaced(self.place.client.clone(), &self.place.namespace);
        let factory = serde_json::from_value(factory).unwrap();
        factories
            .create(&PostParams::default(), &factory)
            .await
            .unwrap();
    }

    async fn close(&self) {
        let _ = self
            .sns
            .delete_topic()
            .topic_arn(&self.ops_topic)
            .send()
            .await;
        for queue in [&self.queue, &self.dead, &self.inbox, &self.mailbox] {
            let _ = self.sqs.delete_queue().queue_url(queue.url()).send().await;
        }
        let _ = std::fs::remove_file(&self.keys);
    }

    fn settings(&self, more: &[(&'static str, String)]) -> Vec<(&'static str, String)> {
        let mut settings = vec![
            (
                "RESTOCK_DATABASE_URL",
                self.ledger.schema.url().expose_secret().to_owned(),
            ),
            ("RESTOCK_NAMESPACE", self.place.namespace.clone()),
            ("RUST_LOG", "info,restock_operator=debug".to_owned()),
        ];
        settings.extend(more.iter().cloned());
        settings
    }

    /// A controller with patience for tests.
    pub(crate) fn controller(&self) -> Role {
        self.controller_with(&[])
    }

    /// A controller that collects notices for so many seconds.
    pub(crate) fn controller_collecting(&self, seconds: u32) -> Role {
        self.controller_with(&[("RESTOCK_NOTICE_INTERVAL_SECONDS", seconds.to_string())])
    }

    /// A controller with further settings, or others.
    pub(crate) fn controller_with(&self, more: &[(&'static str, String)]) -> Role {
        let mut settings = self.settings(&[
            ("RESTOCK_OPS_TOPIC_ARN", self.ops_topic.clone()),
            (
                "RESTOCK_CALLBACK_URL",
                format!("http://{}", self.receiver.address),
            ),
            (
                "RESTOCK_CALLBACK_KEYS_FILE",
                self.keys.display().to_string(),
            ),
            ("RESTOCK_FACTORY_ALLOW", "127.0.0.1".to_owned()),
            ("RESTOCK_GUARD_SECONDS", "2".to_owned()),
            ("RESTOCK_LEDGER_SETTLE_SECONDS", "1".to_owned()),
            ("RESTOCK_INBOX_GRACE_SECONDS", "1".to_owned()),
            ("RESTOCK_NOTICE_INTERVAL_SECONDS", "1".to_owned()),
        ]);
        settings.extend(more.iter().cloned());
        Role::start("controller", &settings)
    }

    /// An ingest of the stock queue.
    pub(crate) fn ingest(&self) -> Role {
        self.ingest_with(&[])
    }

    /// An ingest with further settings.
    pub(crate) fn ingest_with(&self, more: &[(&'static str, String)]) -> Role {
        let mut settings = self.settings(more);
        settings.push(("RESTOCK_QUEUE_URL", self.queue.url().to_owned()));
        Role::start("ingest", &settings)
    }

    /// A receiver.
    pub(crate) fn receiver(&self) -> Role {
        self.receiver_with(&[])
    }

    /// A receiver with further settings, or others.
    pub(crate) fn receiver_with(&self, more: &[(&'static str, String)]) -> Role {
        let mut settings = self.settings(&[
            ("RESTOCK_LISTEN", self.receiver.address.to_string()),
            ("RESTOCK_INBOX_URL", self.inbox.url().to_owned()),
            (
                "RESTOCK_CALLBACK_KEYS_FILE",
                self.keys.display().to_string(),
            ),
        ]);
        settings.extend(more.iter().cloned());
        Role::start("receiver", &settings)
    }

    /// The requests of this shop.
    pub(crate) fn requests(&self) -> Api<RestockRequest> {
        Api::namespaced(self.place.client.clone(), &self.place.namespace)
    }

    /// A request made by hand; `requester` carries the wishes that the factory reads.
    pub(crate) async fn ask(&self, name: &str, quantity: u32, requester: &str) {
        let object = json!({
            "apiVersion": "restock.dev/v1alpha1", "kind": "RestockRequest",
            "metadata": { "name": name },
            "spec": { "productId": self.sku, "quantity": quantity, "requester": requester },
        });
        let object = serde_json::from_value(object).unwrap();
        self.requests()
            .create(&PostParams::default(), &object)
            .await
            .unwrap();
    }

    /// A message of the common shop, raw, in the stock queue.
    pub(crate) async fn send(&self, event_id: &str, quantity: u32, requester: &str) {
        self.send_with(event_id, quantity, requester, &[]).await;
    }

    /// The same with further attributes.
    pub(crate) async fn send_with(
        &self,
        event_id: &str,
        quantity: u32,
        requester: &str,
        more: &[(&str, &str)],
    ) {
        let quantity = quantity.to_string();
        let own = [
            ("EventId", event_id),
            ("MessageAttributeProductId", self.sku.as_str()),
            ("MessageAttributeProductCnt", quantity.as_str()),
            ("MessageAttributeRequester", requester),
        ];
        let mut sending = self
            .sqs
            .send_message()
            .queue_url(self.queue.url())
            .message_body("재고 부족");
        for (name, text) in own.iter().chain(more) {
            let attribute = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(*text);
            sending = sending.message_attributes(*name, attribute.build().unwrap());
        }
        sending.send().await.unwrap();
    }

    /// Waits until the request of this name looks right, and returns it.
    pub(crate) async fn wait_for(
        &self,
        name: &str,
        what: &str,
        right: impl Fn(&RestockRequest) -> bool,
    ) -> RestockRequest {
        let until = Instant::now() + PATIENCE;
        loop {
            let object = self.requests().get(name).await.unwrap();
            if right(&object) {
                return object;
            }
            assert!(
                Instant::now() < until,
                "waited for {what}, found {:#?}",
                object.status
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until all requests, `count` of them, are finished in this phase.
    pub(crate) async fn wait_for_all(&self, count: usize, phase: Phase) -> Vec<RestockRequest> {
        let until = Instant::now() + PATIENCE;
        loop {
            let all = self
                .requests()
                .list(&ListParams::default())
                .await
                .unwrap()
                .items;
            let ended = |object: &&RestockRequest| {
                object
                    .status
                    .as_ref()
                    .is_some_and(|status| status.phase == phase && status.finished)
            };
            if all.len() == count && all.iter().filter(ended).count() == count {
                return all;
            }
            let seen: Vec<_> = all.iter().map(|object| object.status.clone()).collect();
            assert!(
                Instant::now() < until,
                "waited for {count} {phase:?}, found {seen:#?}"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// What the factory received for this shop's product.
    pub(crate) async fn orders(&self) -> Vec<Value> {
        let mut url = reqwest::Url::parse(&variable("FACTORY_URL")).unwrap();
        url.set_path(&format!("/orders/{}", self.sku));
        let text = reqwest::get(url).await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Waits for a notice with this text in it, and returns it whole.
    pub(crate) async fn notice(&self, with: &str) -> String {
        let until = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        while Instant::now() < until {
            for message in self
                .mailbox
                .receive(10, Duration::from_secs(1), None)
                .await
                .unwrap()
            {
                self.mailbox
                    .delete_batch(&[&message.receipt])
                    .await
                    .unwrap();
                if message.body.contains(with) {
                    return message.body;
                }
                seen.push(message.body);
            }
        }
        panic!("no notice with {with:?}; seen: {seen:#?}");
    }

    /// The stock of the one product; checks that the books add up.
    pub(crate) async fn stock(&self) -> i64 {
        self.ledger.stock(&self.sku).await
    }
}

/// The status, which the API server always fills in.
pub(crate) fn reason(object: &RestockRequest) -> &'static str {
    let status = object
        .status
        .as_ref()
        .expect("the definition has a default status");
    status
        .reason
        .map_or("", restock_operator::crd::words::Reason::as_str)
}
