//! A shop on the cluster: queues, topics, ledger and factory of its own, reached by pods
//! through ways of this machine, and the operator installed by helm.
#![allow(dead_code, reason = "each test file uses its part of it")]

use super::accounts::Accounts;
use super::factory::Factory;
use super::place::{Place, eventually, in_namespace};
use crate::support::inbox::Inbox;
use crate::support::ledger::{Ledger, Schema, declaration};
use crate::support::proxy::Proxy;
use crate::support::stock_queue::{StockQueue, attributes, with_queues};
use kube::Api;
use kube::api::ListParams;
use restock_operator::crd::request::RestockRequest;
use restock_operator::crd::words::Phase;
use restock_operator::edge::sqs::Queue;
use restock_operator::edge::store::Store;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Name of the release, as in the documents.
pub(crate) const RELEASE: &str = "restock";

/// The product of every message.
pub(crate) const SKU: &str = "CP-502101";

/// Five receives, as the documents recommend.
const RECEIVES_MAX: u32 = 5;

/// A request has its goods some 3 s after its message; many at once, on a machine that
/// starts pods meanwhile, take longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Until every pod is ready.
pub(crate) const WAIT: [&str; 3] = ["--wait", "--timeout", "4m"];

/// The shop.
pub(crate) struct Installation {
    pub(crate) place: Arc<Place>,
    pub(crate) queues: Arc<StockQueue>,
    pub(crate) ledger: Ledger,
    pub(crate) factory: Factory,
    pub(crate) mailbox: Queue,
    operations: String,
    inbox: (Inbox, Inbox),
    accounts: Accounts,
    pub(crate) database: Proxy,
    aws: Proxy,
}

/// Runs a test with a shop of its own, without the operator yet.
pub(crate) async fn with_shop<F: Future<Output = ()>>(test: impl FnOnce(Arc<Installation>) -> F) {
    in_namespace(|place| async {
        let name = place.namespace.clone();
        with_queues(&name, RECEIVES_MAX, |queues| async {
            let shop = Arc::new(Installation::prepare(place, queues).await);
            test(shop).await;
        })
        .await;
    })
    .await;
}

impl Installation {
    async fn prepare(place: Arc<Place>, queues: Arc<StockQueue>) -> Self {
        queues.admit_topic().await;
        let schema = Schema::create().await;
        let (server, port) = schema.server();
        let database = Proxy::at(place.host, format!("{server}:{port}")).await;
        let endpoint = std::env::var("AWS_ENDPOINT_URL").unwrap();
        let aws = Proxy::at(place.host, endpoint.replace("http://", "")).await;
        let store = Store::connect(&schema.url(), 4).unwrap();
        let (operations, mailbox) = queues.mailbox().await;
        let factory = Factory::start(&place).await;
        let shop = Self {
            accounts: Accounts::create(&schema).await,
            ledger: Ledger { store, schema },
            inbox: Inbox::as_documented().await,
            place,
            queues,
            factory,
            mailbox,
            operations,
            database,
            aws,
        };
        shop.make_secrets().await;
        shop
    }

    async fn make_secrets(&self) {
        let url = self.ledger.schema.url_by(self.database.address);
        let secrets = self.accounts.secrets(url.expose_secret());
        self.place.apply(&secrets.to_string()).await;
    }

    /// The second part of the grants of the documents: once the tables are there.
    pub(crate) async fn grant_tables(&self) {
        self.accounts.grant_tables(&self.ledger.schema).await;
    }

    /// How the roles reach AWS here, in the place of IRSA or Pod Identity.
    pub(crate) fn aws_settings(&self) -> Value {
        json!({ "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local" })
    }

    /// The local AWS, as the pods see it.
    pub(crate) fn aws_endpoint(&self) -> String {
        format!("http://{}", self.aws.address)
    }

    /// Where the factory calls back: the Service of the receivers.
    pub(crate) fn callback_url(&self, service: &str) -> String {
        format!(
            "http://{service}.{}.svc.cluster.local",
            self.place.namespace
        )
    }

    /// ARN of the operations team's topic.
    pub(crate) fn operations(&self) -> &str {
        &self.operations
    }

    /// URL of the callback inbox.
    pub(crate) fn inbox(&self) -> &str {
        &self.inbox.0.url
    }

    /// Values as a person would write them.
    pub(crate) fn values(&self) -> Value {
        let settings = self.aws_settings();
        json!({
            "image": { "tag": "dev", "pullPolicy": "Never" },
            "aws": { "region": "us-east-1", "endpointUrl": self.aws_endpoint() },
            "callback": { "url": self.callback_url("restock-restock-operator-receiver") },
            "notices": { "topicArn": self.operations },
            "stockTopicArn": self.queues.topic_arn(),
            "factories": { "legacy": {
                "url": Factory::url(&self.place), "allowInsecure": true, "default": true,
                "ordersPerSecond": 50, "burst": 50, "maxInFlight": 500,
            } },
            "controller": { "settings": settings },
            "ingest": { "queueUrl": self.queues.queue.url(), "settings": settings },
            "receiver": { "inboxUrl": self.inbox(), "settings": settings },
            "dlq": { "queueUrl": self.queues.dead.url(), "settings": settings },
        })
    }

