//! Needs an API server with RBAC, a database, SQS and SNS. Proves that `check` says what is
//! misconfigured, by the exit code too, and that `check --role` is content with the settings,
//! the rights and the database account of that role.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/account.rs"]
mod account;
#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/command.rs"]
mod command;
#[path = "support/identity.rs"]
mod identity;
#[path = "support/inbox.rs"]
mod inbox;
#[path = "support/ledger.rs"]
mod ledger;
#[path = "support/proxy.rs"]
mod proxy;
#[path = "support/receiver.rs"]
mod receiver;
#[path = "support/stock_queue.rs"]
mod stock_queue;

use account::Account;
use cluster::{Place, in_namespace};
use command::operator;
use identity::{File, Identity, settings_of};
use inbox::Inbox;
use kube::api::{Api, PostParams};
use ledger::{Ledger, Schema};
use restock_operator::crd::factory::Factory;
use restock_operator::process::install_tls;
use secrecy::ExposeSecret;
use serde_json::json;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use stock_queue::with_queues;

async fn factory(place: &Place, name: &str) {
    let factories: Api<Factory> = Api::namespaced(place.client.clone(), &place.namespace);
    let object = json!({
        "apiVersion": "restock.dev/v1alpha1", "kind": "Factory",
        "metadata": { "name": name },
        "spec": { "url": "https://factory.example.com/api/manufactures", "default": true },
    });
    let object = serde_json::from_value(object).unwrap();
    factories
        .create(&PostParams::default(), &object)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_says_what_is_wrong_and_what_to_do() {
    install_tls();
    let schema = &Schema::create().await;
    let name = format!("restock-test-check-{}", std::process::id());
    with_queues(&name, 3, async |queues| {
        in_namespace(async |place| {
            factory(&place, "seoul").await;
            factory(&place, "busan").await;
            let arn = queues.state().await.arn;
            let topic = arn.replace(":sqs:", ":sns:");
            let (fine, text) = operator(
                &["check", "--namespace", &place.namespace],
                &[
                    ("RESTOCK_DATABASE_URL", schema.url().expose_secret()),
                    ("RESTOCK_QUEUE_URL", queues.queue.url()),
                    ("RESTOCK_DLQ_URL", &format!("{}-missing", queues.dead.url())),
                    // As it is no callback may be parked in it: too few receives, too short.
                    ("RESTOCK_INBOX_URL", queues.queue.url()),
                    ("RESTOCK_TOPIC_ARN", &topic),
                    ("RESTOCK_OPS_TOPIC_ARN", &format!("{topic}-missing")),
                    ("RESTOCK_OPS_EMAIL_FROM", "nobody@unverified.example"),
                    ("RESTOCK_OPS_EMAIL_TO", "ops@example.com"),
                    ("RESTOCK_MAPPING_FILE", "/nonexistent/mapping"),
                    ("RESTOCK_CALLBACK_URL", "receiver:8090"),
                    ("RESTOCK_CALLBACK_KEYS_FILE", "/nonexistent/keys"),
                    ("RESTOCK_FACTORY_ALLOW", "factory.example.com"),
                ],
            );
            assert!(!fine, "{text}");
            for wrong in [
                "WRONG  callback URL: \"receiver:8090\"",
                "WRONG  callback keys: cannot read the secret file /nonexistent/keys",
                "ok     factory hosts: factory.example.com",
                "ok     notices: go to ",
                "WRONG  notice topic: ",
                "does not exist: create it, or correct RESTOCK_OPS_TOPIC_ARN",
                "WRONG  notice sender: nobody@unverified.example is not verified",
                "WRONG  mapping: the mapping file /nonexistent/mapping cannot be read",
                "WRONG  ledger: ",
                "WRONG  queue: maxReceiveCount is 3",
                "WRONG  dead letters: ",
                "WRONG  inbox: parked callbacks are lost with their time",
                "WRONG  inbox: maxReceiveCount is 3",
                "WRONG  topic: the queue's policy does not let",
                "ok     definition: restockrequests.restock.dev",
                "ok     rights of controller: complete",
                &format!("WRONG  factories in {}: 2 are the default", place.namespace),
            ] {
                assert!(text.contains(wrong), "{wrong:?} in\n{text}");
            }
            assert!(text.contains("restock-operator migrate"), "{text}");
        })
        .await;
    })
    .await;
}

/// What a shop with nothing wrong sets, by the names of all roles' variables.
struct Shop {
    settings: BTreeMap<&'static str, String>,
    _account: Account,
    _files: [File; 3],
    _inboxes: (Inbox, Inbox),
}

impl Shop {
    async fn create(
        place: &Place,
        ledger: &Ledger,
        queues: &stock_queue::StockQueue,
        receiver: SocketAddr,
    ) -> Self {
        factory(place, "seoul").await;
        // What docs/configuration.md grants the roles of a release.
        let account = Account::with_rights("pass", "SELECT, INSERT, UPDATE").await;
        let inboxes = Inbox::as_documented().await;
        let url = account.url(ledger.schema.url().expose_secret(), "pass");
        let files = [
            File::create("url", &url),
            File::create("keys", "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"),
            File::create("mapping", "productId: fields.sku\n"),
        ];
        let settings = BTreeMap::from([
            ("RESTOCK_NAMESPACE", place.namespace.clone()),
            ("RESTOCK_DATABASE_URL_FILE", files[0].path()),
            ("RESTOCK_CALLBACK_KEYS_FILE", files[1].path()),
            ("RESTOCK_MAPPING_FILE", files[2].path()),
            ("RESTOCK_CALLBACK_URL", format!("http://{receiver}")),
            ("RESTOCK_RECEIVER_URL", format!("http://{receiver}/")),
            ("RESTOCK_FACTORY_ALLOW", "factory.example.com".into()),
            ("RESTOCK_OPS_TOPIC_ARN", queues.mailbox().await.0),
            ("RESTOCK_QUEUE_URL", queues.queue.url().to_owned()),
            ("RESTOCK_DLQ_URL", queues.dead.url().to_owned()),
            ("RESTOCK_INBOX_URL", inboxes.0.url.clone()),
        ]);
        Self {
            settings,
            _account: account,
            _files: files,
            _inboxes: inboxes,
        }
    }

    /// Checks as this role: with the variables of its Deployment alone, the mapping that an
    /// installation may have, and who it is in the cluster.
    fn check(&self, role: &str, kubeconfig: &str, change: (&str, &str)) -> (bool, String) {
        let of_role = settings_of(role);
        let mut settings: Vec<(&str, &str)> = vec![("KUBECONFIG", kubeconfig)];
        for (name, value) in &self.settings {
            if of_role.contains(*name) || (*name == "RESTOCK_MAPPING_FILE" && role != "controller")
            {
                settings.push((name, value));
            }
        }
        settings.push(change);
        operator(&["check", "--role", role], &settings)
    }
}

const NO_CHANGE: (&str, &str) = ("RUST_LOG", "warn");
const NOWHERE: &str = "/nonexistent/kubeconfig";

/// What each role looks at, and nothing else, where the receiver is at this address.
fn looks(receiver: SocketAddr) -> [(&'static str, Vec<String>); 4] {
    let of_controller = [
        &format!("callback URL: http://{receiver}"),
        &format!("way of callbacks: http://{receiver} answers"),
        &format!("way to the receiver: http://{receiver}/ answers"),
        "callback keys: 1 read",
        "factory hosts: factory.example.com",
        "ledger: answers",
        "notices: go to",
        "notice topic: confirmed subscriptions: 1",
        "definition: restockrequests.restock.dev is served, with every field",
        "definition: factories.restock.dev is served, with every field",
        "rights of controller: complete",
        "lease of controller: complete",
        "factories in",
    ];
    let of_ingest = [
        "mapping: ",
        "queue: messages that nobody can read",
        "definition: restockrequests.restock.dev is served, with every field",
        "rights of ingest: complete",
    ];
    let of_receiver = [
        "callback keys: 1 read",
        "ledger: answers",
        "inbox: parked callbacks are kept",
    ];
    let of_dlq = [
        "mapping: ",
        "ledger: answers",
        "queue: messages that nobody can read",
        "dead letters: come from the queue, and are kept for longer",
        "notices: go to",
        "notice topic: confirmed subscriptions: 1",
    ];
    let owned = |looks: &[&str]| looks.iter().map(|look| (*look).to_owned()).collect();
    [
        ("controller", owned(&of_controller)),
        ("ingest", owned(&of_ingest)),
        ("receiver", owned(&of_receiver)),
        ("dlq", owned(&of_dlq)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_is_content_with_its_own_settings_and_rights() {
    install_tls();
    let ledger = &Ledger::create().await;
    let name = format!("restock-test-check-role-{}", std::process::id());
    with_queues(&name, 5, async |queues| {
        in_namespace(async |place| {
            let receiver = receiver::Shop::open().await;
            let address = receiver.address;
            let shop = Shop::create(&place, ledger, &queues, address).await;
            for (role, looks) in looks(address) {
                let identity = Identity::of_role(role, &place).await;
                let (fine, text) = shop.check(role, &identity.kubeconfig(), NO_CHANGE);
                assert!(fine, "{role}: {text}");
                let good: Vec<&str> = text.lines().filter(|line| line.starts_with("ok")).collect();
                assert_eq!(good.len(), looks.len(), "{role}: {text}");
                for look in looks {
                    let said = format!("ok     {look}");
                    assert!(text.contains(&said), "{role}: {said:?} in\n{text}");
                }
            }
            receiver.close().await;
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_role_lacks_is_one_line_and_what_to_do() {
    install_tls();
    let ledger = &Ledger::create().await;
    let name = format!("restock-test-check-lacks-{}", std::process::id());
    with_queues(&name, 5, async |queues| {
        in_namespace(async |place| {
            // Nobody listens there.
            let nowhere = "127.0.0.1:9".parse().unwrap();
            let shop = Shop::create(&place, ledger, &queues, nowhere).await;
            let nobody = Identity::without_rights(&place);
            let cases = [
                (
                    "ingest",
                    nobody.kubeconfig(),
                    NO_CHANGE,
                    2,
                    "may not create restockrequests (restock.dev)",
                ),
                (
                    "controller",
                    nobody.kubeconfig(),
                    NO_CHANGE,
                    14,
                    "rights of controller: may not watch factories (restock.dev)",
                ),
                (
                    "controller",
                    NOWHERE.to_owned(),
                    NO_CHANGE,
                    2,
                    "way to the receiver: http://127.0.0.1:9/ does not answer",
                ),
                (
                    "receiver",
                    NOWHERE.to_owned(),
                    ("RESTOCK_INBOX_URL", ""),
                    1,
                    "inbox: not named: set RESTOCK_INBOX_URL",
                ),
                (
                    "dlq",
                    NOWHERE.to_owned(),
                    ("RESTOCK_DATABASE_URL_FILE", "/nonexistent/url"),
                    1,
                    "ledger: cannot read the secret file /nonexistent/url",
                ),
                ("ingest", NOWHERE.to_owned(), NO_CHANGE, 1, "set KUBECONFIG"),
            ];
            for (role, kubeconfig, change, count, said) in cases {
                let (fine, text) = shop.check(role, &kubeconfig, change);
                assert!(!fine, "{role}: {text}");
                let mut wrong = text.lines().filter(|line| line.starts_with("WRONG"));
                assert_eq!(wrong.clone().count(), count, "{role}: {text}");
                assert!(wrong.any(|line| line.contains(said)), "{role}: {text}");
            }
        })
        .await;
    })
    .await;
}

/// Answers everything as the default backend of an ingress does.
async fn web_server() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, axum::Router::new()).into_future());
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_that_answers_404_too_is_no_receiver() {
    install_tls();
    let address = web_server().await;
    let (public, inside) = (format!("http://{address}/in"), format!("http://{address}"));
    let (fine, text) = operator(
        &["check", "--role", "controller"],
        &[
            ("KUBECONFIG", NOWHERE),
            ("RESTOCK_CALLBACK_URL", &public),
            ("RESTOCK_RECEIVER_URL", &inside),
        ],
    );
    assert!(!fine, "{text}");
    for wrong in [
        format!("WRONG  way of callbacks: {public} answers 404, and is no receiver"),
        format!("`curl -i {public}/v1/arrivals/` must show restock-role: receiver"),
        format!("WRONG  way to the receiver: {inside} answers 404, and is no receiver"),
        "is RESTOCK_RECEIVER_URL right".to_owned(),
    ] {
        assert!(text.contains(&wrong), "{wrong:?} in\n{text}");
    }
}
