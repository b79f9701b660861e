//! `order-test`: one request through the real roles, and what is left when something is
//! missing or it is killed.

use crate::support::account::Account;
use crate::support::identity::Identity;
use crate::support::ledger::{new_arrival, sku};
use crate::support::reserved::Reserved;
use crate::support::rules;
use crate::support::shop::{Shop, in_shop};
use kube::Api;
use kube::api::ListParams;
use restock_operator::crd::factory::Factory;
use restock_operator::edge::store::arrivals::NewArrival;
use restock_operator::process::install_tls;
use secrecy::ExposeSecret;
use serde_json::json;
use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const SKU: &str = "RESTOCK-ORDER-TEST";

/// Longest wait for a line or for the end: every step of the test may wait for 30 s, on a
/// machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(120);

/// A test that runs.
struct Trial {
    child: Child,
    said: Arc<Mutex<String>>,
    _account: Account,
    _listen: Reserved,
}

impl Trial {
    async fn start(shop: &Shop) -> Self {
        Self::start_with(shop, &[]).await
    }

    /// With the account that docs/configuration.md grants the roles, and with these settings
    /// besides.
    async fn start_with(shop: &Shop, more: &[(&str, &str)]) -> Self {
        let account = Account::with_rights("pass", "SELECT, INSERT, UPDATE").await;
        let url = account.url(shop.ledger.schema.url().expose_secret(), "pass");
        let reserved = Reserved::new();
        let address = reserved.address.to_string();
        let settings = [
            ("RESTOCK_DATABASE_URL", url.as_str()),
            ("RESTOCK_NAMESPACE", &shop.place.namespace),
            ("RESTOCK_QUEUE_URL", shop.queue.url()),
            ("RESTOCK_ORDER_TEST_LISTEN", &address),
            (
                "RESTOCK_ORDER_TEST_URL",
                &format!("http://{address}/api/manufactures"),
            ),
            ("RESTOCK_ORDER_TEST_STEP_SECONDS", "30"),
        ];
        let mut child = Command::new(env!("CARGO_BIN_EXE_restock-operator"))
            .arg("order-test")
            .envs(settings)
            .envs(more.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary was built with this test");
        let said = Arc::new(Mutex::new(String::new()));
        listen(child.stdout.take().expect("it is piped"), said.clone());
        listen(child.stderr.take().expect("it is piped"), said.clone());
        Self {
            child,
            said,
            _account: account,
            _listen: reserved,
        }
    }

    /// Waits until it has said this.
    async fn says(&self, what: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.said.lock().unwrap().contains(what) {
            assert!(Instant::now() < until, "waited for {what:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// As the kernel does it.
    fn kill(mut self) {
        self.child.kill().expect("it still runs");
        self.child.wait().expect("it was started here");
    }

    /// Waits for its end: whether it succeeded, and what it said.
    async fn end(mut self) -> (bool, String) {
        let until = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it was started here") {
                break status;
            }
            assert!(Instant::now() < until, "waited for the end");
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        // The last lines are read by a thread of their own.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let said = self.said.lock().unwrap().clone();
        (status.success(), said)
    }
}

/// Keeps what it says, and shows it among the words of the test.
fn listen(stream: impl Read + Send + 'static, said: Arc<Mutex<String>>) {
    let lines = BufReader::new(stream).lines();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            println!("order test: {line}");
            *said.lock().unwrap() += &(line + "\n");
        }
    });
}

/// Nothing of any test is in the cluster, in the stock or at the real factory.
async fn nothing_is_left(shop: &Shop) {
    let (client, namespace) = (&shop.place.client, &shop.place.namespace);
    let factories: Api<Factory> = Api::namespaced(client.clone(), namespace);
    let factories = factories.list(&ListParams::default()).await.unwrap();
    assert_eq!(factories.items.len(), 1, "the shop's own");
    let requests = shop.requests().list(&ListParams::default()).await.unwrap();
    assert_eq!(requests.items, []);
    assert_eq!(shop.ledger.stock(SKU).await, 0);
    let mut url = reqwest::Url::parse(&std::env::var("FACTORY_URL").unwrap()).unwrap();
    url.set_path(&format!("/orders/{SKU}"));
    let orders = reqwest::get(url).await.unwrap().text().await.unwrap();
    assert_eq!(orders, "[]", "the real factory has no order of any test");
}