    /// The values of the roles that sell. Their accounts need tables: they come by an upgrade.
    pub(crate) fn add_sales(&self, values: &mut Value) {
        values["sales"] = json!({ "enabled": true });
        values["relay"] = json!({ "enabled": true, "settings": self.aws_settings() });
    }

    /// `helm install` or `helm upgrade` with these values, until every pod is ready.
    pub(crate) async fn helm(&self, verb: &str, values: &Value) -> String {
        self.run_helm(verb, values, &WAIT).await
    }

    /// The same, without waiting for any pod.
    pub(crate) async fn start(&self, verb: &str, values: &Value) {
        self.run_helm(verb, values, &[]).await;
    }

    /// The same, with these arguments more.
    pub(crate) async fn run_helm(&self, verb: &str, values: &Value, more: &[&str]) -> String {
        let file = std::env::temp_dir().join(format!("{}-values.json", self.place.namespace));
        std::fs::write(&file, values.to_string()).unwrap();
        let path = file.display().to_string();
        let chart = "charts/restock-operator";
        let arguments = [verb, RELEASE, chart, "--values", &path];
        let said = self
            .place
            .tried_helm(&[&arguments[..], more].concat())
            .await;
        std::fs::remove_file(&file).unwrap();
        let said = said.unwrap_or_else(|why| panic!("helm {verb}: {why}"));
        // It has migrated, whether or not it waited for the roles.
        self.grant_tables().await;
        said
    }

    /// The one product, of which nothing is left.
    pub(crate) async fn sell_out(&self) {
        let products = [declaration(SKU, 0)];
        self.ledger.store.apply_products(&products).await.unwrap();
    }

    /// The shop's message about it, through the topic. The factory reads `requester`.
    pub(crate) async fn message(&self, event: &str, quantity: u32, requester: &str) {
        let quantity = quantity.to_string();
        let attributes = attributes(&[
            ("EventId", event),
            ("MessageAttributeProductId", SKU),
            ("MessageAttributeProductCnt", &quantity),
            ("MessageAttributeRequester", requester),
        ]);
        self.queues.publish("sold out", &attributes).await;
    }

    /// All requests.
    pub(crate) async fn requests(&self) -> Vec<RestockRequest> {
        let client = self.place.client.clone();
        let api: Api<RestockRequest> = Api::namespaced(client, &self.place.namespace);
        api.list(&ListParams::default()).await.unwrap().items
    }

    /// Waits, for that long, until there are so many requests and none is under way.
    pub(crate) async fn all_ended(&self, count: usize, limit: Duration) -> Vec<RestockRequest> {
        eventually(&format!("{count} requests to end"), limit, || async {
            let (all, over) = self.over().await;
            match (all, over.len()) == (count, count) {
                true => Ok(over),
                false => Err(format!("{} over of {all}", over.len())),
            }
        })
        .await
    }

    /// Waits until so many requests ended in this phase, and none is under way.
    pub(crate) async fn ended(&self, phase: Phase, count: usize) {
        let what = format!("{count} {phase:?}");
        eventually(&what, PATIENCE, || async {
            let (all, over) = self.over().await;
            let found = over
                .iter()
                .filter(|one| phase_of(one) == Some(phase))
                .count();
            match (all, found) == (over.len(), count) {
                true => Ok(()),
                false => Err(format!("{found} of them, {} over of {all}", over.len())),
            }
        })
        .await;
    }

    /// How many requests there are, and those that are not under way.
    async fn over(&self) -> (usize, Vec<RestockRequest>) {
        let mut requests = self.requests().await;
        let all = requests.len();
        requests.retain(|one| one.status.as_ref().is_some_and(|status| status.finished));
        (all, requests)
    }

    /// The stock of the product; checks that the books add up.
    pub(crate) async fn stock(&self) -> i64 {
        self.ledger.stock(SKU).await
    }

    /// Waits for a notice with these words in it.
    pub(crate) async fn notice(&self, words: &str) {
        eventually(words, PATIENCE, || async {
            let received = self.mailbox.receive(10, Duration::from_secs(1), None).await;
            let received = received.unwrap();
            for message in &received {
                self.mailbox
                    .delete_batch(&[&message.receipt])
                    .await
                    .unwrap();
            }
            let bodies: Vec<_> = received.iter().map(|message| &message.body).collect();
            match bodies.iter().any(|body| body.contains(words)) {
                true => Ok(()),
                false => Err(format!("{bodies:?}")),
            }
        })
        .await;
    }
}

/// Where a request stands.
pub(crate) fn phase_of(object: &RestockRequest) -> Option<Phase> {
    object.status.as_ref().map(|status| status.phase)
}