/// Adjustments of the test's product, without its opening.
async fn adjustments(shop: &Shop) -> Vec<i64> {
    let pool = shop.ledger.schema.pool().await;
    let query = "SELECT delta FROM adjustment WHERE sku = ? AND id NOT LIKE 'opening:%'";
    let deltas = sqlx::query_scalar(query).bind(SKU).fetch_all(&pool).await;
    pool.close().await;
    deltas.unwrap()
}

#[tokio::test]
async fn a_request_goes_through_the_roles_and_leaves_its_bookings() {
    in_shop(json!({}), |shop| async move {
        let _roles = [shop.ingest(), shop.controller(), shop.receiver()];
        let identity = Identity::with_rules("order-test", rules::of_order_test(), &shop.place);
        let identity = identity.await;
        let kubeconfig = identity.kubeconfig();
        let as_installed = [("KUBECONFIG", kubeconfig.as_str())];
        let trial = Trial::start_with(&shop, &as_installed).await;
        let (fine, said) = trial.end().await;
        assert!(fine, "{said}");
        for step in [
            "ledger: RESTOCK-ORDER-TEST is there, stock 0",
            "factory: order-test-",
            "message: sent to",
            "request: rr-",
            "order: came to",
            "callback: http://127.0.0.1:",
            "is Succeeded (Arrived)",
            "stock: rose from 0 to 1000000",
            "removed: requests: 1, Factories: 1",
            "booked back: 1000000, stock is 0",
        ] {
            assert!(said.contains(step), "{step:?} in\n{said}");
        }
        assert!(!said.contains("/v1/arrivals/"), "a token: {said}");
        nothing_is_left(&shop).await;
        let (fine, said) = Trial::start(&shop).await.end().await;
        assert!(fine, "again: {said}");
        nothing_is_left(&shop).await;
        assert_eq!(adjustments(&shop).await, [-1_000_000, -1_000_000]);
    })
    .await;
}

#[tokio::test]
async fn without_a_receiver_it_says_so_and_leaves_nothing() {
    in_shop(json!({}), |shop| async move {
        let _roles = [shop.ingest(), shop.controller()];
        let (fine, said) = Trial::start(&shop).await.end().await;
        assert!(!fine, "{said}");
        let why = "WRONG  callback: http://127.0.0.1:";
        assert!(
            said.contains(why) && said.contains("did not answer"),
            "{said}"
        );
        assert!(
            said.contains("removed: requests: 1, Factories: 1"),
            "{said}"
        );
        nothing_is_left(&shop).await;
    })
    .await;
}

#[tokio::test]
async fn without_an_ingest_or_a_controller_it_says_which() {
    in_shop(json!({}), |shop| async move {
        let hasty = [("RESTOCK_ORDER_TEST_STEP_SECONDS", "5")];
        let trial = Trial::start_with(&shop, &hasty).await;
        let (fine, said) = trial.end().await;
        assert!(!fine, "{said}");
        let why = "WRONG  factory: no controller said that it is ready within 5 s";
        assert!(said.contains(why), "{said}");
        nothing_is_left(&shop).await;

        let _controller = shop.controller();
        let (fine, said) = Trial::start_with(&shop, &hasty).await.end().await;
        assert!(!fine, "{said}");
        let why = "WRONG  request: none appeared within 5 s: look at ingest's log";
        assert!(said.contains(why), "{said}");
        nothing_is_left(&shop).await;

        // Its message is still there. What it becomes is no order, at no factory.
        let _ingest = shop.ingest();
        let request = shop.wait_for_all(1, restock_operator::crd::words::Phase::Failed);
        let request = request.await.remove(0);
        assert_eq!(crate::support::shop::reason(&request), "Invalid");
    })
    .await;
}

#[tokio::test]
async fn killed_at_any_step_the_next_run_removes_what_is_left() {
    in_shop(json!({}), |shop| async move {
        let trial = Trial::start(&shop).await;
        trial.says("ledger: ").await;
        // It waits for a controller, with its Factory made.
        tokio::time::sleep(Duration::from_secs(1)).await;
        trial.kill();
        let _controller = shop.controller();
        let trial = Trial::start(&shop).await;
        trial.says("left-overs: removed those of order-test-").await;
        trial.says("message: sent to").await;
        trial.kill();
        let _roles = [shop.ingest(), shop.receiver()];
        let trial = Trial::start(&shop).await;
        let (fine, said) = trial.end().await;
        assert!(fine, "{said}");
        assert!(
            said.contains("left-overs: removed those of order-test-"),
            "{said}"
        );
        nothing_is_left(&shop).await;
    })
    .await;
}

#[tokio::test]
async fn told_to_stop_it_cleans_up() {
    in_shop(json!({}), |shop| async move {
        let _controller = shop.controller();
        let trial = Trial::start(&shop).await;
        trial.says("message: sent to").await;
        let id = trial.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status();
        assert!(told.is_ok_and(|status| status.success()));
        let (fine, said) = trial.end().await;
        assert!(
            !fine && said.contains("WRONG  signal: told to stop"),
            "{said}"
        );
        nothing_is_left(&shop).await;
    })
    .await;
}

#[tokio::test]
async fn of_two_at_once_the_later_one_wins() {
    in_shop(json!({}), |shop| async move {
        let _controller = shop.controller();
        let first = Trial::start(&shop).await;
        first.says("message: sent to").await;
        let second = Trial::start(&shop).await;
        let (fine, said) = first.end().await;
        assert!(!fine && said.contains("another order test began"), "{said}");
        let _roles = [shop.ingest(), shop.receiver()];
        let (fine, said) = second.end().await;
        assert!(fine, "{said}");
        nothing_is_left(&shop).await;
    })
    .await;
}

#[tokio::test]
async fn goods_that_come_after_the_end_are_booked_back_by_the_next_run() {
    in_shop(json!({}), |shop| async move {
        let _roles = [shop.ingest(), shop.controller(), shop.receiver()];
        assert!(Trial::start(&shop).await.end().await.0);
        // As the inbox brings it when the ledger is back.
        let late = NewArrival {
            sku: sku(SKU),
            ..new_arrival("latelatelatelatelate", 1)
        };
        let within = Duration::from_secs(2);
        shop.ledger.record_arrival(&late, within).await.unwrap();
        assert_eq!(shop.ledger.stock(SKU).await, 3);
        let (fine, said) = Trial::start(&shop).await.end().await;
        assert!(fine, "{said}");
        assert!(
            said.contains("left-overs: booked back 3 that came late"),
            "{said}"
        );
        nothing_is_left(&shop).await;
        let mut deltas = adjustments(&shop).await;
        deltas.sort_unstable();
        assert_eq!(deltas, [-1_000_000, -1_000_000, -3]);
    })
    .await;
}

#[tokio::test]
async fn a_mapping_that_reads_it_otherwise_keeps_it_from_being_sent() {
    install_tls();
    in_shop(json!({}), |shop| async move {
        let path = format!(
            "{}/{}-mapping",
            std::env::temp_dir().display(),
            shop.place.namespace
        );
        std::fs::write(&path, "productId: body.detail.product.uuid\n").unwrap();
        let trial = Trial::start_with(&shop, &[("RESTOCK_MAPPING_FILE", &path)]).await;
        let (fine, said) = trial.end().await;
        std::fs::remove_file(&path).unwrap();
        assert!(!fine && said.contains("WRONG  mapping: "), "{said}");
        assert!(!said.contains("removed"), "nothing was made: {said}");
        let queue = shop.queue.attributes().await.unwrap();
        assert_eq!(queue.messages_visible, 0);
    })
    .await;
}
